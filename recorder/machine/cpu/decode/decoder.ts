import type { CpuFeature } from '../../../../schemas/trace/processor-name.ts';
import { CS, DS, EAX, EBP, EBX, ECX, EDI, EDX, ES, ESI, ESP, FS, GS, SS, ZERO } from '../state.ts';
import type { Processor } from './models.ts';
import { ONE_BYTE, ONE_BYTE_MODRM, type Opcode, TWO_BYTE, TWO_BYTE_MODRM } from './opcodes.ts';

/** Decodes instructions by the opcode tables. */

/** Longest legal instruction (80386 Programmer's Reference, 9.8.12: longer gives #GP). */
export const MAX_LENGTH = 15;

/** Kinds of decoded operand. */
export const REGISTER = 0;
export const MEMORY = 1;
export const IMMEDIATE = 2;
export const RELATIVE = 3;
export const SEGMENT = 4;
export const CONTROL = 5;
export const DEBUG = 6;
export const FAR_POINTER = 7;
export const STRING = 8;
/** The flags image of PUSHF, POPF and IRET, of which only the size matters. */
export const FLAGS_IMAGE = 9;
/** ST(number). */
export const STACK_REGISTER = 10;
export const TEST = 11;

export interface Operand {
  readonly kind: number;
  /** Size in bytes; 0 if the operand is only an address. */
  readonly size: number;
  /** Register number within its kind. */
  readonly number: number;
  readonly value: number;
}

/** One decoded instruction. It contains no addresses, so it applies wherever the same bytes occur in the same mode. */
export interface Instruction {
  readonly opcode: Opcode;
  readonly mnemonic: string;
  readonly length: number;
  /** 2 or 4. */
  readonly operandSize: number;
  readonly addressSize: number;
  readonly operands: readonly Operand[];
  /** REP (0xf3), REPNE (0xf2) or 0. */
  readonly repeat: number;
  readonly lock: boolean;
  /** Memory operand: base and index are registers or ZERO; `segment` is the one in force, override or default. */
  readonly segment: number;
  readonly override: number;
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly displacement: number;
  /** Condition number of Jcc and SETcc. */
  readonly condition: number;
  /** ModRM byte; -1 when there is none. */
  readonly modrm: number;
}

/** The source of the decoder's bytes. It may throw (a page or limit fault) and is called once per byte, in order. */
export type NextByte = () => number;

/** Reasons that bytes are not an instruction. */
export const UNDEFINED = 'undefined';
export const TOO_LONG = 'too long';
export type DecodeFailure = typeof UNDEFINED | typeof TOO_LONG;

const PREFIX_SEGMENT: Record<number, number> = { 38: ES, 46: CS, 54: SS, 62: DS, 100: FS, 101: GS };
const FIXED: Record<string, number> = { AL: EAX, AX: EAX, eAX: EAX, CL: ECX, DX: EDX };
const SEGMENT_NAMES: Record<string, number> = { ES, CS, SS, DS, FS, GS };
/** 16-bit addressing (80386 Programmer's Reference, table 17-2). */
const BASE16 = [EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX];
const INDEX16 = [ESI, EDI, ESI, EDI, ZERO, ZERO, ZERO, ZERO];

class TooLong extends Error {}
const tooLong = new TooLong();

/** Decodes one instruction; `wide` is CS.D (80386 Programmer's Reference, 17.1 and 17.2). */
export class Decoder {
  /** Features of the processor; undefined: all. */
  private readonly has: ReadonlySet<CpuFeature> | undefined;
  private readonly scalesLoneBase: boolean;
  private next: NextByte = () => 0;
  private length = 0;
  private base = ZERO;
  private index = ZERO;
  private scale = 0;
  private displacement = 0;
  private defaultSegment = DS;

  /** Without a processor it decodes every instruction. */
  constructor(processor?: Processor) {
    this.has = processor?.has;
    this.scalesLoneBase = processor?.scalesLoneBase ?? false;
  }

  decode(next: NextByte, wide: boolean): Instruction | DecodeFailure {
    this.next = next;
    this.length = 0;
    try {
      return this.run(wide);
    } catch (error) {
      if (error === tooLong) return TOO_LONG;
      throw error;
    }
  }

  private byte(): number {
    if (this.length === MAX_LENGTH) throw tooLong;
    this.length++;
    return this.next();
  }

  private signed(size: number): number {
    if (size === 1) return (this.byte() << 24) >> 24;
    const low = this.byte() | (this.byte() << 8);
    if (size === 2) return (low << 16) >> 16;
    return low | (this.byte() << 16) | (this.byte() << 24);
  }

  private run(wide: boolean): Instruction | DecodeFailure {
    let operandSize = wide ? 4 : 2;
    let addressSize = operandSize;
    let override = -1;
    let repeat = 0;
    let lock = false;
    let code: number;
    for (;;) {
      code = this.byte();
      if (code in PREFIX_SEGMENT) override = PREFIX_SEGMENT[code];
      else if (code === 0x66) operandSize = wide ? 2 : 4;
      else if (code === 0x67) addressSize = wide ? 2 : 4;
      else if (code === 0xf0) lock = true;
      else if (code === 0xf2 || code === 0xf3) repeat = code;
      else break;
    }

    const two = code === 0x0f;
    if (two) code = this.byte();
    let entry = (two ? TWO_BYTE : ONE_BYTE)[code];
    if (entry === undefined) return UNDEFINED;
    this.base = this.index = ZERO;
    this.scale = this.displacement = 0;
    this.defaultSegment = DS;
    // A processor without test registers does not read on (checked against one).
    if ('mnemonic' in entry && entry.needs === 'tr' && this.has?.has('tr') === false) return UNDEFINED;
    let modrm = -1;
    if ((two ? TWO_BYTE_MODRM : ONE_BYTE_MODRM)[code]) {
      modrm = this.byte();
      // MOV to and from control, debug and test registers: the operand is a register, whatever mod says.
      const registerOnly = two && (code & 0xf8) === 0x20;
      if (modrm < 0xc0 && !registerOnly) {
        if (addressSize === 4) this.address32(modrm);
        else this.address16(modrm);
      }
      if (!('mnemonic' in entry))
        entry = entry[modrm >= 0xc0 && entry.length > 8 ? modrm - 0xb8 : (modrm >>> 3) & 7];
      if (entry === undefined) return UNDEFINED;
    }
    const opcode = entry as Opcode;
    if (opcode.needs !== undefined && this.has?.has(opcode.needs) === false) return UNDEFINED;
    const operands: Operand[] = [];
    for (const text of opcode.operands) {
      const operand = this.operand(text, code, modrm, operandSize, addressSize);
      if (operand === null) return UNDEFINED;
      operands.push(operand);
    }
    if (lock && !(opcode.lockable && operands[0].kind === MEMORY)) return UNDEFINED;
    return {
      opcode,
      mnemonic: opcode.mnemonic,
      length: this.length,
      operandSize,
      addressSize,
      operands,
      repeat,
      lock,
      segment: override >= 0 ? override : this.defaultSegment,
      override,
      base: this.base,
      index: this.index,
      scale: this.scale,
      displacement: this.displacement,
      condition: code & 15,
      modrm,
    };
  }

  private operand(
    text: string,
    code: number,
    modrm: number,
    operandSize: number,
    addressSize: number,
  ): Operand | null {
    if (text in SEGMENT_NAMES) return { kind: SEGMENT, size: 2, number: SEGMENT_NAMES[text], value: 0 };
    if (text in FIXED) {
      const size = text === 'eAX' ? operandSize : text[1] === 'X' ? 2 : 1;
      return { kind: REGISTER, size, number: FIXED[text], value: 0 };
    }
    if (text === 'ST') return { kind: STACK_REGISTER, size: 10, number: 0, value: 0 };
    if (text === 'STi') return { kind: STACK_REGISTER, size: 10, number: modrm & 7, value: 0 };
    if (text === '1') return { kind: IMMEDIATE, size: 1, number: 0, value: 1 };
    const size = sizeOf(text[1], operandSize);
    const reg = (modrm >>> 3) & 7;
    const rm = modrm & 7;
    switch (text[0]) {
      case 'E':
        return { kind: modrm < 0xc0 ? MEMORY : REGISTER, size, number: rm, value: 0 };
      case 'M':
        return modrm < 0xc0 ? { kind: MEMORY, size, number: 0, value: 0 } : null;
      case 'R':
        return { kind: REGISTER, size, number: rm, value: 0 };
      case 'G':
        return { kind: REGISTER, size, number: reg, value: 0 };
      case 'Z':
        return { kind: REGISTER, size, number: code & 7, value: 0 };
      case 'S':
        return reg < 6 ? { kind: SEGMENT, size: 2, number: reg, value: 0 } : null;
      case 'C':
        return reg === 0 || (reg >= 2 && reg <= 4) ? { kind: CONTROL, size, number: reg, value: 0 } : null;
      case 'D':
        return { kind: DEBUG, size, number: reg, value: 0 };
      case 'T':
        return reg >= (this.has?.has('i486') === false ? 6 : 3)
          ? { kind: TEST, size, number: reg, value: 0 }
          : null;
      case 'I':
        return { kind: IMMEDIATE, size, number: 0, value: this.signed(text[1] === 's' ? 1 : size) };
      case 'J':
        return { kind: RELATIVE, size, number: 0, value: this.signed(size) };
      case 'O':
        this.displacement = addressSize === 4 ? this.signed(4) : this.signed(2) & 0xffff;
        return { kind: MEMORY, size, number: 0, value: 0 };
      case 'A': {
        const offset = operandSize === 4 ? this.signed(4) : this.signed(2) & 0xffff;
        return { kind: FAR_POINTER, size, number: this.signed(2) & 0xffff, value: offset };
      }
      case 'F':
        return { kind: FLAGS_IMAGE, size, number: 0, value: 0 };
      default:
        return { kind: STRING, size, number: text[0] === 'Y' ? EDI : ESI, value: 0 };
    }
  }

  private address32(modrm: number): void {
    const mod = modrm >>> 6;
    let base = modrm & 7;
    let lone = false;
    if (base === 4) {
      const sib = this.byte();
      base = sib & 7;
      const index = (sib >>> 3) & 7;
      if (index !== 4) this.index = index;
      if (index !== 4 || this.scalesLoneBase) this.scale = sib >>> 6;
      lone = index === 4;
    }
    if (base === 5 && mod === 0) {
      this.displacement = this.signed(4);
      return;
    }
    if (lone && this.scale > 0) this.index = base;
    else this.base = base;
    if (base === ESP || base === EBP) this.defaultSegment = SS;
    if (mod !== 0) this.displacement = this.signed(mod === 1 ? 1 : 4);
  }

  private address16(modrm: number): void {
    const mod = modrm >>> 6;
    const rm = modrm & 7;
    if (mod === 0 && rm === 6) {
      this.displacement = this.signed(2) & 0xffff;
      return;
    }
    this.base = BASE16[rm];
    this.index = INDEX16[rm];
    if (this.base === EBP) this.defaultSegment = SS;
    if (mod !== 0) this.displacement = this.signed(mod);
  }
}

function sizeOf(letter: string, operandSize: number): number {
  switch (letter) {
    case 'b':
      return 1;
    case 'w':
      return 2;
    case 'd':
      return 4;
    case 'q':
      return 8;
    case 't':
      return 6;
    case 'x':
      return 10;
    case 'n':
      return 0;
    case 'p':
      return operandSize + 2;
    case 'a':
      return 2 * operandSize;
    default:
      return operandSize;
  }
}
