import {
  BYTE_REGISTERS,
  GENERAL_REGISTERS,
  SEGMENT_REGISTERS,
  WORD_REGISTERS,
} from '../../../../schemas/registers.ts';
import { EBP, EDI, EDX, ZERO } from '../state.ts';
import {
  CONTROL,
  DEBUG,
  type DecodeFailure,
  Decoder,
  FAR_POINTER,
  FLAGS_IMAGE,
  IMMEDIATE,
  type Instruction,
  MEMORY,
  type NextByte,
  type Operand,
  REGISTER,
  RELATIVE,
  SEGMENT,
  STACK_REGISTER,
  STRING,
  TEST,
} from './decoder.ts';

/** Disassembles: formats decoded instructions as text. */

/** One line of disassembly. */
export interface Disassembly {
  /** Bytes. */
  readonly length: number;
  /** AT&T syntax as binutils prints it, without its padding: `movl $0x1,0x4(%esp)`. */
  readonly text: string;
}

const SUFFIX: Record<number, string> = { 1: 'b', 2: 'w', 4: 'l' };

/** AT&T names that differ from the table's, by operand size where it matters (GNU as manual, 9.16.3). */
const WIDE_NAMES: Record<string, readonly [word: string, long: string]> = {
  cbw: ['cbtw', 'cwtl'],
  cwd: ['cwtd', 'cltd'],
  pusha: ['pushaw', 'pusha'],
  popa: ['popaw', 'popa'],
  pushf: ['pushfw', 'pushf'],
  popf: ['popfw', 'popf'],
  iret: ['iretw', 'iret'],
  leave: ['leavew', 'leave'],
};
const NAMES: Record<string, string> = {
  lgdt: 'lgdtl',
  lidt: 'lidtl',
  sgdt: 'sgdtl',
  sidt: 'sidtl',
  callf: 'lcall',
  jmpf: 'ljmp',
  retf: 'lret',
  jcxz: 'jecxz',
  wait: 'fwait',
  fpreserved: '(bad)',
};
/** Instructions whose mnemonic determines the size of a memory operand. */
const SIZELESS = new Set(['lea', 'invlpg', 'bound', 'cmpxchg8b', 'fpreserved']);
/** Instructions whose default operand is a doubleword. */
const STACK_SIZED = new Set(['call', 'jmp', 'push', 'pop']);
const PORTS = new Set(['in', 'out', 'ins', 'outs']);
const SHIFT_OR_ROTATE = new Set(['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'sar']);

const hex = (value: number): string =>
  value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
const unsigned = (value: number, size: number): number =>
  size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value >>> 0;

/**
 * Disassembles with the CPU's own decoder, so that the text shows what executes.
 * `address` is the linear address of the first byte; `wide` is CS.D.
 */
export function disassemble(next: NextByte, address: number, wide: boolean): Disassembly | DecodeFailure {
  const instruction = new Decoder().decode(next, wide);
  if (typeof instruction === 'string') return instruction;
  return { length: instruction.length, text: textOf(instruction, address) };
}

function textOf(instruction: Instruction, address: number): string {
  const words: string[] = [];
  if (instruction.lock) words.push('lock');
  if (instruction.repeat) words.push(repeatPrefix(instruction));
  words.push(mnemonicOf(instruction));
  const operands = shownOperands(instruction).map((operand) => operandText(instruction, operand, address));
  if (operands.length > 0) words.push(operands.join(','));
  return words.join(' ');
}

function repeatPrefix({ repeat, mnemonic }: Instruction): string {
  if (repeat === 0xf2) return 'repnz';
  return mnemonic === 'cmps' || mnemonic === 'scas' ? 'repz' : 'rep';
}

/** AT&T order is source first; ENTER, BOUND and far pointers keep theirs. */
function shownOperands({ opcode, mnemonic, operands }: Instruction): readonly Operand[] {
  if (mnemonic === 'enter' || mnemonic === 'bound') return operands;
  const shown = operands.filter(({ kind }) => kind !== FLAGS_IMAGE);
  if (opcode.operands[1] === '1') return [shown[0]];
  if ((mnemonic === 'aam' || mnemonic === 'aad') && shown[0].value === 10) return [];
  return [...shown].reverse();
}

function mnemonicOf(instruction: Instruction): string {
  const { mnemonic, operandSize, operands } = instruction;
  if (mnemonic === 'nop' && operands.length === 0 && operandSize === 2) return 'xchg %ax,%ax';
  const wide = WIDE_NAMES[mnemonic];
  if (wide) return wide[operandSize === 4 ? 1 : 0];
  if (mnemonic === 'movzx' || mnemonic === 'movsx')
    return `${mnemonic.slice(0, 4)}${SUFFIX[operands[1].size]}${SUFFIX[operands[0].size]}`;
  const name = NAMES[mnemonic];
  if (mnemonic.startsWith('f')) return (name ?? x87Name(instruction)) + x87Suffix(instruction);
  return (name ?? mnemonic) + suffixOf(instruction);
}

/**
 * The letters for an x87 operand in memory: s, l, t for reals; s, l, ll for integers, s meaning 16 bits there; none for operands of only
 * one size.
 */
const REAL_SUFFIX: Record<number, string> = { 4: 's', 8: 'l', 10: 't' };
const INTEGER_SUFFIX: Record<number, string> = { 2: 's', 4: 'l', 8: 'll' };
const X87_SIZELESS = /^f(nst[cs]w|ldcw|bld|bstp|ldenv|nstenv|nsave|rstor)$/;

function x87Suffix({ mnemonic, operands }: Instruction): string {
  const [operand] = operands;
  if (operand?.kind !== MEMORY || X87_SIZELESS.test(mnemonic)) return '';
  return (mnemonic.startsWith('fi') ? INTEGER_SUFFIX : REAL_SUFFIX)[operand.size] ?? '';
}

/**
 * AT&T assemblers exchanged FSUB and FSUBR, FDIV and FDIVR if the result goes to ST(i), and GNU as still does (GNU as manual, 9.16.16).
 * An alias is shown as its original.
 */
function x87Name({ mnemonic, opcode }: Instruction): string {
  if (opcode.operands[0] === 'STi' && opcode.operands[1] === 'ST')
    return mnemonic.replace(/^(f(?:sub|div))(r?)(p?)$/, (_, name, r, p) => name + (r ? '' : 'r') + p);
  return mnemonic.replace(/^(fxch|fcom|fcomp|fstp)[1-9]$/, '$1');
}

/** The size suffix, if no register determines the size. */
function suffixOf({ mnemonic, operands, operandSize }: Instruction): string {
  if (SIZELESS.has(mnemonic) || mnemonic.startsWith('set')) return '';
  if (operands.some(({ kind }) => kind === RELATIVE)) return '';
  if (mnemonic === 'callf' || mnemonic === 'jmpf') return operandSize === 4 ? '' : 'w';
  if (mnemonic === 'ins' || mnemonic === 'outs') return SUFFIX[operands[mnemonic === 'ins' ? 0 : 1].size];
  if (operands.some(({ kind }) => kind === SEGMENT)) return '';
  const register = operands.some(({ kind }, i) => kind === REGISTER && !(i > 0 && isCount(mnemonic)));
  if (register || operands.length === 0) return '';
  const memory = operands.find(({ kind }) => kind === MEMORY || kind === STRING);
  if (memory) return STACK_SIZED.has(mnemonic) && operandSize === 4 ? '' : (SUFFIX[memory.size] ?? '');
  return mnemonic === 'push' && operandSize === 2 ? 'w' : '';
}

/** The CL of a shift does not determine the size of the operand. */
const isCount = (mnemonic: string): boolean => SHIFT_OR_ROTATE.has(mnemonic);

function operandText(instruction: Instruction, operand: Operand, address: number): string {
  const indirect = instruction.mnemonic === 'call' || instruction.mnemonic === 'jmp' ? '*' : '';
  switch (operand.kind) {
    case REGISTER:
      if (operand.number === EDX && operand.size === 2 && PORTS.has(instruction.mnemonic)) return '(%dx)';
      return `${indirect}%${registerName(instruction, operand)}`;
    case MEMORY: {
      const far = instruction.mnemonic === 'callf' || instruction.mnemonic === 'jmpf' ? '*' : indirect;
      return far + memoryText(instruction);
    }
    case IMMEDIATE:
      return `$${hex(unsigned(operand.value, immediateSize(instruction, operand)))}`;
    case RELATIVE: {
      const target = address + instruction.length + operand.value;
      return hex(instruction.operandSize === 4 ? target >>> 0 : target & 0xffff);
    }
    case SEGMENT:
      return `%${SEGMENT_REGISTERS[operand.number]}`;
    case CONTROL:
      return `%cr${operand.number}`;
    case DEBUG:
      return `%db${operand.number}`;
    case TEST:
      return `%tr${operand.number}`;
    case STACK_REGISTER:
      return instruction.opcode.operands[instruction.operands.indexOf(operand)] === 'ST'
        ? '%st'
        : `%st(${operand.number})`;
    case FAR_POINTER:
      return `$${hex(operand.number)},$${hex(unsigned(operand.value, 4))}`;
    default:
      return stringText(instruction, operand);
  }
}

/** A sign-extended byte is shown at the size it is extended to. */
function immediateSize({ opcode, operandSize }: Instruction, operand: Operand): number {
  return opcode.operands.includes('Is') ? operandSize : operand.size;
}

/** A general register moved to or from a segment register is shown as 32 bits, as the CPU moves it. */
function registerName({ mnemonic, operandSize, operands }: Instruction, { size, number }: Operand): string {
  if (mnemonic === 'mov' && operands.some(({ kind }) => kind === SEGMENT) && operandSize === 4)
    return GENERAL_REGISTERS[number];
  return (size === 1 ? BYTE_REGISTERS : size === 2 ? WORD_REGISTERS : GENERAL_REGISTERS)[number];
}

function memoryText({ override, base, index, scale, displacement, addressSize }: Instruction): string {
  const names = addressSize === 4 ? GENERAL_REGISTERS : WORD_REGISTERS;
  const segment = override >= 0 ? `%${SEGMENT_REGISTERS[override]}:` : '';
  const based = base !== ZERO;
  const indexed = index !== ZERO;
  if (!based && !indexed) return segment + hex(displacement >>> 0);
  const shift = addressSize === 4 && indexed ? `,${1 << scale}` : '';
  const offset = !based
    ? hex(displacement >>> 0)
    : displacement === 0 && base !== EBP
      ? ''
      : hex(displacement);
  const inner = `${based ? `%${names[base]}` : ''}${indexed ? `,%${names[index]}${shift}` : ''}`;
  return `${segment}${offset}(${inner})`;
}

function stringText({ override, addressSize }: Instruction, { number }: Operand): string {
  const names = addressSize === 4 ? GENERAL_REGISTERS : WORD_REGISTERS;
  const segment = number === EDI ? 'es' : override >= 0 ? SEGMENT_REGISTERS[override] : 'ds';
  return `%${segment}:(%${names[number]})`;
}
