import {
  type DecodeFailure,
  Decoder,
  IMMEDIATE,
  type Instruction,
} from '../../recorder/machine/cpu/decode/decoder.ts';
import { AF, ARITHMETIC, CF, OF } from '../../recorder/machine/cpu/flags.ts';
import type { MooRegister, MooTest } from './moo.ts';
import { flagEffects } from './undefined-flags.ts';
import { clearRam, differences, type Expected, hardware, run, snapshot } from './vector-runner.ts';

/**
 * Differences between a 386 and the 80286 that made the vectors. Sections are of the 80386 Programmer's Reference
 * Manual (1986); chapter 14 lists the differences in real mode, chapter 17 has the flags of each instruction.
 */

const TF_IF = 0x300;

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3]);
const SEGMENT_PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e]);
const LOCK = 0xf0;
/** The longest instruction of a 286, bytes; a 386 takes 15 (14.7, item 5). */
const LONGEST_286 = 10;
const DIVIDE_ERROR = 0;
const INVALID_OPCODE = 6;
const STACK_FAULT = 12;
const GENERAL_PROTECTION = 13;
const STRINGS = new Set([0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);

interface Parts {
  readonly prefixes: readonly number[];
  readonly opcode: number;
}

function partsOf({ bytes }: MooTest): Parts {
  const at = bytes.findIndex((byte) => !PREFIXES.has(byte));
  return {
    prefixes: [...bytes.subarray(0, at)],
    opcode: bytes[at],
  };
}

/**
 * A reason that a 386 does something else than the 286 did: each reason tells which tests it is about, and runs one
 * to see that it ends as a 386 must end it. The result is what differs from that, empty when nothing does.
 */
export interface Reason {
  readonly source: string;
  applies(test: MooTest): boolean;
  check(test: MooTest): string[];
}

export const REASONS: Readonly<Record<string, Reason>> = {
  flags: {
    source:
      'flags after a divide error, which DIV, IDIV and AAM leave undefined (chapter 17, "Flags Affected" of each)',
    applies: (test) => test.exception?.vector === DIVIDE_ERROR && undefinedFlags(test) !== 0,
    check: (test) => outcome(test, hardware(test), new Map(), undefinedFlags(test)),
  },
  shift: {
    source:
      'SHL sets AF, where a 286 has bit 4 of the result, and after SHL and SHR by 16 and 24 CF is the last bit out of a byte (a 386SX: barotto/test386.asm, POST E0)',
    applies: (test) => test.exception === null && ['shl', 'shr'].includes(mnemonicOf(test)),
    check: checkShift,
  },
  aad: {
    source: 'OF after AAD is that of its addition (a 386SX: barotto/test386.asm, POST E0)',
    applies: (test) => mnemonicOf(test) === 'aad',
    check: checkAdjust,
  },
  lock: {
    source: 'LOCK before anything but some instructions with a memory operand is exception 6 (14.7, item 3)',
    applies: (test) => partsOf(test).prefixes.includes(LOCK),
    check: checkLock,
  },
  length: {
    source: 'instructions of more than 10 bytes, which a 286 refuses, are executed (14.7, item 5)',
    applies: (test) => test.exception?.vector === GENERAL_PROTECTION && test.bytes.length - 1 > LONGEST_286,
    check: checkLength,
  },
  string: {
    source:
      'a string instruction that faults leaves SI, DI and CX as they were before the iteration (9.8.11)',
    applies: (test) => test.exception !== null && STRINGS.has(partsOf(test).opcode),
    check: (test) => outcome(test, beforeIteration(test), new Map(), 0),
  },
  stack: {
    source: 'a word across the end of the stack segment is exception 12, on a 286 exception 13 (14.6)',
    applies: (test) =>
      test.exception?.vector === GENERAL_PROTECTION && usesStack(partsOf(test).opcode, test.bytes),
    check: checkStack,
  },
};

function outcome(
  test: MooTest,
  expected: Expected,
  changed: ReadonlyMap<number, number>,
  undefinedFlags: number,
  pushed?: boolean,
): string[] {
  const failed = run(test, changed);
  return failed ? [failed] : differences(test, expected, undefinedFlags, pushed);
}

const withFlags = (test: MooTest, change: (flags: number) => number): Expected => {
  const { registers, memory } = hardware(test);
  return { registers: { ...registers, flags: change(registers.flags ?? 0) }, memory };
};

/** As the 286 did it, but for AF after SHL; by 16 and 24 bits of a byte, CF and OF tell the lowest bit, which is not known here. */
function checkShift(test: MooTest): string[] {
  const { operands, mnemonic } = decoded(test) as Instruction;
  const [to, by] = operands;
  const count = (by.kind === IMMEDIATE ? by.value : (test.before.registers.cx ?? 0)) & 31;
  const beyond = count > 8 && count % 8 === 0 && to.size === 1;
  return outcome(
    test,
    withFlags(test, (flags) => (mnemonic === 'shl' ? flags | AF : flags)),
    new Map(),
    beyond ? CF | OF : 0,
  );
}

function checkAdjust(test: MooTest): string[] {
  const { operands } = decoded(test) as Instruction;
  const ax = test.before.registers.ax ?? 0;
  const product = (ax >> 8) * operands[0].value;
  const sum = ax + product;
  const overflow = (ax ^ sum) & (product ^ sum) & 0x80 ? OF : 0;
  return outcome(
    test,
    withFlags(test, (flags) => (flags & ~OF) | overflow),
    new Map(),
    0,
  );
}

const word = (at: number, value: number): [number, number][] => [
  [at, value & 0xff],
  [at + 1, (value >> 8) & 0xff],
];

/** Exception 6, with everything as it was and the instruction's own address pushed. Its handler is a HLT of ours. */
function checkLock(test: MooTest): string[] {
  const { registers, memory } = test.before;
  let handler = 0x600;
  while ([0, 1, 2, 3].some((n) => memory.has(handler + n) || memory.has(INVALID_OPCODE * 4 + n))) {
    handler += 4;
    if (handler > 0xfff0) return ['no room for a handler'];
  }
  const changed = new Map([
    ...word(INVALID_OPCODE * 4, handler),
    ...word(INVALID_OPCODE * 4 + 2, 0),
    [handler, 0xf4],
  ]);
  const { ss = 0, sp = 0, cs = 0, ip = 0, flags = 0 } = registers;
  const slot = (n: number) => ss * 16 + ((sp - 2 * n) & 0xffff);
  const frame = [...word(slot(1), flags), ...word(slot(2), cs), ...word(slot(3), ip)];
  return outcome(
    test,
    {
      registers: { ...registers, sp: (sp - 6) & 0xffff, cs: 0, ip: handler + 1, flags: flags & ~TF_IF },
      memory: new Map([...memory, ...frame]),
    },
    changed,
    0,
    true,
  );
}

/** Prefixes said twice count once: without them the instruction is short, and must do the same to registers and RAM. */
function checkLength(test: MooTest): string[] {
  const { prefixes } = partsOf(test);
  const last = Math.max(...[...SEGMENT_PREFIXES].map((prefix) => prefixes.lastIndexOf(prefix)));
  const kept = prefixes.filter((prefix, n) => n === last || !SEGMENT_PREFIXES.has(prefix));
  const { cs = 0, ip = 0 } = test.before.registers;
  const bytes = [...kept, ...test.bytes.subarray(prefixes.length)];
  const at = (n: number) => cs * 16 + ((ip + n) & 0xffff);
  const short = new Map(bytes.map((byte, n) => [at(n), byte]));
  clearRam();
  const failed = run(test, short);
  if (failed) return [failed];
  const { registers, memory } = snapshot(test);
  for (let n = 0; n < test.bytes.length; n++) memory.delete(at(n));
  const ip2 = (registers.ip ?? 0) + prefixes.length - kept.length;
  clearRam();
  return outcome(test, { registers: { ...registers, ip: ip2 }, memory }, new Map(), 0, false);
}

/** The 286 stepped its registers before it met the fault; how far SI or DI went says how many iterations there were. */
function beforeIteration(test: MooTest): Expected {
  const { registers, memory } = hardware(test);
  const { prefixes, opcode } = partsOf(test);
  const size = opcode & 1 ? 2 : 1;
  const { before } = test;
  const by = (before.registers.flags ?? 0) & 0x400 ? -size : size;
  const undone: Partial<Record<MooRegister, number>> = { ...registers };
  let iterations = 0;
  for (const name of ['si', 'di'] as const) {
    const old = before.registers[name] ?? 0;
    if (registers[name] === old) continue;
    undone[name] = ((registers[name] ?? 0) - by) & 0xffff;
    iterations = Math.abs((((undone[name] - old) << 16) >> 16) / size);
  }
  if (prefixes.some((prefix) => prefix >= 0xf2)) undone.cx = (before.registers.cx ?? 0) - iterations;
  return { registers: undone, memory };
}

/** With the handlers of 12 and 13 in one place the outcome is that of the 286. */
function checkStack(test: MooTest): string[] {
  const { memory } = test.before;
  const changed = new Map<number, number>();
  for (let n = 0; n < 4; n++) {
    changed.set(STACK_FAULT * 4 + n, memory.get(GENERAL_PROTECTION * 4 + n) ?? 0);
  }
  return outcome(test, hardware(test), changed, undefinedFlags(test));
}

/** True if the operand is on the stack: RET, LEAVE, or an address with BP and no segment prefix. */
function usesStack(opcode: number, bytes: Uint8Array): boolean {
  if (opcode === 0xc3 || opcode === 0xc9) return true;
  if (PREFIXES.has(bytes[0])) return false;
  const mod = bytes[1] >> 6;
  const rm = bytes[1] & 7;
  return mod < 3 && (rm === 2 || rm === 3 || (rm === 6 && mod > 0));
}

const decoder = new Decoder();

/** The instruction of a test; a text when it is none. */
function decoded({ bytes }: MooTest): Instruction | DecodeFailure {
  let at = 0;
  return decoder.decode(() => bytes[at++], false);
}

function mnemonicOf(test: MooTest): string {
  const insn = decoded(test);
  return typeof insn === 'string' ? '' : insn.mnemonic;
}

/** Flags that the instruction leaves undefined. */
export function undefinedFlags(test: MooTest): number {
  const insn = decoded(test);
  if (typeof insn === 'string') return 0;
  // AAM 0 is a divide error, which leaves all of them undefined.
  if (insn.mnemonic === 'aam' && test.exception) return ARITHMETIC;
  return flagEffects(insn, test.before.registers.cx ?? 0).undefines;
}
