import {
  CONTROL,
  IMMEDIATE,
  type Instruction,
  MEMORY,
  type Operand,
  REGISTER,
  SEGMENT,
  STRING,
} from '../../recorder/machine/cpu/decode/decoder.ts';
import { EAX, EBP, ESP, ZERO } from '../../recorder/machine/cpu/state.ts';
import { BYTE_REGISTERS, GENERAL_REGISTERS, WORD_REGISTERS } from '../../schemas/registers.ts';
import type { Access, TrailStep } from './trail.ts';

/** The source of a value, by the instruction that put it there. */

/** A register, or a part of one, or memory. */
export type Place =
  | { readonly kind: 'register'; readonly number: number; readonly size: number; readonly isHigh: boolean }
  | { readonly kind: 'memory'; readonly physical: number; readonly size: number };

/** The source of a value: another place, as it was before the step, or the reason that there is none. */
export interface Source {
  /** For people, after `from`, or tells the end: `%ebx`, `a constant in the code`. */
  readonly words: string;
  readonly place?: Place;
}

const NAMES: Readonly<Record<number, readonly string[]>> = {
  1: BYTE_REGISTERS,
  2: WORD_REGISTERS,
  4: GENERAL_REGISTERS,
};
const LARGE = 0x1000;
const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

export const register = (number: number, size = 4): Place =>
  size === 1 && number > 3
    ? { kind: 'register', number: number - 4, size, isHigh: true }
    : { kind: 'register', number, size, isHigh: false };

export function placeName(place: Place): string {
  if (place.kind === 'memory') return `${place.size} bytes at physical ${hex8(place.physical)}`;
  const { number, size, isHigh } = place;
  return `%${NAMES[size]?.[isHigh ? number + 4 : number] ?? 'eax'}`;
}

/** The value of a register before a step, zero-extended. */
export function registerValue(registers: Int32Array, place: Place & { readonly kind: 'register' }): number {
  const word = registers[place.number] >>> (place.isHigh ? 8 : 0);
  return place.size === 1 ? word & 0xff : place.size === 2 ? word & 0xffff : word >>> 0;
}

/** Instructions whose first operand stays as it is. */
const ONLY_READ = new Set([
  'cmp',
  'test',
  'push',
  'call',
  'jmp',
  'bt',
  'out',
  'outs',
  'bound',
  'verr',
  'verw',
  'nop',
  'mul',
  'div',
  'idiv',
]);
const COPIES = /^(mov|movzx|movsx|umov|movs|stos|lods|pop|cmov\w+)$/;
/** Their result depends on the old value alone, or on that and a constant. */
const CHANGES_ONE = new Set([
  'inc',
  'dec',
  'neg',
  'not',
  'bswap',
  'rol',
  'ror',
  'rcl',
  'rcr',
  'shl',
  'shr',
  'sar',
  'bts',
  'btr',
  'btc',
]);
const OF_TWO = new Set(['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'xadd', 'imul', 'shld', 'shrd']);

/** True if the instruction gives the register a value, be it the one that it had. */
export function namesAsTarget(
  { mnemonic, operands }: Instruction,
  place: Place & { readonly kind: 'register' },
): boolean {
  const isIt = (operand: Operand | undefined) => {
    if (operand?.kind !== REGISTER) return false;
    const set = register(operand.number, operand.size) as typeof place;
    // AL and AH are two of one.
    const isOther = set.size === 1 && place.size === 1 && set.isHigh !== place.isHigh;
    return set.number === place.number && !isOther;
  };
  if (mnemonic === 'xchg' && isIt(operands[1])) return true;
  return !ONLY_READ.has(mnemonic) && !(mnemonic === 'imul' && operands.length === 1) && isIt(operands[0]);
}

/** The source of what a step put into a place. `write`: the access that did, for memory. */
export function sourceOf(step: TrailStep, place: Place, write: Access | undefined): Source {
  if (write?.by === 'device') return { words: 'a device, by DMA' };
  if (write?.by === 'walk')
    return { words: 'the previous entry: the processor set its accessed or dirty bit', place };
  if (step.isDelivery)
    return { words: 'the processor, which pushed it when it delivered an interrupt or exception' };
  const { instruction } = step;
  if (!instruction) return { words: 'an instruction that cannot be decoded' };
  const { mnemonic, operands } = instruction;
  if (mnemonic === 'in' || mnemonic === 'ins') return { words: `port ${portOf(step, instruction)}` };
  if (mnemonic === 'rdtsc') return { words: 'the time-stamp counter' };
  if (mnemonic === 'cpuid') return { words: 'CPUID' };
  if (mnemonic.startsWith('f')) return { words: 'the coprocessor' };
  if (place.kind === 'register' && isMovedBySelf(instruction, place))
    return { words: `the previous ${placeName(register(place.number))}, which ${mnemonic} advances`, place };
  if (mnemonic === 'pusha' && write) return pushedRegister(step, write);
  if (mnemonic === 'popa' && place.kind === 'register') return poppedRegister(step, place);
  if (mnemonic === 'push') return operandSource(step, operands[0]);
  if (mnemonic === 'call' || mnemonic === 'callf') return { words: 'a return address, pushed by the call' };
  if (mnemonic === 'enter') return operandSource(step, register32(EBP));
  if (mnemonic === 'leave')
    return place.kind === 'register' && place.number === ESP
      ? operandSource(step, register32(EBP))
      : readSource(step);
  if (mnemonic === 'xlat') return readSource(step);
  if (mnemonic === 'cbw' || mnemonic === 'cwd') return operandSource(step, register32(EAX));
  if (mnemonic === 'lea') return leaSource(step, instruction);
  if (mnemonic === 'xchg')
    return operandSource(step, isTarget(operands[0], place) ? operands[1] : operands[0]);
  if (mnemonic.startsWith('set')) return { words: 'a condition in the flags' };
  if (COPIES.test(mnemonic)) return mnemonic === 'pop' ? readSource(step) : operandSource(step, operands[1]);
  if (CHANGES_ONE.has(mnemonic))
    return { ...operandSource(step, operands[0], place), words: `the value before ${mnemonic}` };
  if (OF_TWO.has(mnemonic)) return sourceOfTwo(step, instruction, place);
  return { words: `the result of ${mnemonic}, whose operands are not followed` };
}

const register32 = (number: number): Operand => ({ kind: REGISTER, size: 4, number, value: 0 });

const isTarget = (operand: Operand, place: Place): boolean =>
  place.kind === 'memory'
    ? operand.kind === MEMORY
    : operand.kind === REGISTER &&
      (operand.size === 1 ? operand.number & 3 : operand.number) === place.number;

/** A pointer or counter that the instruction moves on while it does something else. */
function isMovedBySelf(
  { mnemonic, operands, repeat }: Instruction,
  { number }: { readonly number: number },
): boolean {
  const isOperand = operands.some((operand) => operand.kind === REGISTER && operand.number === number);
  if (number === ESP && /^(push|pushf|pusha|pop|popf|popa|call|ret|enter)$/.test(mnemonic))
    return !isOperand || mnemonic === 'push';
  if (/^loop/.test(mnemonic)) return true;
  const isString = operands.some(({ kind }) => kind === STRING);
  return isString && !isOperand && (repeat !== 0 || number !== EAX);
}

function portOf({ registers }: TrailStep, { operands }: Instruction): string {
  const immediate = operands.find(({ kind }) => kind === IMMEDIATE);
  const port = immediate ? immediate.value & 0xff : registers[2] & 0xffff;
  const name = PORTS[port];
  return `${port.toString(16).toUpperCase()}h${name === undefined ? '' : `, ${name}`}`;
}

const PORTS: Readonly<Record<number, string>> = {
  496: 'data of the first ATA channel',
  368: 'data of the second ATA channel',
  96: 'the keyboard controller',
  113: 'the real-time clock',
  1016: 'COM1',
  760: 'COM2',
};

const reads = ({ accesses }: TrailStep): Access[] =>
  accesses.filter(({ isWrite, by }) => !isWrite && by === 'program');

function readSource(step: TrailStep): Source {
  const [read] = reads(step);
  return read ? memorySource(read) : { words: 'memory that the instruction did not access' };
}

const memorySource = ({ linear, physical, size }: Access): Source => ({
  words: `memory at ${hex8(linear)}`,
  place: { kind: 'memory', physical, size },
});

/** The place that an operand stands for. `target`: for the operand that is written as well. */
function operandSource(step: TrailStep, operand: Operand | undefined, target?: Place): Source {
  switch (operand?.kind) {
    case REGISTER: {
      const place = register(operand.number, operand.size);
      return { words: placeName(place), place };
    }
    case IMMEDIATE:
      return { words: `a constant in the code, ${(operand.value >>> 0).toString(16)}` };
    case MEMORY:
    case STRING:
      return target?.kind === 'memory'
        ? { words: 'the previous contents of the same memory', place: target }
        : readSource(step);
    case SEGMENT:
      return { words: 'a segment register' };
    case CONTROL:
      return { words: `%cr${operand.number}` };
    default:
      return { words: 'an operand that is not followed' };
  }
}

/** PUSHA pushes EAX first, so EDI lies lowest (80386 Programmer's Reference, 17, PUSHA). */
function pushedRegister({ accesses }: TrailStep, { linear, size }: Access): Source {
  const lowest = Math.min(
    ...accesses.filter(({ isWrite, by }) => isWrite && by === 'program').map((one) => one.linear),
  );
  const place = register(7 - (linear - lowest) / size, size);
  return { words: placeName(place), place };
}

function poppedRegister(step: TrailStep, { number }: { readonly number: number }): Source {
  const all = reads(step);
  const lowest = Math.min(...all.map(({ linear }) => linear));
  const read = all.find(({ linear, size }) => 7 - (linear - lowest) / size === number);
  return read ? memorySource(read) : { words: 'memory that the instruction did not access' };
}

function leaSource({ registers }: TrailStep, { base, index, scale, displacement }: Instruction): Source {
  const hasBase = base !== ZERO;
  const hasIndex = index !== ZERO;
  const only = hasBase ? base : index;
  if (!hasBase && !hasIndex) return { words: `a constant in the code, ${hex8(displacement)}` };
  if (hasBase !== hasIndex)
    return { words: `${placeName(register(only))} and constants`, place: register(only) };
  return larger(
    { value: registers[base] >>> 0, source: { words: placeName(register(base)), place: register(base) } },
    {
      value: (registers[index] << scale) >>> 0,
      source: { words: placeName(register(index)), place: register(index) },
    },
  );
}

/** The source of the linear address that a step was to reach: of its operand in memory, or of the instruction itself. */
export function addressSource(step: TrailStep, address: number): Source | undefined {
  const { instruction, registers } = step;
  if (!instruction) return undefined;
  const { mnemonic, operands } = instruction;
  const isNear = (number: number) => Math.abs((registers[number] >>> 0) - address) < LARGE;
  const byRegister = (number: number) => ({ words: placeName(register(number)), place: register(number) });
  if (operands.some(({ kind }) => kind === MEMORY)) return leaSource(step, instruction);
  const pointer = operands.find(({ kind, number }) => kind === STRING && isNear(number));
  if (pointer) return byRegister(pointer.number);
  return /^(push|pop|call|ret|enter|leave|iret)/.test(mnemonic) && isNear(ESP) ? byRegister(ESP) : undefined;
}

/** The source of the address that a step went to: of a return, a jump or a call. */
export function targetSource(step: TrailStep): Source | undefined {
  const { instruction } = step;
  if (!instruction || step.isDelivery) return undefined;
  const { mnemonic, operands } = instruction;
  if (mnemonic === 'ret' || mnemonic === 'retf' || mnemonic === 'iret') return readSource(step);
  return mnemonic === 'jmp' || mnemonic === 'call' ? operandSource(step, operands[0]) : undefined;
}

interface Part {
  readonly value: number;
  readonly source: Source;
}

function sourceOfTwo(step: TrailStep, { mnemonic, operands }: Instruction, place: Place): Source {
  const [first, second, third] = operands;
  if (mnemonic === 'imul' && third)
    return { ...operandSource(step, second), words: 'a product with a constant' };
  if (mnemonic === 'imul' && !second) return { words: 'a product of two values' };
  const isOne = first.kind === REGISTER && second.kind === REGISTER && first.number === second.number;
  if (isOne && (mnemonic === 'xor' || mnemonic === 'sub'))
    return { words: `${mnemonic} of a register with itself, which makes 0` };
  const old = { value: operandValue(step, first), source: operandSource(step, first, place) };
  if (second.kind === IMMEDIATE)
    return {
      ...old.source,
      words: `${old.source.words}, ${mnemonic} the constant ${(second.value >>> 0).toString(16)}`,
    };
  const other = { value: operandValue(step, second), source: operandSource(step, second) };
  if (mnemonic === 'add' || mnemonic === 'or' || mnemonic === 'xor') return larger(old, other);
  return { words: `two values, ${describe(old)} and ${describe(other)}: ${mnemonic}` };
}

const describe = ({ value, source }: Part): string => `${hex8(value)} in ${source.words}`;

/**
 * Of a sum whose one part is an address or a frame and whose other part an offset or bits of an entry, the first is what it is
 * about. Two parts of a kind are two values.
 */
function larger(a: Part, b: Part): Source {
  const [large, small] = a.value >= b.value ? [a, b] : [b, a];
  if (small.value === 0 || (small.value < LARGE && large.value >= LARGE))
    return { ...large.source, words: `${large.source.words}, with ${describe(small)}` };
  return { words: `two values: ${describe(a)} and ${describe(b)}` };
}

function operandValue(step: TrailStep, operand: Operand): number {
  if (operand.kind === REGISTER) {
    const place = register(operand.number, operand.size);
    return place.kind === 'register' ? registerValue(step.registers, place) : 0;
  }
  if (operand.kind === MEMORY) return reads(step)[0]?.value ?? 0;
  return operand.value >>> 0;
}
