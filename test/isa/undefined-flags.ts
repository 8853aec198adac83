import { IMMEDIATE, type Instruction } from '../../recorder/machine/cpu/decode/decoder.ts';
import { AF, ARITHMETIC, CF, OF, PF, SF, ZF } from '../../recorder/machine/cpu/flags.ts';

/** The effects of an instruction to the six arithmetic flags. A flag in neither mask keeps its value. */
export interface FlagEffects {
  readonly defines: number;
  readonly undefines: number;
}

const NONE: FlagEffects = { defines: 0, undefines: 0 };
const effects = (defines: number, undefines = 0): FlagEffects => ({ defines, undefines });

/** "Flags Affected" of each instruction (80386 Programmer's Reference, chapter 17; SDM volume 2). */
const EFFECTS: Record<string, FlagEffects> = {
  ...same(['add', 'adc', 'sub', 'sbb', 'cmp', 'neg', 'xadd', 'cmpxchg', 'cmps', 'scas'], effects(ARITHMETIC)),
  ...same(['and', 'or', 'xor', 'test'], effects(ARITHMETIC & ~AF, AF)),
  ...same(['inc', 'dec'], effects(ARITHMETIC & ~CF)),
  ...same(['mul', 'imul'], effects(CF | OF, SF | ZF | AF | PF)),
  ...same(['div', 'idiv'], effects(0, ARITHMETIC)),
  ...same(['daa', 'das'], effects(ARITHMETIC & ~OF, OF)),
  ...same(['aaa', 'aas'], effects(AF | CF, OF | SF | ZF | PF)),
  ...same(['aam', 'aad'], effects(SF | ZF | PF, OF | AF | CF)),
  ...same(['bt', 'bts', 'btr', 'btc'], effects(CF, OF | SF | AF | PF)),
  ...same(['bsf', 'bsr'], effects(ZF, ARITHMETIC & ~ZF)),
  ...same(['lar', 'lsl', 'verr', 'verw', 'arpl', 'cmpxchg8b'], effects(ZF)),
  ...same(['clc', 'stc', 'cmc'], effects(CF)),
  sahf: effects(ARITHMETIC & ~OF),
  ...same(['popf', 'iret', 'fcomi', 'fcomip', 'fucomi', 'fucomip'], effects(ARITHMETIC)),
};

function same(mnemonics: readonly string[], all: FlagEffects): Record<string, FlagEffects> {
  return Object.fromEntries(mnemonics.map((mnemonic) => [mnemonic, all]));
}

const ROTATES = new Set(['rol', 'ror', 'rcl', 'rcr']);
const SHIFTS = new Set(['shl', 'shr', 'sar']);
const DOUBLE_SHIFTS = new Set(['shld', 'shrd']);

/** `cl` is CL before the instruction, if that is known: shifts by CL depend on it. */
export function flagEffects(insn: Instruction, cl?: number): FlagEffects {
  const { mnemonic, operands } = insn;
  const shifts = SHIFTS.has(mnemonic);
  if (shifts || ROTATES.has(mnemonic) || DOUBLE_SHIFTS.has(mnemonic)) {
    const by = operands[operands.length - 1];
    const count = by.kind === IMMEDIATE ? by.value & 31 : cl === undefined ? undefined : cl & 31;
    return ofShift(mnemonic, operands[0].size * 8, count);
  }
  // With a repeat prefix and a count of 0 nothing is compared.
  if (insn.repeat !== 0 && (mnemonic === 'cmps' || mnemonic === 'scas')) return NONE;
  return EFFECTS[mnemonic] ?? NONE;
}

/** An unknown count may be 0, which changes nothing. */
function ofShift(mnemonic: string, width: number, count: number | undefined): FlagEffects {
  if (count === 0) return NONE;
  if (count === undefined) {
    const may = ROTATES.has(mnemonic) ? OF : OF | AF | (width < 32 && mnemonic !== 'sar' ? CF : 0);
    return effects(0, DOUBLE_SHIFTS.has(mnemonic) && width < 32 ? ARITHMETIC : may);
  }
  const overflow = count === 1 ? 0 : OF;
  if (ROTATES.has(mnemonic)) return effects((CF | OF) & ~overflow, overflow);
  if (DOUBLE_SHIFTS.has(mnemonic) && count > width) return effects(0, ARITHMETIC);
  const carry = mnemonic !== 'sar' && count > width ? CF : 0;
  const undefines = AF | overflow | carry;
  return effects(ARITHMETIC & ~undefines, undefines);
}

/** Conditions 0-15 in pairs (80386 Programmer's Reference, appendix D). */
const CONDITION_READS = [OF, CF, ZF, CF | ZF, SF, PF, SF | OF, SF | OF | ZF];
const READS: Record<string, number> = {
  adc: CF,
  sbb: CF,
  rcl: CF,
  rcr: CF,
  cmc: CF,
  salc: CF,
  lahf: ARITHMETIC & ~OF,
  pushf: ARITHMETIC,
  daa: AF | CF,
  das: AF | CF,
  aaa: AF,
  aas: AF,
  into: OF,
  loope: ZF,
  loopne: ZF,
};
/** FCMOVcc (SDM volume 2). */
const MOVES_IF: Record<string, number> = { b: CF, e: ZF, be: CF | ZF, u: PF };
const CONDITIONAL = /^(j|set|cmov)(o|no|b|ae|e|ne|be|a|s|ns|p|np|l|ge|le|g)$/;

/** The arithmetic flags that decide what an instruction does. */
export function flagsRead(insn: Instruction): number {
  if (CONDITIONAL.test(insn.mnemonic)) return CONDITION_READS[insn.condition >>> 1];
  const moves = /^fcmovn?(b|e|be|u)$/.exec(insn.mnemonic);
  return moves ? MOVES_IF[moves[1]] : (READS[insn.mnemonic] ?? 0);
}
