import { describe, expect, it } from 'vitest';
import { CR0_EM } from '../../recorder/machine/control-registers.ts';
import { CR4, DR, DS, EAX, EDI, EDX, ES, ESI, ESP, IDT_BASE } from '../../recorder/machine/cpu/state.ts';
import type { CpuFeature } from '../../schemas/trace/processor-name.ts';
import type { BenchOptions } from './bench.ts';
import { ALL_ENCODINGS, type Encoding, isFloating } from './differential/encodings.ts';
import { asNew, type ProtectedMode, USER_DATA } from './protected-mode.ts';
import { CODE } from './real-mode.ts';

/**
 * Which exception an instruction raises when it deserves several, for every row of the opcode table in every mode. The order is
 * that of the manual (SDM volume 3, table 6-2; 80386 PRM, 9.6 and the exceptions of each instruction in chapter 17): first #UD, by the
 * encoding, LOCK or the mode; then #NM; then #GP by privilege or IOPL; and only then operands are reached. Here they lie in an absent
 * page, so that reaching one is a page fault (in real mode, which has no pages, they lie beyond the limit).
 */

const [DEBUG, INVALID, NO_DEVICE, STACK, PROTECTION, PAGE] = [1, 6, 7, 12, 13, 14];
const NOTHING = -1;

/** An absent page, and where it begins as seen by DS and ES in virtual-8086 mode. */
const ABSENT = 0x9000;
const OFFSET_86 = 0x8000;

/** Not recognised in real and virtual-8086 mode (80386 PRM, 14.4 and 15.2). */
const PROTECTED_ONLY = new Set(['sldt', 'str', 'lldt', 'ltr', 'verr', 'verw', 'lar', 'lsl', 'arpl']);
/** For privilege 0 (80386 PRM, 6.3.4). */
const PRIVILEGED = new Set([
  ...['lldt', 'ltr', 'lgdt', 'lidt', 'lmsw', 'clts', 'hlt', 'invd', 'wbinvd', 'invlpg', 'rdmsr', 'wrmsr'],
]);
/** Guarded by IOPL, or the I/O permission map (8.3): here IOPL is 0 and the map refuses all. */
const BY_IOPL = new Set(['in', 'out', 'ins', 'outs', 'cli', 'sti']);
/** By IOPL in virtual-8086 mode alone (15.3.2). */
const BY_IOPL_86 = new Set(['pushf', 'popf', 'int', 'iret']);
/** Have an operand in memory, and leave it alone. */
const ADDRESS_ALONE = new Set(['lea', 'nop', 'invlpg']);

type Mode = 'real' | 'virtual-8086' | 'privilege 0' | 'privilege 3';
const MODES: readonly Mode[] = ['real', 'virtual-8086', 'privilege 0', 'privilege 3'];

const isSpecialMove = ({ opcode }: Encoding) => opcode.operands.some((operand) => /^[CDT]d$/.test(operand));
const reaches = ({ opcode, register }: Encoding) =>
  register === undefined && opcode.operands.some((operand) => /^[EMOXY][a-z]$/.test(operand));
const takesMemoryOnly = ({ opcode }: Encoding) => opcode.operands.some((operand) => /^M/.test(operand));

/** The instruction with its operand in memory, if it has one, by 16- or 32-bit addresses. */
function bytesOf({ bytes, modrm, group, opcode, register }: Encoding, wide: boolean, reg = 0): number[] {
  const address = wide ? [ABSENT & 0xff, ABSENT >> 8, 0, 0] : [OFFSET_86 & 0xff, OFFSET_86 >> 8];
  const field = group >= 0 ? group : reg;
  if (opcode.operands.some((operand) => operand[0] === 'O')) return [...bytes, ...address];
  if (!modrm) return [...bytes];
  if (register !== undefined) return [...bytes, register];
  return [...bytes, (field << 3) | (wide ? 5 : 6), ...address];
}

/** The machine in `mode`, about to execute `code` with an index into the absent page. */
function inMode(
  mode: Mode,
  code: readonly number[],
  options: BenchOptions = { model: 'pentiumpro' },
): ProtectedMode {
  const bench = asNew(options);
  bench.pokeBytes(CODE, [...code, 0, 0, 0, 0, 0, 0]);
  if (mode === 'real') {
    realMode(bench);
  } else {
    bench.paging();
    bench.poke32(0x21000 + (ABSENT >> 10), 0);
    if (mode === 'virtual-8086') bench.virtual86();
    else if (mode === 'privilege 3') {
      bench.user();
      for (const segment of [ES, DS]) bench.cpu.setSegment(segment, USER_DATA, 0, -1, 0xc0f300);
    } else bench.cpu.eip = CODE;
  }
  const index = mode === 'virtual-8086' || mode === 'real' ? OFFSET_86 : ABSENT;
  bench.cpu.setRegister(ESI, index);
  bench.cpu.setRegister(EDI, index);
  return bench;
}

/** Segments of real mode at 0, of which DS and ES hold nothing. */
function realMode(bench: ProtectedMode): void {
  bench.mmu.setCr0(0x10);
  for (let segment = 0; segment < 6; segment++)
    bench.cpu.setSegment(segment, 0, 0, segment === 0 || segment === 3 ? 0xff : 0xffff, 0x9300);
  for (let vector = 0; vector < 32; vector++) bench.poke32(vector * 4, 0x8000 + vector * 4);
  bench.mem.i32.set([0, 0x3ff], IDT_BASE);
  bench.cpu.setRegister(ESP, 0x7000);
  bench.cpu.eip = CODE;
}

/** Test registers, a SYSENTER that works, UMOV. */
const NOT_OF_A_PENTIUM_PRO = new Set<CpuFeature | undefined>(['tr', 'sep', 'umov']);

const step = (bench: ProtectedMode): number => {
  bench.step();
  return bench.vector;
};

/** The exception that the manual's order makes of a row in a mode; undefined where nothing is in question. */
function right(encoding: Encoding, mode: Mode): number | undefined {
  const { mnemonic } = encoding.opcode;
  const outer = mode === 'virtual-8086' || mode === 'privilege 3';
  const noSelectors = mode === 'real' || mode === 'virtual-8086';
  if (mnemonic === 'ud2' || NOT_OF_A_PENTIUM_PRO.has(encoding.opcode.needs)) return INVALID;
  if (noSelectors && PROTECTED_ONLY.has(mnemonic)) return INVALID;
  if (outer && (PRIVILEGED.has(mnemonic) || isSpecialMove(encoding))) return PROTECTION;
  if (outer && BY_IOPL.has(mnemonic)) return PROTECTION;
  if (mode === 'virtual-8086' && BY_IOPL_86.has(mnemonic)) return PROTECTION;
  if (!reaches(encoding)) return undefined;
  if (ADDRESS_ALONE.has(mnemonic)) return NOTHING;
  return mode === 'real' ? PROTECTION : PAGE;
}

const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

describe.each(MODES)('%s', (mode) => {
  const wide = mode === 'privilege 0' || mode === 'privilege 3';

  it('raises the first of what every row of the opcode table deserves', () => {
    const found: string[] = [];
    let compared = 0;
    for (const encoding of ALL_ENCODINGS) {
      const wanted = right(encoding, mode);
      if (wanted === undefined) continue;
      const code = bytesOf(encoding, wide);
      const got = step(inMode(mode, code));
      compared++;
      if (got !== wanted) found.push(`${encoding.opcode.mnemonic} (${hex(code)}): ${got}, not ${wanted}`);
    }
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });

  it('knows no LOCK but before an operand in memory that is changed', () => {
    const found: string[] = [];
    for (const encoding of ALL_ENCODINGS) {
      if (!reaches(encoding) || PROTECTED_ONLY.has(encoding.opcode.mnemonic)) continue;
      const code = [0xf0, ...bytesOf(encoding, wide)];
      const lockable = encoding.opcode.lockable && /^[EM]/.test(encoding.opcode.operands[0]);
      const wanted = lockable ? (mode === 'real' ? PROTECTION : PAGE) : INVALID;
      const got = step(inMode(mode, code));
      if (got !== wanted)
        found.push(`lock ${encoding.opcode.mnemonic} (${hex(code)}): ${got}, not ${wanted}`);
    }
    expect(found).toEqual([]);
  });

  it('knows no register where an address must be', () => {
    const found: string[] = [];
    for (const encoding of ALL_ENCODINGS.filter(takesMemoryOnly)) {
      if (isFloating(encoding)) continue;
      const code = [...encoding.bytes, 0xc0 | (Math.max(encoding.group, 0) << 3)];
      const got = step(inMode(mode, code));
      if (got !== INVALID) found.push(`${encoding.opcode.mnemonic} (${hex(code)}): ${got}`);
    }
    expect(found).toEqual([]);
  });

  it('has no device for any x87 instruction while CR0.EM is set', () => {
    const found: string[] = [];
    for (const encoding of ALL_ENCODINGS.filter(isFloating)) {
      const bench = inMode(mode, bytesOf(encoding, wide));
      bench.mmu.setCr0(bench.cpu.cr0 | CR0_EM);
      const got = step(bench);
      if (got !== NO_DEVICE) found.push(`${encoding.opcode.mnemonic}: ${got}`);
    }
    expect(found).toEqual([]);
  });

  it.each([
    ['mov cs, m', 1],
    ['mov to a segment register that is none', 6],
    ['mov to another', 7],
  ])('%s is #UD before its operand is read', (_, reg) => {
    const encoding = ALL_ENCODINGS.find(({ bytes }) => bytes.length === 1 && bytes[0] === 0x8e) as Encoding;
    expect(step(inMode(mode, bytesOf(encoding, wide, reg)))).toBe(INVALID);
  });

  it.each([0x0f20, 0x0f22])(
    'MOV to and from control registers that are none (%i) is #UD at any privilege',
    (opcode) => {
      for (const reg of [1, 5, 6, 7]) {
        const code = [opcode >> 8, opcode & 0xff, 0xc0 | (reg << 3)];
        expect(step(inMode(mode, code))).toBe(INVALID);
      }
      expect(step(inMode(mode, [0x0f, opcode & 0xff, 0xe0], { model: '486' }))).toBe(INVALID);
    },
  );

  it.each([0x21, 0x23])(
    'MOV to and from DR4 and DR5 (0F %i) is #UD with CR4.DE, then #GP, then #DB',
    (opcode) => {
      const outcome = (reg: number, extensions: boolean, guarded: boolean): number => {
        const bench = inMode(mode, [0x0f, opcode, 0xc0 | (reg << 3)]);
        bench.mem.i32[CR4] |= extensions ? 8 : 0;
        bench.mem.i32[DR + 7] |= guarded ? 0x2000 : 0;
        bench.mem.i32[EAX] = 0;
        return step(bench);
      };
      const outer = mode === 'virtual-8086' || mode === 'privilege 3';
      for (const reg of [4, 5]) expect(outcome(reg, true, true)).toBe(INVALID);
      for (const reg of [0, 6]) expect(outcome(reg, true, true)).toBe(outer ? PROTECTION : DEBUG);
      expect(outcome(4, false, false)).toBe(outer ? PROTECTION : NOTHING);
    },
  );
});

describe('instructions of IOPL in virtual-8086 mode', () => {
  it.each([
    ['popf', [0x9d]],
    ['popfd', [0x66, 0x9d]],
    ['iret', [0xcf]],
    ['iretd', [0x66, 0xcf]],
    ['pushf', [0x9c]],
    ['int 40h', [0xcd, 0x40]],
  ])('%s is #GP before the stack is reached', (_, code) => {
    const outcome = (iopl: number, revision = 2): number => {
      const bench = inMode('virtual-8086', code, { model: '386', revision });
      bench.cpu.eflags = 0x20002 | (iopl << 12);
      // SS is 0: a stack in the absent page.
      bench.cpu.setRegister(ESP, ABSENT + 0x100);
      return step(bench);
    };
    expect(outcome(0)).toBe(PROTECTION);
    if (code.at(-1) === 0x9d || code.at(-1) === 0xcf) {
      expect(outcome(3)).toBe(PAGE);
      expect(outcome(0, 1)).toBe(PAGE);
    }
  });
});

describe('an old machine', () => {
  const old = { model: 'pentiumpro', revision: 1 };
  it('reads the operand of MOV CS first, and those of LAR, LSL, VERR and VERW where there are no selectors', () => {
    expect(step(inMode('privilege 0', [0x8e, 0x0d, 0, 0x90, 0, 0], old))).toBe(PAGE);
    for (const code of [
      [0x0f, 0x02, 0x06, 0, 0x80],
      [0x0f, 0x03, 0x06, 0, 0x80],
      [0x0f, 0x00, 0x26, 0, 0x80],
      [0x0f, 0x00, 0x2e, 0, 0x80],
    ])
      expect(step(inMode('virtual-8086', code, old))).toBe(PAGE);
  });
});

describe('operands', () => {
  it.each([
    ['a segment limit before a page', 'a1 00 90 00 00', PROTECTION],
    ['a stack limit before a page', '36 a1 00 90 00 00', STACK],
  ])('%s', (_, code, vector) => {
    const bench = inMode(
      'privilege 0',
      code.split(' ').map((byte) => Number.parseInt(byte, 16)),
    );
    for (const segment of [2, 3]) bench.cpu.setSegment(segment, 0x10, 0, 0x8fff, 0x409300);
    bench.cpu.setRegister(EDX, 0);
    expect(step(bench)).toBe(vector);
  });
});
