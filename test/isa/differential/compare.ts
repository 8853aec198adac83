import { Decoder, type Instruction } from '../../../recorder/machine/cpu/decode/decoder.ts';
import { AC, AF, ARITHMETIC, CF, DF, ID, NT, OF, PF, SF, ZF } from '../../../recorder/machine/cpu/flags.ts';
import { LONGEST } from '../../../recorder/machine/cpu/fpu/operands.ts';
import { ESP } from '../../../recorder/machine/cpu/state.ts';
import { GENERAL_REGISTERS } from '../../../schemas/registers.ts';
import { type Case, type Outcome, STOPPED, SYSTEM_CALL, TIMED_OUT, undefinedAtEnd } from './case.ts';
import { isReserved, USER_CODE, USER_DATA } from './memory-map.ts';

/** REP CMPS and SCAS that fault: Intel's put the flags back (SDM volume 2, REP), AMD's do not. */
const COMPARES = new Set(['cmps', 'scas']);
const SPLIT_STORES = new Set(['fstp', 'fbstp']);
/** Bytes of a number of 80 bits. */
const LONG_STORE = 10;
const PUSHES_SEVERAL = new Set(['enter', 'pusha']);
const FPU_NAMES = [
  'status and control word',
  'empty registers',
  ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => ['low', 'high', 'exponent'].map((part) => `st(${n}) ${part}`)),
];
const SELECTORS = ['ds', 'es', 'fs', 'gs', 'ss'];
const BREAKPOINT = 3;
const BOUNDS = 5;
const INVALID_TSS = 10;
const STACK_FAULT = 12;
const GENERAL_PROTECTION = 13;
const PAGE_FAULT = 14;
const ALIGNMENT_CHECK = 17;
/** Flags that user code can see and change, without those that the comparison is not about. */
const VISIBLE = ARITHMETIC | DF | NT | AC | ID;
const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [CF, 'CF'],
  [PF, 'PF'],
  [AF, 'AF'],
  [ZF, 'ZF'],
  [SF, 'SF'],
  [OF, 'OF'],
  [DF, 'DF'],
  [NT, 'NT'],
  [AC, 'AC'],
  [ID, 'ID'],
];
/** Error code of a page fault: bit 4, an instruction fetch, comes with PAE and NX (SDM volume 3, 4.7). */
const ERROR_MASK = ~0x10;

/** The reason that an outcome cannot be compared; undefined if it can. */
export function incomparable(one: Case, host: Outcome, guest: Outcome): string | undefined {
  if (host.vector === SYSTEM_CALL) return 'a system call';
  if (host.vector === TIMED_OUT || guest.vector === STOPPED) return 'does not end';
  if (guest.vector === PAGE_FAULT && isReserved(guest.cr2)) return "reaches the runner's own memory";
  if (isReserved(guest.eip) || isReserved(host.eip)) return "reaches the runner's own memory";
  if (guest.vector === INVALID_TSS) return 'IRET to another task: #GP in long mode (SDM volume 2, IRET)';
  if (host.selectors.some(ofHost) || (guest.vector === GENERAL_PROTECTION && ofHost(guest.error)))
    return "a descriptor of the host's own";
  if (wanders(one, host) || wanders(one, guest)) return 'runs outside its code';
  const at = instructionAt(one, host.eip);
  const elsewhere = host.vector !== guest.vector || host.eip !== guest.eip;
  if (at !== null && at.repeat !== 0 && PORT_STRINGS.has(at.mnemonic) && elsewhere)
    return 'REP INS and OUTS of no iteration: this host asks for the privilege first (17, REP: nothing is done)';
  const over = [host, guest].some(({ changes }) => changes.some(([to]) => inCode(one, to)));
  if (at !== null && at.repeat !== 0 && REPEATS.has(at.mnemonic) && over)
    return 'a repeated instruction over its own code: when it is fetched again is not said';
  if (at !== null && at.mnemonic === 'bound' && host.vector === BOUNDS && guest.vector >= STACK_FAULT)
    return 'BOUND below a lower bound, and no page for the upper: which comes first is not said';
  const differ = host.vector !== guest.vector || host.cr2 !== guest.cr2;
  if (
    at !== null &&
    READ_TWICE.has(at.mnemonic) &&
    host.vector >= STACK_FAULT &&
    guest.vector >= STACK_FAULT &&
    differ
  )
    return 'several bad addresses in one instruction: which faults is not said';
  // In flat segments a limit fault is that of such an operand.
  const misaligned = host.vector === ALIGNMENT_CHECK && isLimitFault(guest);
  if (wraps(host, guest) || wraps(guest, host) || misaligned)
    return 'runs over the end of a 4 GB segment: "may or may not" fault (SDM volume 3, 5.3)';
  if (!one.selfModifying && [host, guest].some(({ changes }) => changes.some(([at]) => inCode(one, at))))
    return 'changes its own code';
  return undefined;
}

const isLimitFault = ({ vector, error }: Outcome): boolean =>
  (vector === GENERAL_PROTECTION || vector === STACK_FAULT) && error === 0;

/** A limit fault in one processor, a page fault at the very end or start of memory in the other. */
const wraps = (limit: Outcome, page: Outcome): boolean =>
  isLimitFault(limit) && page.vector === PAGE_FAULT && (page.cr2 + LONGEST) >>> 0 < 2 * LONGEST;

const inCode = ({ address, code }: Case, at: number): boolean => {
  const from = (at >>> 0) - address;
  return from > -4 && from < code.length;
};

/** Null with an RPL: the host's kernel handled an interrupt, and its IRET made the selector 0 (SDM volume 2, IRET). */
const clearedByInterrupt = (guest: number, host: number): boolean => host === 0 && guest < 4;

const ENVIRONMENTS = new Set(['fldenv', 'fnstenv', 'frstor', 'fnsave']);
const REPEATS = new Set(['movs', 'stos']);
const READ_TWICE = new Set(['cmps', 'iret', 'retf']);
/** Between null and the end of Linux's table lie descriptors that the machine's table does not have. */
const ofHost = (selector: number): boolean =>
  selector >= 8 &&
  selector < 0x80 &&
  (selector & ~7) !== (USER_CODE & ~7) &&
  (selector & ~7) !== (USER_DATA & ~7);
/** It jumped into data and executed that: which flags are undefined is not known there. */
const wanders = ({ address, code }: Case, { eip, vector, cr2 }: Outcome): boolean => {
  const at = (eip - address) | 0;
  return (at < 0 || at > code.length) && !(vector === PAGE_FAULT && eip === cr2);
};
const PORT_STRINGS = new Set(['ins', 'outs']);
const decoder = new Decoder();

/** The instruction of the case at `eip`, as it was before any change. */
function instructionAt({ address, code }: Case, eip: number): Instruction | null {
  let at = (eip - address) | 0;
  if (at < 0 || at >= code.length) return null;
  const insn = decoder.decode(() => code[at++] ?? 0, true);
  return typeof insn === 'string' ? null : insn;
}

const faultingMnemonic = (one: Case, eip: number): string => instructionAt(one, eip)?.mnemonic ?? '';

const hex = (value: number): string => (value >>> 0).toString(16);

/** The differences, in words; empty when nothing does. */
export function differences(one: Case, host: Outcome, guest: Outcome): string[] {
  const found: string[] = [];
  const compare = (what: string, got: number, want: number) => {
    if (got !== want) found.push(`${what} is ${hex(got)}, not ${hex(want)}`);
  };
  compare('vector', guest.vector, host.vector);
  compare('eip', guest.eip, host.eip);
  if (guest.vector === host.vector) {
    compare('error code', guest.error & ERROR_MASK, host.error & ERROR_MASK);
    // Which byte of an environment is reported is not said: the host takes the last.
    const within = ENVIRONMENTS.has(faultingMnemonic(one, host.eip)) ? -4096 : -1;
    if (host.vector === PAGE_FAULT) compare('cr2', guest.cr2 & within, host.cr2 & within);
  }
  const faulting = host.vector === BREAKPOINT ? '' : faultingMnemonic(one, host.eip);
  GENERAL_REGISTERS.forEach((name, n) => {
    // A POPA that faults has loaded some registers already; it loads them again when it is restarted.
    if (faulting !== 'popa' || n === ESP) compare(name, guest.registers[n], host.registers[n]);
  });
  SELECTORS.forEach((name, n) => {
    if (!clearedByInterrupt(guest.selectors[n], host.selectors[n]))
      compare(name, guest.selectors[n], host.selectors[n]);
  });
  // C1 is undefined between a comparison to flags and the FXAM that the generator puts after it.
  const c1 = faultingMnemonic(one, host.eip) === 'fxam' ? 0x0200_0000 : 0;
  FPU_NAMES.forEach((name, n) => {
    const mask = n === 0 ? ~c1 : -1;
    compare(name, guest.fpu[n] & mask, host.fpu[n] & mask);
  });
  const repeats = (instructionAt(one, host.eip)?.repeat ?? 0) !== 0;
  const restored = repeats && COMPARES.has(faulting) ? ARITHMETIC : 0;
  const defined = VISIBLE & ~undefinedAtEnd(one, host.eip) & ~restored;
  const wrong = (guest.eflags ^ host.eflags) & defined;
  if (wrong !== 0) {
    const names = FLAG_NAMES.filter(([mask]) => wrong & mask);
    found.push(...names.map(([mask, name]) => `${name} is ${guest.eflags & mask ? 1 : 0}`));
  }
  // An ENTER or PUSHA that faults may have pushed already, below the stack pointer, which is where it was.
  const top = PUSHES_SEVERAL.has(faulting) ? host.registers[ESP] >>> 0 : 0;
  // What of a number of 80 bits lies before the page that is not there may have been stored.
  const split = host.vector === PAGE_FAULT && SPLIT_STORES.has(faulting) ? host.cr2 : 0;
  const isSplit = (at: number) => split !== 0 && (split - at) >>> 0 < LONG_STORE + 4;
  const stands = ([at]: readonly [number, number]) => at >>> 0 >= top && !isSplit(at);
  const wanted = new Map(host.changes.filter(stands).map(([at, value]) => [at | 0, value]));
  for (const [at, value] of guest.changes.filter(stands)) {
    if (wanted.get(at) !== value)
      found.push(`[${hex(at)}] is ${hex(value)}, not ${wanted.has(at) ? hex(wanted.get(at)!) : 'as before'}`);
    wanted.delete(at);
  }
  for (const [at, value] of wanted) found.push(`[${hex(at)}] is as before, not ${hex(value)}`);
  return found;
}
