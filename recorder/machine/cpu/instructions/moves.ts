import type { Core } from '../core.ts';
import { type Instruction, MEMORY, REGISTER, SEGMENT } from '../decode/decoder.ts';
import { BOUNDS, INVALID_OPCODE } from '../fault.ts';
import { AF, ALWAYS, CF, PF, SF, ZF } from '../flags.ts';
import { CPL, CS, DS, EAX, EBP, EBX, EDI, ES, ESP, FS, GS, SHADOW, SS } from '../state.ts';
import { flagsToPush, popFlags, requireFlags } from '../transfers/virtual86.ts';
import type { Handlers } from './handler.ts';

/** Data movement and the stack (80386 Programmer's Reference, 3.1). */

/** Byte register AH, by its number in an encoding. */
const AH = 4;

/** A load of ESP other than by PUSH, POP, CALL, RET or arithmetic: may be a move to another thread's stack. */
export function loadStackPointer(core: Core, insn: Instruction, which: number, value: number): void {
  const old = core.i32[ESP];
  core.write(insn, which, value);
  core.stackLoaded(old, core.i32[ESP]);
}

const isStackPointer = (insn: Instruction, which: number): boolean => {
  const operand = insn.operands[which];
  return operand.kind === REGISTER && operand.number === ESP && operand.size >= 2;
};

/** Stores of a selector to a 32-bit register are zero-extended, to memory 2 bytes (17, MOV). */
function storeSelector(core: Core, insn: Instruction, value: number): void {
  if (insn.operands[0].kind === MEMORY) core.access.writeSegment(insn.segment, core.offset(insn), 2, value);
  else core.write(insn, 0, value);
}

function loadFarPointer(segment: number) {
  return (core: Core, insn: Instruction): void => {
    const { operandSize } = insn;
    const linear = core.access.forRead(insn.segment, core.offset(insn), operandSize + 2);
    const value = core.access.read(linear, operandSize, core.cpl);
    const selector = core.access.read((linear + operandSize) | 0, 2, core.cpl);
    const oldEsp = core.i32[ESP];
    core.segments.load(segment, selector);
    // LSS needs no instruction beside it: it loads both halves of the stack pointer.
    if (segment === SS) core.i32[SHADOW] = 0;
    core.write(insn, 0, value);
    if (insn.operands[0].number === ESP) core.stackLoaded(oldEsp, core.i32[ESP]);
  };
}

function push(core: Core, insn: Instruction): void {
  // The 386 pushes the value ESP had before (14.7). A selector takes a whole slot of operand size.
  const { operandSize } = insn;
  const narrow = insn.operands[0].kind === SEGMENT && !core.processor.extendsSelectors;
  core.access.push(core.read(insn, 0), operandSize, narrow ? 2 : operandSize);
}

function popSelector(core: Core, segment: number, size: number): void {
  const { access, i32, processor } = core;
  const selector = access.peek(0, processor.extendsSelectors ? size : 2) & 0xffff;
  // The size of the stack is that before POP SS (17, POP).
  const raised = access.raised(size);
  core.segments.load(segment, selector);
  i32[ESP] = processor.revision < 2 ? access.raised(size) : raised;
}

function pop(core: Core, insn: Instruction): void {
  const { access, i32 } = core;
  const size = insn.operandSize;
  const operand = insn.operands[0];
  if (operand.kind === SEGMENT) {
    popSelector(core, operand.number, size);
    return;
  }
  const value = access.peek(0, size);
  const old = i32[ESP];
  access.drop(size);
  if (operand.kind !== MEMORY) {
    core.write(insn, 0, value);
    if (isStackPointer(insn, 0)) core.stackLoaded(old, i32[ESP]);
    return;
  }
  // An address that uses ESP sees it already raised (17, POP); a fault puts it back.
  const raised = i32[ESP];
  const linear = linearRestoring(core, insn, size, old);
  i32[ESP] = raised;
  access.write(linear, size, value, i32[CPL]);
}

function linearRestoring(core: Core, insn: Instruction, size: number, oldEsp: number): number {
  const offset = core.offset(insn);
  core.i32[ESP] = oldEsp;
  const linear = core.access.forWrite(insn.segment, offset, size);
  core.access.probeWrite(linear, size, core.i32[CPL]);
  return linear;
}

function pushAll(core: Core, insn: Instruction): void {
  const { access, i32 } = core;
  const size = insn.operandSize;
  access.probePush(8, size);
  const esp = i32[ESP];
  for (let n = EAX; n <= EDI; n++) access.push(n === ESP ? esp : i32[n], size);
}

function popAll(core: Core, insn: Instruction): void {
  const { access } = core;
  const size = insn.operandSize;
  const values = Array.from({ length: 8 }, (_, n) => access.peek(n * size, size));
  for (let n = EAX; n <= EDI; n++) if (n !== ESP) core.writeRegister(n, size, values[EDI - n]);
  access.drop(8 * size);
  const narrow = size === 4 && access.stackMask === 0xffff;
  if (narrow && core.processor.popsUpperEsp)
    core.i32[ESP] = (values[EDI - ESP] & ~0xffff) | (core.i32[ESP] & 0xffff);
}

/**
 * ENTER (17): pushes EBP and copies the frames of enclosing procedures, one after the other, so a copy may read what an
 * earlier push has stored. ESP and EBP change last: a fault on the way leaves pushes below ESP, as on hardware.
 */
function enter(core: Core, insn: Instruction): void {
  const { access, i32 } = core;
  const size = insn.operandSize;
  const locals = insn.operands[0].value & 0xffff;
  const level = insn.operands[1].value & 31;
  const mask = access.stackMask;
  let depth = 0;
  const push = (value: number): void => {
    depth += size;
    access.writeSegment(SS, access.stackOffset(-depth), size, value);
  };
  push(i32[EBP]);
  const frame = (i32[ESP] & ~mask) | access.stackOffset(-depth);
  for (let n = 1; n < level; n++) push(access.readSegment(SS, (i32[EBP] - n * size) & mask, size));
  if (level > 0) push(frame);
  // The last word of the new frame must be writable too (Pentium manual, volume 3, 25, ENTER).
  const end = access.stackOffset(-depth - locals);
  access.probeWrite(access.forWrite(SS, end, size), size, i32[CPL]);
  access.setStackPointer(end);
  // The operand's size says how much of EBP changes, whatever the stack's (17, ENTER).
  const bytes = core.processor.revision < 2 && mask === 0xffff ? 2 : size;
  core.writeRegister(EBP, bytes, frame);
}

function leave(core: Core, insn: Instruction): void {
  const { access, i32 } = core;
  const size = insn.operandSize;
  const mask = access.stackMask;
  const frame = i32[EBP] & mask;
  const value = access.readSegment(SS, frame, size);
  access.setStackPointer(frame + size);
  core.writeRegister(EBP, size, value);
}

/** BOUND (17): signed array index against two bounds in memory. */
function bound(core: Core, insn: Instruction): void {
  const size = insn.operandSize;
  const linear = core.access.forRead(insn.segment, core.offset(insn), 2 * size);
  const signed = (value: number) => (size === 2 ? (value << 16) >> 16 : value);
  const low = signed(core.access.read(linear, size, core.cpl));
  const high = signed(core.access.read((linear + size) | 0, size, core.cpl));
  const index = core.readSigned(insn, 0);
  if (index < low || index > high) core.fault(BOUNDS, 0);
}

export const MOVE_HANDLERS: Handlers = {
  mov(core, insn) {
    const [target, source] = insn.operands;
    if (target.kind === SEGMENT) {
      if (target.number === CS && core.processor.revision >= 2) core.fault(INVALID_OPCODE, 0);
      const selector = core.read(insn, 1);
      if (target.number === CS) core.fault(INVALID_OPCODE, 0);
      core.segments.load(target.number, selector);
    } else if (source.kind === SEGMENT) {
      storeSelector(core, insn, core.read(insn, 1));
    } else if (isStackPointer(insn, 0)) {
      loadStackPointer(core, insn, 0, core.read(insn, 1));
    } else {
      core.write(insn, 0, core.read(insn, 1));
    }
  },
  umov: (core, insn) => MOVE_HANDLERS.mov(core, insn),
  movzx: (core, insn) => core.write(insn, 0, core.read(insn, 1)),
  movsx: (core, insn) => core.write(insn, 0, core.readSigned(insn, 1)),
  lea: (core, insn) => core.write(insn, 0, core.offset(insn)),
  xchg(core, insn) {
    const [, source] = insn.operands;
    const old = core.i32[ESP];
    const a = core.readForWrite(insn, 0);
    const b = core.readRegister(source.number, source.size);
    core.writeBack(insn, 0, b);
    core.writeRegister(source.number, source.size, a);
    if (isStackPointer(insn, 0) || isStackPointer(insn, 1)) core.stackLoaded(old, core.i32[ESP]);
  },
  xlat(core, insn) {
    const offset = core.i32[EBX] + core.readRegister(EAX, 1);
    const wrapped = insn.addressSize === 2 ? offset & 0xffff : offset | 0;
    core.writeRegister(EAX, 1, core.access.readSegment(insn.segment, wrapped, 1));
  },
  les: loadFarPointer(ES),
  lds: loadFarPointer(DS),
  lss: loadFarPointer(SS),
  lfs: loadFarPointer(FS),
  lgs: loadFarPointer(GS),
  push,
  pop,
  pusha: pushAll,
  popa: popAll,
  enter,
  leave,
  bound,
  pushf(core, insn) {
    core.access.push(flagsToPush(core, insn.operandSize), insn.operandSize);
  },
  popf(core, insn) {
    const size = insn.operandSize;
    if (core.processor.revision >= 2) requireFlags(core, size);
    popFlags(core, core.access.peek(0, size), size, 0);
    core.access.drop(size);
  },
  lahf(core) {
    core.writeRegister(AH, 1, (core.flags.arithmetic() & 0xff) | ALWAYS);
  },
  sahf(core) {
    core.flags.change(SF | ZF | AF | PF | CF, core.readRegister(AH, 1));
  },
  salc(core) {
    core.writeRegister(EAX, 1, core.flags.cf() ? 0xff : 0);
  },
  nop() {},
};
