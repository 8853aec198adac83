import { CR0_EM, CR0_MP, CR0_TS } from '../../control-registers.ts';
import type { Core } from '../core.ts';
import { type Instruction, MEMORY, REGISTER } from '../decode/decoder.ts';
import { COPROCESSOR_ERROR, INVALID_OPCODE, NO_COPROCESSOR } from '../fault.ts';
import { loadEnvironment, storeEnvironment } from '../fpu/environment.ts';
import {
  BEFORE,
  BIAS,
  C0,
  C1,
  C2,
  C3,
  classOf,
  EMPTY,
  EXPONENT,
  IE,
  INTEGER_BIT,
  OE,
  SIGN,
  STACK_FAULT,
  UE,
} from '../fpu/float80.ts';
import { OperandBuffer } from '../fpu/operands.ts';
import type { Fpu } from '../fpu/unit.ts';
import {
  CR0,
  CS,
  EAX,
  EIP,
  FPU_DATA_OFFSET,
  FPU_DATA_SELECTOR,
  FPU_INSTRUCTION_OFFSET,
  FPU_INSTRUCTION_SELECTOR,
  FPU_OPCODE,
  FPU_STATUS,
} from '../state.ts';
import type { Handler, Handlers } from './handler.ts';

/** The coprocessor's instructions (SDM volume 1, chapter 8; volume 2). */

type Body = (fpu: Fpu, core: Core, insn: Instruction) => void;

/** Any of these makes the coprocessor's instructions exception 7, all of those WAIT. */
const UNAVAILABLE = CR0_EM | CR0_TS;
const WAIT_UNAVAILABLE = CR0_MP | CR0_TS;

const buffer = new OperandBuffer();

/** The rules of CR0.EM and TS; false on a machine without a coprocessor, whose escapes do nothing. */
function reachable(core: Core): boolean {
  if (core.i32[CR0] & UNAVAILABLE) core.fault(NO_COPROCESSOR, 0);
  return core.fpu.present;
}

/** An exception that an earlier instruction left comes before anything that waits (SDM volume 1, 8.7). */
export function awaitCoprocessor(core: Core): void {
  const { fpu } = core;
  if (fpu.mayProceed()) return;
  if (fpu.native) core.fault(COPROCESSOR_ERROR, 0);
  fpu.assertError();
  core.freeze();
}

/** Remembers the instruction, and its operand in memory: to be called once that has been reached without a fault. */
function note(core: Core, insn: Instruction): void {
  const { i32 } = core;
  i32[FPU_INSTRUCTION_OFFSET] = i32[EIP];
  i32[FPU_INSTRUCTION_SELECTOR] = core.segments.selector(CS);
  i32[FPU_OPCODE] = ((insn.condition & 7) << 8) | insn.modrm;
  if (insn.modrm >= 0xc0) return;
  i32[FPU_DATA_OFFSET] = core.offset(insn);
  i32[FPU_DATA_SELECTOR] = core.segments.selector(insn.segment);
}

/** A control instruction that does not wait. */
const control =
  (body: Body): Handler =>
  (core, insn) => {
    if (reachable(core)) body(core.fpu, core, insn);
  };

/** A control instruction that waits. */
const waitingControl =
  (body: Body): Handler =>
  (core, insn) => {
    if (!reachable(core)) return;
    awaitCoprocessor(core);
    body(core.fpu, core, insn);
  };

/** Any other instruction without an operand to read from memory. */
const waiting =
  (body: Body): Handler =>
  (core, insn) => {
    if (!reachable(core)) return;
    awaitCoprocessor(core);
    const { fpu } = core;
    fpu.math.begin(fpu.control);
    body(fpu, core, insn);
    note(core, insn);
  };

// --- Operands ----------------------------------------------------------------------------------------------------------

/** Brings a real (or, for FI..., integer) operand in memory into `math`. */
function source(fpu: Fpu, core: Core, insn: Instruction, integer: boolean): void {
  const { math } = fpu;
  const { size } = insn.operands[insn.operands.length - 1];
  buffer.read(core, insn, size);
  const [low, high] = buffer.words;
  if (integer) {
    const value = size === 2 ? (low << 16) >> 16 : low;
    math.fromInteger(size === 8 ? high : value >> 31, value);
  } else if (size === 4) math.fromSingle(low);
  else if (size === 8) math.fromDouble(high, low);
  else {
    math.se = buffer.words[2] & 0xffff;
    math.hi = high;
    math.lo = low;
  }
}

const isInteger = ({ mnemonic }: Instruction): boolean => mnemonic.startsWith('fi');

// --- Arithmetic --------------------------------------------------------------------------------------------------------

const ADD = 0;
const MULTIPLY = 1;
const SUBTRACT = 4;
const SUBTRACT_REVERSED = 5;
const DIVIDE = 6;
const DIVIDE_REVERSED = 7;

/** ST(target) = ST(target) op (bse, bh, bl). */
function operate(
  fpu: Fpu,
  i32: Int32Array,
  op: number,
  target: number,
  bse: number,
  bh: number,
  bl: number,
): void {
  const { math } = fpu;
  const at = fpu.at(target);
  const al = i32[at];
  const ah = i32[at + 1];
  const ase = i32[at + 2];
  switch (op) {
    case ADD:
      math.add(ase, ah, al, bse, bh, bl);
      break;
    case MULTIPLY:
      math.multiply(ase, ah, al, bse, bh, bl);
      break;
    case SUBTRACT:
      math.subtract(ase, ah, al, bse, bh, bl);
      break;
    case SUBTRACT_REVERSED:
      math.subtract(bse, bh, bl, ase, ah, al);
      break;
    case DIVIDE:
      math.divide(ase, ah, al, bse, bh, bl);
      break;
    default:
      math.divide(bse, bh, bl, ase, ah, al);
  }
}

const arithmetic = (op: number, integer: boolean, pops: number): Handler =>
  waiting((fpu, core, insn) => {
    const [target, other] = insn.operands;
    const { i32 } = core;
    if (target.kind === MEMORY) {
      source(fpu, core, insn, integer);
      if (fpu.isEmpty(0)) {
        fpu.underflow(0);
        return;
      }
      const { se, hi, lo } = fpu.math;
      operate(fpu, i32, op, 0, se, hi, lo);
      fpu.deliver(0);
      return;
    }
    const to = target.number;
    const from = other.number;
    if (fpu.isEmpty(to) || fpu.isEmpty(from)) {
      fpu.underflow(to, pops);
      return;
    }
    const at = fpu.at(from);
    operate(fpu, i32, op, to, i32[at + 2], i32[at + 1], i32[at]);
    fpu.deliver(to, pops);
  });

type Unary = (fpu: Fpu, se: number, hi: number, lo: number) => void;

/** An operation on ST(0) alone. */
const unary = (operation: Unary): Handler =>
  waiting((fpu, core) => {
    if (fpu.isEmpty(0)) {
      fpu.underflow(0);
      return;
    }
    const at = fpu.at(0);
    operation(fpu, core.i32[at + 2], core.i32[at + 1], core.i32[at]);
    fpu.deliver(0);
  });

/** FCHS, FABS: of anything, without exceptions. */
const changeSign = (sign: (se: number) => number): Handler =>
  unary(({ math }, se, hi, lo) => {
    math.se = sign(se);
    math.hi = hi;
    math.lo = lo;
  });

type Binary = (fpu: Fpu, ase: number, ah: number, al: number, bse: number, bh: number, bl: number) => void;

/** An operation on ST(0) and ST(1), with the result in ST(`to`). */
const ofTwo = (operation: Binary, to: number, pops: number): Handler =>
  waiting((fpu, { i32 }) => {
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) {
      fpu.underflow(to, pops);
      return;
    }
    const a = fpu.at(0);
    const b = fpu.at(1);
    operation(fpu, i32[a + 2], i32[a + 1], i32[a], i32[b + 2], i32[b + 1], i32[b]);
    fpu.deliver(to, pops);
  });

const remainder = (nearest: boolean): Handler =>
  waiting((fpu, { i32 }) => {
    // C2 tells of a reduction that is not complete, whatever else; C3 and C0 stay when there is no quotient.
    i32[FPU_STATUS] &= ~C2;
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) {
      fpu.underflow(0);
      return;
    }
    const a = fpu.at(0);
    const b = fpu.at(1);
    const { math } = fpu;
    const bits = math.remainder(i32[a + 2], i32[a + 1], i32[a], i32[b + 2], i32[b + 1], i32[b], nearest);
    if (fpu.deliver(0) && bits >= 0) fpu.setConditions(bits);
  });

/** Room for a second result, and something to make it from; false when the masked response to a stack fault is made. */
function roomForTwo(fpu: Fpu): boolean {
  const empty = fpu.isEmpty(0);
  if (!empty && fpu.isEmpty(7)) return true;
  fpu.report(IE | STACK_FAULT | (empty ? 0 : C1));
  if (fpu.isMasked(IE)) {
    fpu.setIndefinite(0);
    fpu.moveTop(-1);
    fpu.setIndefinite(0);
  }
  return false;
}

/** FXTRACT: the exponent takes the place of the number, the significand is pushed. */
const extract = waiting((fpu, { i32 }) => {
  if (!roomForTwo(fpu)) return;
  const { math } = fpu;
  const at = fpu.at(0);
  math.extract(i32[at + 2], i32[at + 1], i32[at]);
  fpu.report(math.flags);
  if (math.unmasked() & BEFORE) return;
  fpu.set(0, math.exponentSe, math.exponentHi, math.exponentLo);
  fpu.push(math.se, math.hi, math.lo);
});

/** C2 says that the argument is too large, and has been left alone. */
function inRange(fpu: Fpu, i32: Int32Array): boolean {
  const at = fpu.at(0);
  const within = fpu.math.inRange(i32[at + 2], i32[at + 1]);
  if (!within) i32[FPU_STATUS] = (i32[FPU_STATUS] & ~C1) | C2;
  return within;
}

/** FSIN, FCOS. */
const circular = (operation: Unary): Handler =>
  waiting((fpu, { i32 }) => {
    i32[FPU_STATUS] &= ~C2;
    if (fpu.isEmpty(0)) {
      fpu.underflow(0);
      return;
    }
    if (!inRange(fpu, i32)) return;
    const at = fpu.at(0);
    operation(fpu, i32[at + 2], i32[at + 1], i32[at]);
    fpu.deliver(0);
  });

/** FSINCOS, FPTAN: `first` takes the place of the argument, `second` of the same argument is pushed. */
const circularPair = (first: Unary, second: Unary): Handler =>
  waiting((fpu, { i32 }) => {
    i32[FPU_STATUS] &= ~C2;
    if (!roomForTwo(fpu) || !inRange(fpu, i32)) return;
    const at = fpu.at(0);
    const lo = i32[at];
    const hi = i32[at + 1];
    const se = i32[at + 2];
    first(fpu, se, hi, lo);
    if (!fpu.deliver(0)) return;
    const { flags } = fpu.math;
    fpu.math.flags &= ~C1;
    second(fpu, se, hi, lo);
    fpu.report((fpu.math.flags & ~C1) | flags);
    fpu.push(fpu.math.se, fpu.math.hi, fpu.math.lo);
  });

/** FPTAN pushes 1, or the NaN that the tangent is. */
const oneOrNan: Unary = ({ math }) => {
  if ((math.se & EXPONENT) === EXPONENT && math.hi << 1 !== 0) return;
  math.se = BIAS;
  math.hi = INTEGER_BIT;
  math.lo = 0;
};

// --- Comparison --------------------------------------------------------------------------------------------------------

const UNORDERED = C3 | C2 | C0;

/** Compares ST(0) with the register or memory operand, or with ST(1); sets condition codes or, for FCOMI, flags. */
const compare = (ordered: boolean, pops: number, into: (core: Core, bits: number) => void): Handler =>
  waiting((fpu, core, insn) => {
    const { i32 } = core;
    const operand = insn.operands[insn.operands.length - 1];
    const memory = operand?.kind === MEMORY;
    if (memory) source(fpu, core, insn, isInteger(insn));
    const { math } = fpu;
    let { se, hi, lo } = math;
    const from = operand?.number ?? 1;
    if (fpu.isEmpty(0) || (!memory && fpu.isEmpty(from))) {
      fpu.report(IE | STACK_FAULT);
      into(core, UNORDERED);
      if (fpu.isMasked(IE)) fpu.pop(pops);
      return;
    }
    if (!memory) {
      const at = fpu.at(from);
      lo = i32[at];
      hi = i32[at + 1];
      se = i32[at + 2];
    }
    const at = fpu.at(0);
    const bits = math.compare(i32[at + 2], i32[at + 1], i32[at], se, hi, lo, ordered);
    fpu.report(math.flags);
    into(core, bits);
    if ((math.unmasked() & BEFORE) === 0) fpu.pop(pops);
  });

const conditions = (core: Core, bits: number): void => core.fpu.setConditions(bits);

/** C3, C2 and C0 are ZF, PF and CF; OF, SF and AF are cleared. */
function flags(core: Core, bits: number): void {
  core.flags.change(0x8d5, (bits & C3 ? 0x40 : 0) | (bits & C2 ? 0x04 : 0) | (bits & C0 ? 1 : 0));
}

const compareWithZero = waiting((fpu, { i32 }) => {
  if (fpu.isEmpty(0)) {
    fpu.report(IE | STACK_FAULT);
    fpu.setConditions(UNORDERED);
    return;
  }
  const at = fpu.at(0);
  const bits = fpu.math.compare(i32[at + 2], i32[at + 1], i32[at], 0, 0, 0, true);
  fpu.report(fpu.math.flags);
  fpu.setConditions(bits);
});

const examine = waiting((fpu, { i32 }) => {
  const at = fpu.at(0);
  const kind = fpu.isEmpty(0) ? EMPTY : classOf(i32[at + 2], i32[at + 1], i32[at]);
  const sign = i32[at + 2] & SIGN ? C1 : 0;
  fpu.setConditions((kind & 4 ? C3 : 0) | (kind & 2 ? C2 : 0) | (kind & 1 ? C0 : 0) | sign);
});

// --- Loads and stores --------------------------------------------------------------------------------------------------

const load = waiting((fpu, core, insn) => {
  const { math } = fpu;
  const [operand] = insn.operands;
  if (operand.kind === MEMORY) {
    if (insn.mnemonic === 'fbld') {
      buffer.read(core, insn, 10);
      math.fromBcd(buffer.words[0], buffer.words[1], buffer.words[2]);
    } else source(fpu, core, insn, isInteger(insn));
    if (fpu.overflows()) return;
    if (operand.size < 10) math.loaded();
  } else {
    if (fpu.isEmpty(operand.number)) {
      fpu.report(IE | STACK_FAULT);
      if (!fpu.isMasked(IE)) return;
      fpu.moveTop(-1);
      fpu.setIndefinite(0);
      return;
    }
    if (fpu.overflows()) return;
    const at = fpu.at(operand.number);
    math.lo = core.i32[at];
    math.hi = core.i32[at + 1];
    math.se = core.i32[at + 2];
  }
  fpu.report(math.flags);
  // A denormal is loaded even when it is an error.
  if ((math.unmasked() & IE) === 0) fpu.push(math.se, math.hi, math.lo);
});

/** Leaves the number in ST(0) as the operand's kind in `buffer`. */
function convert(fpu: Fpu, i32: Int32Array, insn: Instruction, size: number): void {
  const { math } = fpu;
  const { words } = buffer;
  const at = fpu.at(0);
  const lo = i32[at];
  const hi = i32[at + 1];
  const se = i32[at + 2];
  if (insn.mnemonic === 'fbstp') {
    math.toBcd(se, hi, lo);
    words[2] = math.se;
  } else if (isInteger(insn)) math.toInteger(se, hi, lo, 8 * size);
  else if (size === 4) math.toSingle(se, hi, lo);
  else if (size === 8) math.toDouble(se, hi, lo);
  else {
    math.lo = lo;
    math.hi = hi;
    words[2] = se;
  }
  words[0] = math.lo;
  words[1] = math.hi;
}

/** Stores the indefinite value, as a masked stack underflow does. */
function indefinite(insn: Instruction, size: number): void {
  const { words } = buffer;
  words[2] = 0xffff;
  words[1] = 0xc0000000 | 0;
  words[0] = 0;
  if (isInteger(insn)) {
    words[1] = 0x80000000 | 0;
    words[0] = size === 8 ? 0 : size === 4 ? 0x80000000 | 0 : 0x8000;
  } else if (size === 4) words[0] = 0xffc00000 | 0;
  else if (size === 8) words[1] = 0xfff80000 | 0;
}

const store = (pops: number): Handler =>
  waiting((fpu, core, insn) => {
    const [{ kind, number, size }] = insn.operands;
    if (kind !== MEMORY) {
      storeRegister(fpu, core, number, pops);
      return;
    }
    const empty = fpu.isEmpty(0);
    const { math } = fpu;
    if (empty) {
      math.flags = IE | STACK_FAULT;
      indefinite(insn, size);
    } else convert(fpu, core.i32, insn, size);
    const prevented = (math.unmasked() & (BEFORE | OE | UE)) !== 0;
    if (!prevented) buffer.write(core, insn, size);
    else if (core.processor.probesPreventedStores) buffer.probeWrite(core, insn, size);
    fpu.report(math.flags);
    if (!prevented) fpu.pop(pops);
  });

function storeRegister(fpu: Fpu, { i32 }: Core, number: number, pops: number): void {
  if (fpu.isEmpty(0)) {
    fpu.underflow(number, pops);
    return;
  }
  const at = fpu.at(0);
  fpu.set(number, i32[at + 2], i32[at + 1], i32[at]);
  fpu.report(0);
  fpu.pop(pops);
}

const exchange = waiting((fpu, { i32 }, insn) => {
  const [{ number }] = insn.operands;
  let flags = 0;
  if (fpu.isEmpty(0) || fpu.isEmpty(number)) {
    flags = IE | STACK_FAULT;
    if (!fpu.isMasked(IE)) {
      fpu.report(flags);
      return;
    }
    if (fpu.isEmpty(0)) fpu.setIndefinite(0);
    if (fpu.isEmpty(number)) fpu.setIndefinite(number);
  }
  const a = fpu.at(0);
  const b = fpu.at(number);
  const lo = i32[a];
  const hi = i32[a + 1];
  const se = i32[a + 2];
  fpu.set(0, i32[b + 2], i32[b + 1], i32[b]);
  fpu.set(number, se, hi, lo);
  fpu.report(flags);
});

/** Constants (SDM volume 1, 8.3.4) as (se, hi, lo) and the 32 bits below, to be rounded as the control word says. */
const constant = (se: number, hi: number, lo: number, below: number): Handler =>
  waiting((fpu) => {
    if (fpu.overflows()) return;
    fpu.math.constant(se, hi, lo, below);
    fpu.report(0);
    fpu.push(se, fpu.math.hi, fpu.math.lo);
  });

/** An instruction of the P6: without it #UD, whatever an earlier one has left. */
const ofP6 =
  (handler: Handler): Handler =>
  (core, insn) => {
    if (reachable(core) && !core.processor.has.has('cmov')) core.fault(INVALID_OPCODE, 0);
    handler(core, insn);
  };

const conditionalMove = (code: number): Handler =>
  waiting((fpu, core, insn) => {
    const { i32 } = core;
    const from = insn.operands[1].number;
    if (fpu.isEmpty(0) || fpu.isEmpty(from)) {
      fpu.underflow(0);
      return;
    }
    const at = fpu.at(from);
    if (core.flags.condition(code)) fpu.set(0, i32[at + 2], i32[at + 1], i32[at]);
  });

const comparingFlags = (ordered: boolean, pops: number): Handler => ofP6(compare(ordered, pops, flags));

const addTop = (by: number): Handler =>
  waiting((fpu) => {
    fpu.moveTop(by);
    fpu.report(0);
  });

/** Puts a word where FNSTCW and FNSTSW want it. */
function storeWord(core: Core, insn: Instruction, value: number): void {
  if (insn.operands[0].kind === REGISTER) {
    core.writeRegister(EAX, 2, value);
    return;
  }
  buffer.words[0] = value;
  buffer.write(core, insn, 2);
}

const nothing = control(() => {});

export const X87_HANDLERS: Handlers = {
  wait(core) {
    if ((core.i32[CR0] & WAIT_UNAVAILABLE) === WAIT_UNAVAILABLE) core.fault(NO_COPROCESSOR, 0);
    if (core.fpu.present) awaitCoprocessor(core);
  },
  fpreserved: control((_fpu, core) => core.fault(INVALID_OPCODE, 0)),
  fcom: compare(true, 0, conditions),
  fcomp: compare(true, 1, conditions),
  fcompp: compare(true, 2, conditions),
  ficom: compare(true, 0, conditions),
  ficomp: compare(true, 1, conditions),
  fucom: compare(false, 0, conditions),
  fucomp: compare(false, 1, conditions),
  fucompp: compare(false, 2, conditions),
  fcomi: comparingFlags(true, 0),
  fcomip: comparingFlags(true, 1),
  fucomi: comparingFlags(false, 0),
  fucomip: comparingFlags(false, 1),
  ftst: compareWithZero,
  fxam: examine,
  fld: load,
  fild: load,
  fbld: load,
  fst: store(0),
  fstp: store(1),
  fist: store(0),
  fistp: store(1),
  // D9 D8: an FSTP that only pops when ST(0) is empty.
  fstp1: waiting((fpu, { i32 }, insn) => {
    const at = fpu.at(0);
    if (!fpu.isEmpty(0)) fpu.set(insn.operands[0].number, i32[at + 2], i32[at + 1], i32[at]);
    fpu.report(0);
    fpu.pop();
  }),
  fbstp: store(1),
  fxch: exchange,
  fchs: changeSign((se) => se ^ SIGN),
  fabs: changeSign((se) => se & ~SIGN),
  fsqrt: unary(({ math }, se, hi, lo) => math.squareRoot(se, hi, lo)),
  frndint: unary(({ math }, se, hi, lo) => math.roundToInteger(se, hi, lo)),
  fxtract: extract,
  f2xm1: unary(({ math }, se, hi, lo) => math.exponential(se, hi, lo)),
  fyl2x: ofTwo(({ math }, ase, ah, al, bse, bh, bl) => math.logarithm(ase, ah, al, bse, bh, bl), 1, 1),
  fyl2xp1: ofTwo(
    ({ math }, ase, ah, al, bse, bh, bl) => math.logarithmPlusOne(ase, ah, al, bse, bh, bl),
    1,
    1,
  ),
  fpatan: ofTwo(({ math }, ase, ah, al, bse, bh, bl) => math.arctangent(ase, ah, al, bse, bh, bl), 1, 1),
  fsin: circular(({ math }, se, hi, lo) => math.sine(se, hi, lo)),
  fcos: circular(({ math }, se, hi, lo) => math.cosine(se, hi, lo)),
  fsincos: circularPair(
    ({ math }, se, hi, lo) => math.sine(se, hi, lo),
    ({ math }, se, hi, lo) => math.cosine(se, hi, lo),
  ),
  fptan: circularPair(({ math }, se, hi, lo) => math.tangent(se, hi, lo), oneOrNan),
  fprem: remainder(false),
  fprem1: remainder(true),
  fscale: ofTwo(({ math }, ase, ah, al, bse, bh, bl) => math.scale(ase, ah, al, bse, bh, bl), 0, 0),
  fld1: constant(0x3fff, 0x80000000 | 0, 0, 0),
  fldl2t: constant(0x4000, 0xd49a784b | 0, 0xcd1b8afe | 0, 0x492bf6ff),
  fldl2e: constant(0x3fff, 0xb8aa3b29 | 0, 0x5c17f0bb | 0, 0xbe87fed0 | 0),
  fldpi: constant(0x4000, 0xc90fdaa2 | 0, 0x2168c234 | 0, 0xc4c6628c | 0),
  fldlg2: constant(0x3ffd, 0x9a209a84 | 0, 0xfbcff798 | 0, 0x8f8959ac | 0),
  fldln2: constant(0x3ffe, 0xb17217f7 | 0, 0xd1cf79ab | 0, 0xc9e3b398 | 0),
  fldz: constant(0, 0, 0, 0),
  fdecstp: addTop(-1),
  fincstp: addTop(1),
  ffree: waiting((fpu, _core, insn) => {
    fpu.setEmpty(insn.operands[0].number);
    fpu.report(0);
  }),
  ffreep: waiting((fpu, _core, insn) => {
    fpu.setEmpty(insn.operands[0].number);
    fpu.report(0);
    fpu.pop();
  }),
  fnop: waiting(() => {}),
  fninit: control((fpu) => fpu.initialise()),
  fnclex: control((fpu) => fpu.clearExceptions()),
  // 8087 and 80287 instructions that later processors ignore.
  fneni: nothing,
  fndisi: nothing,
  fnsetpm: nothing,
  fldcw: waitingControl((fpu, core, insn) => {
    buffer.read(core, insn, 2);
    fpu.control = buffer.words[0];
  }),
  fnstcw: control((fpu, core, insn) => storeWord(core, insn, fpu.control)),
  fnstsw: control((fpu, core, insn) => storeWord(core, insn, fpu.status)),
  fldenv: waitingControl((fpu, core, insn) => loadEnvironment(core, insn, fpu, false)),
  frstor: waitingControl((fpu, core, insn) => loadEnvironment(core, insn, fpu, true)),
  fnstenv: control((fpu, core, insn) => {
    storeEnvironment(core, insn, fpu, false);
    fpu.control |= 0x3f;
  }),
  fnsave: control((fpu, core, insn) => {
    storeEnvironment(core, insn, fpu, true);
    fpu.initialise();
  }),
};

for (const [name, op, pop] of [
  ['add', ADD, 'addp'],
  ['mul', MULTIPLY, 'mulp'],
  ['sub', SUBTRACT, 'subp'],
  ['subr', SUBTRACT_REVERSED, 'subrp'],
  ['div', DIVIDE, 'divp'],
  ['divr', DIVIDE_REVERSED, 'divrp'],
] as const) {
  X87_HANDLERS[`f${name}`] = arithmetic(op, false, 0);
  X87_HANDLERS[`fi${name}`] = arithmetic(op, true, 0);
  X87_HANDLERS[`f${pop}`] = arithmetic(op, false, 1);
}

for (const [code, name] of [
  [2, 'b'],
  [4, 'e'],
  [6, 'be'],
  [10, 'u'],
  [3, 'nb'],
  [5, 'ne'],
  [7, 'nbe'],
  [11, 'nu'],
] as const) {
  X87_HANDLERS[`fcmov${name}`] = ofP6(conditionalMove(code));
}

// Other encodings of the same instructions.
for (const [alias, name] of [
  ['fxch4', 'fxch'],
  ['fxch7', 'fxch'],
  ['fcom2', 'fcom'],
  ['fcomp3', 'fcomp'],
  ['fcomp5', 'fcomp'],
  ['fstp8', 'fstp'],
  ['fstp9', 'fstp'],
] as const) {
  X87_HANDLERS[alias] = X87_HANDLERS[name];
}
