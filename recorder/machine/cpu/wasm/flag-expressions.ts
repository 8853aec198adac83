import type { Expression, Truth } from '../blocks/meaning.ts';
import { add, and, choose, compare, not, or, sar, shl, shr, word, xor } from '../blocks/meaning.ts';
import {
  AF,
  CF,
  KIND_ADD,
  KIND_ALL,
  KIND_DEC,
  KIND_INC,
  KIND_MASK,
  KIND_RAW,
  KIND_SBB,
  KIND_SHIFT,
  KIND_SUB,
  OF,
  PF,
  SF,
  ZF,
} from '../flags.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';

/**
 * The flags that flags.ts computes from the lazy ones, as expressions for a kind of operation that is known at compile time. A test
 * compares both for every kind.
 */

const R = word(FLAG_RESULT);
const A = word(FLAG_A);
const B = word(FLAG_B);
/** By how much the operands are shifted to the top: known with the kind, or read. */
const SHIFT = shr(word(FLAG_KIND), KIND_SHIFT);

export const KINDS = [KIND_SUB, KIND_ADD, KIND_SBB, KIND_INC, KIND_DEC, KIND_RAW, KIND_ALL] as const;

/** Bit n is the even parity of n, 0-15. */
const NIBBLE_PARITY = 0x9669;

const bit = (truth: Truth): Expression => choose(truth, 1, 0);
const flagOfA = (flag: number): Expression => and(shr(A, Math.log2(flag)), 1);

/** CF, 0 or 1. */
export function carry(kind: number): Expression {
  switch (kind & KIND_MASK) {
    case KIND_SUB:
      return bit(compare(A, '<u', B));
    case KIND_ADD:
      return shr(or(and(A, B), and(or(A, B), not(R))), 31);
    case KIND_SBB:
      return shr(or(and(not(A), B), and(or(not(A), B), R)), 31);
    case KIND_INC:
    case KIND_DEC:
      return B;
    default:
      return and(A, 1);
  }
}

function overflow(kind: number): Expression {
  switch (kind & KIND_MASK) {
    case KIND_SUB:
    case KIND_SBB:
      return shr(and(xor(A, B), xor(A, R)), 31);
    case KIND_ADD:
      return shr(and(xor(A, R), xor(B, R)), 31);
    case KIND_INC:
      return bit(compare(R, '===', -0x80000000));
    case KIND_DEC:
      return bit(compare(A, '===', -0x80000000));
    case KIND_RAW:
      return bit(compare(B, '!==', 0));
    default:
      return flagOfA(OF);
  }
}

const sign = (kind: number): Expression => ((kind & KIND_MASK) === KIND_ALL ? flagOfA(SF) : shr(R, 31));

/** A kind that settle or change has made has no shift: it is KIND_ALL itself that flags.ts asks for. */
function parity(kind: number): Expression {
  if ((kind & KIND_MASK) === KIND_ALL) return flagOfA(PF);
  const byte = shr(R, SHIFT);
  return and(sar(NIBBLE_PARITY, and(xor(byte, shr(byte, 4)), 15)), 1);
}

function adjust(kind: number): Expression {
  switch (kind & KIND_MASK) {
    case KIND_SUB:
    case KIND_ADD:
    case KIND_SBB:
      return and(shr(xor(xor(A, B), R), SHIFT), AF);
    case KIND_INC:
    case KIND_DEC:
      return and(shr(xor(A, R), SHIFT), AF);
    default:
      return and(A, AF);
  }
}

const zero = compare(R, '===', 0);
const placed = (flag: Expression, at: number): Expression => shl(flag, Math.log2(at));

/** The six arithmetic flags in their places. */
export const arithmetic = (kind: number): Expression =>
  [
    placed(parity(kind), PF),
    adjust(kind),
    choose(zero, ZF, 0),
    placed(sign(kind), SF),
    placed(overflow(kind), OF),
  ].reduce((all, flag) => or(all, flag), carry(kind));

/** After a subtraction its operands tell. */
const SUBTRACTED: Readonly<Record<number, Truth>> = {
  2: compare(A, '<u', B),
  3: compare(A, '>=u', B),
  6: compare(A, '<=u', B),
  7: compare(A, '>u', B),
  12: compare(A, '<', B),
  13: compare(A, '>=', B),
  14: compare(A, '<=', B),
  15: compare(A, '>', B),
};

/** Condition `code` (80386 Programmer's Reference, appendix D) after an operation of `kind`. */
export function condition(kind: number, code: number): Truth {
  if ((kind & KIND_MASK) === KIND_SUB && code in SUBTRACTED) return SUBTRACTED[code];
  const operator = (code & 1) === 0 ? '!==' : '===';
  const less = xor(sign(kind), overflow(kind));
  switch (code >>> 1) {
    case 0:
      return compare(overflow(kind), operator, 0);
    case 1:
      return compare(carry(kind), operator, 0);
    case 2:
      return compare(R, (code & 1) === 0 ? '===' : '!==', 0);
    case 3:
      return compare(or(carry(kind), bit(zero)), operator, 0);
    case 4:
      return compare(sign(kind), operator, 0);
    case 5:
      return compare(parity(kind), operator, 0);
    case 6:
      return compare(less, operator, 0);
    default:
      return compare(or(less, bit(zero)), operator, 0);
  }
}

const has = (flags: Expression, flag: number): Expression => and(shr(flags, Math.log2(flag)), 1);

/** The condition by the six flags in their places. */
export function conditionOf(flags: Expression, code: number): Truth {
  const operator = (code & 1) === 0 ? '!==' : '===';
  const less = xor(has(flags, SF), has(flags, OF));
  const tests: readonly Expression[] = [
    has(flags, OF),
    has(flags, CF),
    has(flags, ZF),
    and(flags, CF | ZF),
    has(flags, SF),
    has(flags, PF),
    less,
    add(less, has(flags, ZF)),
  ];
  return compare(tests[code >>> 1], operator, 0);
}
