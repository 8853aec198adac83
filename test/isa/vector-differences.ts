import type { MooTest } from './moo.ts';

/**
 * Where a 386 need not do what the 80286 did that made the vectors. Sections are of the 80386 Programmer's Reference
 * Manual (1986); chapter 14 lists the differences in real mode, chapter 17 has the flags of each instruction.
 */

const CF = 0x001;
const PF = 0x004;
const AF = 0x010;
const ZF = 0x040;
const SF = 0x080;
const OF = 0x800;
/** IOPL and NT: the 286 in real mode holds them at 0, the vectors start with random values. */
const UPPER = 0xf000;

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3]);
const LOCK = 0xf0;
/** The longest instruction of a 286, bytes; a 386 takes 15 (14.7, item 5). */
const LONGEST_286 = 10;
const GENERAL_PROTECTION = 13;
const STRINGS = new Set([0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);

interface Parts {
  readonly prefixes: readonly number[];
  readonly opcode: number;
  /** The reg field of the byte after the opcode. */
  readonly reg: number;
  readonly immediate: number;
}

function partsOf({ bytes }: MooTest): Parts {
  const at = bytes.findIndex((byte) => !PREFIXES.has(byte));
  return {
    prefixes: [...bytes.subarray(0, at)],
    opcode: bytes[at],
    reg: (bytes[at + 1] >> 3) & 7,
    // The last byte is the HALT that ends each test.
    immediate: bytes[bytes.length - 2],
  };
}

/** Why a test does not apply; undefined when it does. */
export function skipped(test: MooTest): string | undefined {
  const { prefixes, opcode } = partsOf(test);
  if (prefixes.includes(LOCK))
    return 'LOCK is limited to some instructions with memory operands (14.7, item 3)';
  if (test.exception?.vector === GENERAL_PROTECTION && test.bytes.length - 1 > LONGEST_286)
    return 'the 286 refuses instructions of more than 10 bytes (14.7, item 5)';
  if (test.exception && STRINGS.has(opcode))
    return 'a 386 restarts a string instruction with SI, DI and CX as they were (9.8.11)';
  if (test.exception?.vector === GENERAL_PROTECTION && usesStack(opcode, test.bytes))
    return 'a word across the end of the stack segment is exception 12 on a 386, 13 on a 286 (14.6)';
  if (test.exception && opcode >= 0xd8 && opcode <= 0xdf)
    return 'without a coprocessor an ESC instruction has no operand to check (11.1)';
  return undefined;
}

/** Whether the operand is on the stack: RET, LEAVE, or an address with BP and no segment prefix. */
function usesStack(opcode: number, bytes: Uint8Array): boolean {
  if (opcode === 0xc3 || opcode === 0xc9) return true;
  if (PREFIXES.has(bytes[0])) return false;
  const mod = bytes[1] >> 6;
  const rm = bytes[1] & 7;
  return mod < 3 && (rm === 2 || rm === 3 || (rm === 6 && mod > 0));
}

/** Flags that the instruction leaves undefined (chapter 17, each instruction's "Flags Affected"). */
export function undefinedFlags(test: MooTest): number {
  return UPPER | arithmetic(partsOf(test), test);
}

function arithmetic({ opcode, reg, immediate }: Parts, test: MooTest): number {
  const group = opcode & 0xc7;
  // AND, OR, XOR: AF. Their rows of the opcode map, and the immediate group.
  if (opcode < 0x40 && (group & 7) < 6 && [1, 4, 6].includes(opcode >> 3)) return AF;
  if (opcode >= 0x80 && opcode <= 0x83 && [1, 4, 6].includes(reg)) return AF;
  switch (opcode) {
    case 0x27:
    case 0x2f:
      return OF;
    case 0x37:
    case 0x3f:
      return OF | SF | ZF | PF;
    case 0x84:
    case 0x85:
    case 0xa8:
    case 0xa9:
      return AF;
    case 0x69:
    case 0x6b:
      return SF | ZF | AF | PF;
    case 0xd4:
      // AAM 0 is a divide error, which leaves all of them undefined.
      return test.exception ? OF | SF | ZF | AF | PF | CF : OF | AF | CF;
    case 0xd5:
      return OF | AF | CF;
    case 0xf6:
    case 0xf7:
      if (reg < 2) return AF;
      if (reg < 4) return 0;
      return reg < 6 ? SF | ZF | AF | PF : OF | SF | ZF | AF | PF | CF;
    case 0xc0:
    case 0xc1:
      return shift(reg, immediate & 31, opcode & 1 ? 16 : 8);
    case 0xd0:
    case 0xd1:
      return shift(reg, 1, opcode & 1 ? 16 : 8);
    case 0xd2:
    case 0xd3:
      return shift(reg, (test.before.registers.cx ?? 0) & 31, opcode & 1 ? 16 : 8);
    default:
      return 0;
  }
}

/** Rotates: OF unless by one. Shifts: AF, OF unless by one, CF when everything was shifted out (SHL, SHR). */
function shift(reg: number, count: number, width: number): number {
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  if (reg < 4) return overflow;
  return AF | overflow | (count > width ? CF : 0);
}
