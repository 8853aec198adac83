import type { Core } from '../core.ts';
import { IMMEDIATE, type Instruction, MEMORY } from '../decode/decoder.ts';
import { CF, OF, ZF } from '../flags.ts';
import type { Handlers } from './handler.ts';

/** Shifts, rotates and single bits (80386 Programmer's Reference, 3.4). */

/** Counts are taken modulo 32, unlike on the 8086 (17, SAL). */
const countOf = (core: Core, insn: Instruction, which: number): number => core.read(insn, which) & 31;

/** CF after a shift by more than the operand's bits: on a 386 the last bit out when they are a multiple of those; else 0. */
const beyond = (core: Core, count: number, bits: number, last: number): number =>
  core.processor.undefinedFlags === 'as a 386' && count % bits === 0 ? last : 0;

/** Sizes narrower than 32 bits are worked in the low bits of a number; counts may exceed the size. */
function shiftLeft(core: Core, insn: Instruction): void {
  const { size } = insn.operands[0];
  const value = core.readForWrite(insn, 0);
  const count = countOf(core, insn, 1);
  if (count === 0) return;
  const bits = size * 8;
  const result = value << count;
  const carry = count > bits ? beyond(core, count, bits, value & 1) : (value >>> (bits - count)) & 1;
  core.writeBack(insn, 0, result);
  const { flags } = core;
  const adjust = (result & flags.adjust) | flags.adjustLeft;
  flags.raw(size, result, carry | adjust, ((result >>> (bits - 1)) & 1) ^ carry);
}

function shiftRight(core: Core, insn: Instruction): void {
  const { size } = insn.operands[0];
  const value = core.readForWrite(insn, 0);
  const count = countOf(core, insn, 1);
  if (count === 0) return;
  const result = value >>> count;
  core.writeBack(insn, 0, result);
  // OF is the sign of the operand for a count of 1, and what the two top bits say for others (undefined there).
  const bits = size * 8;
  const top = (result >>> (bits - 1)) & 1;
  const second = (result >>> (bits - 2)) & 1;
  const { flags } = core;
  const carry = count > bits ? beyond(core, count, bits, value >>> (bits - 1)) : (value >>> (count - 1)) & 1;
  flags.raw(size, result, carry | flags.adjust, top ^ second);
}

function shiftArithmetic(core: Core, insn: Instruction): void {
  const { size } = insn.operands[0];
  const raw = core.readForWrite(insn, 0);
  const count = countOf(core, insn, 1);
  if (count === 0) return;
  const unused = 32 - size * 8;
  const value = (raw << unused) >> unused;
  const result = value >> count;
  core.writeBack(insn, 0, result);
  const { flags } = core;
  flags.raw(size, result, ((value >> (count - 1)) & 1) | flags.adjust, 0);
}

/** ROL and ROR change CF and OF alone, and not even those when the masked count is 0. */
function rotate(core: Core, insn: Instruction, left: boolean): void {
  const { size } = insn.operands[0];
  const value = core.readForWrite(insn, 0);
  const count = countOf(core, insn, 1);
  if (count === 0) return;
  const bits = size * 8;
  const by = (left ? count : bits - (count % bits)) % bits;
  const unsigned = value >>> 0;
  const result = by === 0 ? value : (unsigned << by) | (unsigned >>> (bits - by));
  core.writeBack(insn, 0, result);
  const top = (result >>> (bits - 1)) & 1;
  const carry = left ? result & 1 : top;
  const overflow = left ? top ^ carry : top ^ ((result >>> (bits - 2)) & 1);
  setCarryOverflow(core, carry, overflow);
}

/** RCL and RCR rotate through CF: one bit at a time, as the count is at most 31. */
function rotateCarry(core: Core, insn: Instruction, left: boolean): void {
  const { size } = insn.operands[0];
  let value = core.readForWrite(insn, 0);
  const bits = size * 8;
  const count = countOf(core, insn, 1);
  if (count === 0) return;
  let carry = core.flags.cf();
  for (let n = count % (bits + 1); n > 0; n--) {
    const top = (value >>> (bits - 1)) & 1;
    if (left) {
      value = (value << 1) | carry;
      carry = top;
    } else {
      const low = value & 1;
      value = ((value >>> 1) & ~(1 << (bits - 1))) | (carry << (bits - 1));
      carry = low;
    }
  }
  core.writeBack(insn, 0, value);
  const top = (value >>> (bits - 1)) & 1;
  setCarryOverflow(core, carry, left ? top ^ carry : top ^ ((value >>> (bits - 2)) & 1));
}

function setCarryOverflow(core: Core, carry: number, overflow: number): void {
  core.flags.change(CF | OF, (carry ? CF : 0) | (overflow ? OF : 0));
}

/** SHLD and SHRD (17): a count above the operand size leaves the result undefined, and what it is depends on the model (docs/cpu.md). */
function shiftDouble(core: Core, insn: Instruction, left: boolean): void {
  const { size } = insn.operands[0];
  const value = core.readForWrite(insn, 0);
  const fill = core.read(insn, 1);
  const count = countOf(core, insn, 2);
  if (count === 0) return;
  // What follows the pair of words, where a count above 16 reaches it.
  const { shiftsBack, revision } = core.processor;
  const third = count <= 16 ? 0 : shiftsBack ? value : fill;
  let result: number;
  let carry: number;
  if (size === 4) {
    result = left ? (value << count) | (fill >>> (32 - count)) : (value >>> count) | (fill << (32 - count));
    carry = left ? (value >>> (32 - count)) & 1 : (value >>> (count - 1)) & 1;
  } else if (left) {
    const pair = (value << 16) | fill;
    result = ((pair << count) | (revision < 2 ? 0 : third << (count - 16))) >>> 16;
    carry = (pair >>> (32 - count)) & 1;
  } else {
    const pair = (fill << 16) | value;
    result = (pair >>> count) | (third << (32 - count));
    carry = (pair >>> (count - 1)) & 1;
  }
  core.writeBack(insn, 0, result);
  const top = 1 << (size * 8 - 1);
  core.flags.raw(size, result, carry, (value ^ result) & top ? 1 : 0);
}

/** BT and its kin: a bit offset in a register reaches beyond a memory operand (17, BT). */
function bit(core: Core, insn: Instruction, change: ((value: number, mask: number) => number) | null): void {
  const [target, source] = insn.operands;
  const bits = target.size * 8;
  const index = core.readSigned(insn, 1);
  const mask = 1 << (index & (bits - 1));
  let value: number;
  if (target.kind === MEMORY && source.kind !== IMMEDIATE) {
    const unit = (index >> (target.size === 4 ? 5 : 4)) * target.size;
    const offset = core.offset(insn) + unit;
    const wrapped = insn.addressSize === 2 ? offset & 0xffff : offset | 0;
    if (change) {
      value = core.readForWriteAt(insn.segment, wrapped, target.size);
      core.writeBackAt(target.size, change(value, mask));
    } else {
      value = core.access.readSegment(insn.segment, wrapped, target.size);
    }
  } else if (change) {
    value = core.readForWrite(insn, 0);
    core.writeBack(insn, 0, change(value, mask));
  } else {
    value = core.read(insn, 0);
  }
  const overflow = core.processor.undefinedFlags === 'as a 386' ? OF : 0;
  const turned = overflow && overflowOfTest(value, index & (bits - 1), bits) ? OF : 0;
  core.flags.change(CF | overflow, (value & mask ? CF : 0) | turned);
}

/** OF as a 386 leaves it after BT: that of an RCR which brings bit `index` into CF, that was 0. */
function overflowOfTest(value: number, index: number, bits: number): boolean {
  const bitAt = (n: number): number => (n === -1 ? 0 : (value >>> (n < 0 ? bits - 1 : n)) & 1);
  return bitAt(index - 1) !== bitAt(index - 2);
}

/** With a source of zero the destination keeps its value. */
function scan(core: Core, insn: Instruction, find: (value: number) => number): void {
  const value = core.read(insn, 1);
  core.flags.change(ZF, value === 0 ? ZF : 0);
  if (value !== 0) core.write(insn, 0, find(value));
}

export const BIT_HANDLERS: Handlers = {
  shl: shiftLeft,
  shr: shiftRight,
  sar: shiftArithmetic,
  rol: (core, insn) => rotate(core, insn, true),
  ror: (core, insn) => rotate(core, insn, false),
  rcl: (core, insn) => rotateCarry(core, insn, true),
  rcr: (core, insn) => rotateCarry(core, insn, false),
  shld: (core, insn) => shiftDouble(core, insn, true),
  shrd: (core, insn) => shiftDouble(core, insn, false),
  bt: (core, insn) => bit(core, insn, null),
  bts: (core, insn) => bit(core, insn, (value, mask) => value | mask),
  btr: (core, insn) => bit(core, insn, (value, mask) => value & ~mask),
  btc: (core, insn) => bit(core, insn, (value, mask) => value ^ mask),
  bsf: (core, insn) => scan(core, insn, (value) => 31 - Math.clz32(value & -value)),
  bsr: (core, insn) => scan(core, insn, (value) => 31 - Math.clz32(value)),
  bswap(core, insn) {
    const { number, size } = insn.operands[0];
    if (size === 2 && core.processor.revision >= 2) {
      // Undefined by the manual, and 0 on Intel's processors (docs/cpu.md).
      core.writeRegister(number, 2, 0);
      return;
    }
    const value = core.i32[number];
    core.i32[number] = (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  },
};
