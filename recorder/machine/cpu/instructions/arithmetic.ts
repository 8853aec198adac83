import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';
import { DIVIDE_ERROR } from '../fault.ts';
import {
  AF,
  CF,
  type Flags,
  KIND_ADD,
  KIND_DEC,
  KIND_INC,
  KIND_SBB,
  KIND_SUB,
  kindOf,
  OF,
  topShift,
  ZF,
} from '../flags.ts';
import { EAX, EBX, ECX, EDX, FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import type { Handlers } from './handler.ts';

/** Integer arithmetic and logic (80386 Programmer's Reference, 3.2 to 3.4). */

type Binary = (a: number, b: number, carry: number) => number;

const binary =
  (kind: number, compute: Binary) =>
  (core: Core, insn: Instruction): void => {
    const { size } = insn.operands[0];
    const a = core.readForWrite(insn, 0);
    const b = core.readSigned(insn, 1);
    const result = compute(a, b, core.flags.cf());
    core.writeBack(insn, 0, result);
    core.flags.set(kind, size, result, a, b);
  };

const logic =
  (compute: Binary) =>
  (core: Core, insn: Instruction): void => {
    const result = compute(core.readForWrite(insn, 0), core.readSigned(insn, 1), 0);
    core.writeBack(insn, 0, result);
    core.flags.logic(result, insn.operands[0].size);
  };

/** INC and DEC leave CF alone. */
const step =
  (kind: number, by: number) =>
  (core: Core, insn: Instruction): void => {
    const { size } = insn.operands[0];
    const { i32 } = core;
    const a = core.readForWrite(insn, 0);
    const carry = core.flags.cf();
    core.writeBack(insn, 0, a + by);
    const shift = topShift(size);
    i32[FLAG_KIND] = kindOf(kind, size);
    i32[FLAG_RESULT] = (a + by) << shift;
    i32[FLAG_A] = a << shift;
    i32[FLAG_B] = carry;
  };

/** Low half of a 32 by 32 bit product; the high half is in `productHigh`. */
let productHigh = 0;
export function multiplyUnsigned(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const low = al * bl;
  const middle = ah * bl + (low >>> 16);
  const middle2 = al * bh + (middle % 0x10000);
  productHigh = (ah * bh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) | 0;
  return Math.imul(a, b);
}

export function multiplySigned(a: number, b: number): number {
  const low = multiplyUnsigned(a, b);
  if (a < 0) productHigh = (productHigh - b) | 0;
  if (b < 0) productHigh = (productHigh - a) | 0;
  return low;
}

/** The accumulator forms: AX, DX:AX or EDX:EAX = accumulator * operand. */
function multiply(core: Core, insn: Instruction, signed: boolean): void {
  const { size } = insn.operands[0];
  const { i32, flags } = core;
  let low: number;
  let high: number;
  if (size === 4) {
    const b = core.read(insn, 0);
    low = signed ? multiplySigned(i32[EAX], b) : multiplyUnsigned(i32[EAX], b);
    high = productHigh;
    i32[EAX] = low;
    i32[EDX] = high;
  } else {
    const bits = size * 8;
    const extend = (value: number) => (signed ? (value << (32 - bits)) >> (32 - bits) : value);
    const product = Math.imul(extend(core.readRegister(EAX, size)), extend(core.read(insn, 0)));
    low = (product << (32 - bits)) >> (32 - bits);
    high = (product << (32 - 2 * bits)) >> (32 - bits);
    if (size === 1) {
      core.writeRegister(EAX, 2, product);
    } else {
      core.writeRegister(EAX, 2, product);
      core.writeRegister(EDX, 2, high);
    }
    if (!signed) high &= 2 ** bits - 1;
  }
  const spills = signed ? high !== low >> 31 : high !== 0;
  setProductFlags(flags, size, low, high, spills);
}

/** SF, ZF and PF are undefined: those of the upper half, as on a 286. */
function setProductFlags(flags: Flags, size: number, low: number, high: number, spills: boolean): void {
  const carry = spills ? 1 : 0;
  flags.raw(size, flags.adjust ? high : low, carry | flags.adjust, carry);
}

/** IMUL with a destination register: of two or three operands. */
function multiplyInto(core: Core, insn: Instruction): void {
  const three = insn.operands.length === 3;
  const { size } = insn.operands[0];
  const a = core.readSigned(insn, three ? 1 : 0);
  const b = core.readSigned(insn, three ? 2 : 1);
  const low = Math.imul(a, b);
  core.writeRegister(insn.operands[0].number, size, low);
  // The 32-bit form, which a 286 has not, leaves SF, ZF and PF of the lower half: what the hot loop has at hand.
  if (size === 4) setProductFlags(core.flags, 4, low, low, low !== a * b);
  else setProductFlags(core.flags, 2, low, low >> 16, (low << 16) >> 16 !== low);
}

const BIAS = 0x100000000n;

/**
 * Signed and unsigned division; a quotient that does not fit is a divide error (9.8.1). Flags are undefined, and those of the
 * remainder on a 286; an error keeps them.
 */
function divide(core: Core, insn: Instruction, signed: boolean): void {
  const { size } = insn.operands[0];
  const { i32 } = core;
  const bits = size * 8;
  const divisor = signed ? core.readSigned(insn, 0) : core.read(insn, 0) >>> 0;
  if (divisor === 0) core.fault(DIVIDE_ERROR, 0);
  let quotient: number;
  let remainder: number;
  if (size === 4) {
    const high = signed ? i32[EDX] : i32[EDX] >>> 0;
    const low = i32[EAX];
    if (high === (signed ? low >> 31 : 0)) {
      const dividend = signed ? low : low >>> 0;
      quotient = Math.trunc(dividend / divisor);
      remainder = dividend % divisor;
    } else {
      const dividend = BigInt(high) * BIAS + BigInt(low >>> 0);
      const exact = dividend / BigInt(divisor);
      // Beyond 2^53 the number is wrong but far out of range, which is all that is asked of it.
      quotient = Number(exact);
      remainder = Number(dividend % BigInt(divisor));
    }
  } else {
    const low = core.readRegister(EAX, 2);
    const raw = size === 1 ? low : (core.readRegister(EDX, 2) << 16) | low;
    const dividend = signed ? (raw << (32 - 2 * bits)) >> (32 - 2 * bits) : raw >>> 0;
    quotient = Math.trunc(dividend / divisor);
    remainder = dividend % divisor;
  }
  const top = signed ? 2 ** (bits - 1) : 2 ** bits;
  if (quotient >= top || quotient < (signed ? -top : 0)) core.fault(DIVIDE_ERROR, 0);
  if (size === 1) {
    core.writeRegister(EAX, 2, (quotient & 0xff) | ((remainder & 0xff) << 8));
  } else {
    core.writeRegister(EAX, size, quotient);
    core.writeRegister(EDX, size, remainder);
  }
  if (core.flags.adjust) setRemainderFlags(core.flags, size, quotient, remainder, divisor, signed);
}

/**
 * As a 286 leaves them. AF is set; CF and OF are alike: whether the last subtraction of the divisor borrows, in the width of
 * the operand, or, signed, whether the divisor is positive.
 */
function setRemainderFlags(
  flags: Flags,
  size: number,
  quotient: number,
  remainder: number,
  divisor: number,
  signed: boolean,
): void {
  const borrows = quotient % 2 === 0 || remainder + divisor >= 2 ** (size * 8);
  const carry = (signed ? divisor > 0 : borrows) ? 1 : 0;
  flags.raw(size, remainder, carry | flags.adjust, carry);
}

// --- Decimal adjustment (17, AAA to DAS) ---------------------------------------------------------------------------

function adjustPacked(core: Core, sign: number): void {
  const { flags } = core;
  const al = core.readRegister(EAX, 1);
  let value = al;
  let carry = 0;
  const low = (al & 15) > 9 || flags.af();
  if (low) {
    carry = flags.cf() | ((sign > 0 ? al > 0xf9 : al < 6) ? 1 : 0);
    value += sign * 6;
  }
  if (al > 0x99 || flags.cf() !== 0) {
    value += sign * 0x60;
    carry = 1;
  } else if (sign > 0) {
    carry = 0;
  }
  core.writeRegister(EAX, 1, value);
  // OF is undefined: on a 286 that of adding or subtracting 0, 6, 60h or 66h.
  const overflow = flags.adjust && (sign > 0 ? value & ~al : al & ~value) & 0x80 ? OF : 0;
  flags.logic(value & 0xff, 1);
  flags.change(CF | AF | OF, (carry ? CF : 0) | (low ? AF : 0) | overflow);
}

function adjustUnpacked(core: Core, sign: number): void {
  const { flags } = core;
  const ax = core.readRegister(EAX, 2);
  const adjust = (ax & 15) > 9 || flags.af();
  const value = adjust ? ax + sign * 0x106 : ax;
  core.writeRegister(EAX, 2, value & 0xff0f);
  // The others are undefined: on a 286 those of adding 6 to AL or subtracting it, or of adding 0.
  if (flags.adjust)
    flags.set(sign > 0 ? KIND_ADD : KIND_SUB, 1, ax + (adjust ? sign * 6 : 0), ax, adjust ? 6 : 0);
  flags.change(CF | AF, adjust ? CF | AF : 0);
}

function adjustMultiply(core: Core, insn: Instruction): void {
  const base = insn.operands[0].value & 0xff;
  if (base === 0) core.fault(DIVIDE_ERROR, 0);
  const al = core.readRegister(EAX, 1);
  const low = al % base;
  core.writeRegister(EAX, 2, (Math.trunc(al / base) << 8) | low);
  core.flags.logic(low, 1);
}

function adjustDivide(core: Core, insn: Instruction): void {
  const ax = core.readRegister(EAX, 2);
  const product = ((ax >>> 8) * (insn.operands[0].value & 0xff)) & 0xff;
  const sum = (ax & 0xff) + product;
  const low = sum & 0xff;
  core.writeRegister(EAX, 2, low);
  const { flags } = core;
  // CF, AF and OF are undefined: on a 386 those of the addition; on a 286 too, but OF is as CF.
  const carry = flags.adjust ? sum >> 8 : 0;
  const overflow = ((ax ^ sum) & (product ^ sum) & 0x80) >> 7;
  const own = core.processor.undefinedFlags === 'as a 386' ? overflow : carry;
  flags.raw(1, low, carry | ((product ^ ax ^ sum) & flags.adjust), own);
}

export const ARITHMETIC_HANDLERS: Handlers = {
  add: binary(KIND_ADD, (a, b) => (a + b) | 0),
  adc: binary(KIND_ADD, (a, b, carry) => (a + b + carry) | 0),
  sub: binary(KIND_SUB, (a, b) => (a - b) | 0),
  sbb: binary(KIND_SBB, (a, b, carry) => (a - b - carry) | 0),
  and: logic((a, b) => a & b),
  or: logic((a, b) => a | b),
  xor: logic((a, b) => a ^ b),
  cmp(core, insn) {
    const a = core.read(insn, 0);
    const b = core.readSigned(insn, 1);
    core.flags.set(KIND_SUB, insn.operands[0].size, (a - b) | 0, a, b);
  },
  test(core, insn) {
    core.flags.logic(core.read(insn, 0) & core.readSigned(insn, 1), insn.operands[0].size);
  },
  inc: step(KIND_INC, 1),
  dec: step(KIND_DEC, -1),
  not(core, insn) {
    core.writeBack(insn, 0, ~core.readForWrite(insn, 0));
  },
  neg(core, insn) {
    const a = core.readForWrite(insn, 0);
    core.writeBack(insn, 0, -a | 0);
    core.flags.set(KIND_SUB, insn.operands[0].size, -a | 0, 0, a);
  },
  mul: (core, insn) => multiply(core, insn, false),
  imul: (core, insn) => (insn.operands.length === 1 ? multiply(core, insn, true) : multiplyInto(core, insn)),
  div: (core, insn) => divide(core, insn, false),
  idiv: (core, insn) => divide(core, insn, true),
  daa: (core) => adjustPacked(core, 1),
  das: (core) => adjustPacked(core, -1),
  aaa: (core) => adjustUnpacked(core, 1),
  aas: (core) => adjustUnpacked(core, -1),
  aam: adjustMultiply,
  aad: adjustDivide,
  cbw(core, insn) {
    if (insn.operandSize === 4) core.i32[EAX] = (core.i32[EAX] << 16) >> 16;
    else core.writeRegister(EAX, 2, (core.readRegister(EAX, 1) << 24) >> 24);
  },
  cwd(core, insn) {
    if (insn.operandSize === 4) core.i32[EDX] = core.i32[EAX] >> 31;
    else core.writeRegister(EDX, 2, (core.i32[EAX] << 16) >> 31);
  },
  xadd(core, insn) {
    const { size, number } = insn.operands[1];
    const a = core.readForWrite(insn, 0);
    const b = core.readRegister(number, size);
    const result = (a + b) | 0;
    core.writeBack(insn, 0, result);
    core.writeRegister(number, size, a);
    // XADD r, r of one register leaves the sum there.
    if (insn.operands[0].kind === insn.operands[1].kind)
      core.writeRegister(insn.operands[0].number, size, result);
    core.flags.set(KIND_ADD, size, result, a, b);
  },
  cmpxchg(core, insn) {
    const { size, number } = insn.operands[1];
    const a = core.readRegister(EAX, size);
    const b = core.readForWrite(insn, 0);
    const equal = a === b;
    // The destination is written either way (Pentium manual, volume 3, 25, CMPXCHG).
    core.writeBack(insn, 0, equal ? core.readRegister(number, size) : b);
    if (!equal) core.writeRegister(EAX, size, b);
    core.flags.set(KIND_SUB, size, (a - b) | 0, a, b);
  },
  cmpxchg8b(core, insn) {
    const { access, i32, flags } = core;
    const offset = core.offset(insn);
    const linear = access.forWrite(insn.segment, offset, 8);
    access.checkAligned(linear, 8);
    access.probeWrite(linear, 4, core.cpl);
    access.probeWrite((linear + 4) | 0, 4, core.cpl);
    const low = access.read(linear, 4, core.cpl);
    const high = access.read((linear + 4) | 0, 4, core.cpl);
    const equal = low === i32[EAX] && high === i32[EDX];
    access.write(linear, 4, equal ? i32[EBX] : low, core.cpl);
    access.write((linear + 4) | 0, 4, equal ? i32[ECX] : high, core.cpl);
    if (!equal) {
      i32[EAX] = low;
      i32[EDX] = high;
    }
    flags.change(ZF, equal ? ZF : 0);
  },
};
