import { FAST_PATH, RAM } from '../../layout.ts';
import { FAST_READ, FAST_USER_READ, FAST_USER_WRITE, FAST_WRITE } from '../../mmu/fast-path.ts';
import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';
import { CODE_SEGMENT, EXPAND_DOWN } from '../descriptors.ts';
import { CPL, EAX, EDI, EDX, ES, ESI, ICOUNT, SEGMENT_WORDS, SEGMENTS } from '../state.ts';

/**
 * Iterations of repeated string instructions all at once: those of which nothing can be seen but what they leave, because the fast path
 * lets their operands through; where every store is recorded, their events too. Memory goes up (DF is clear), and an iteration before these has gone through: the segments may be used.
 */

/** Executes `most` iterations at most, but for ECX and icount; the number of them. Those of comparisons go on after each. */
export type Run = (core: Core, insn: Instruction, most: number) => number;

/** Fewer are not worth the preparation. */
export const FEW = 4;
const SLOTS = FAST_PATH >>> 2;

/** An operand of the iterations that come next: where it begins in the machine's memory, or -1, and how many of them are there. */
class Operand {
  at = -1;
  count = 0;
  linear = 0;
  /** Stores to it are recorded. */
  isRecorded = false;

  /** By `register` in `segment`; to be written if `write`. As far as page, segment and address size go. */
  find(core: Core, insn: Instruction, segment: number, register: number, size: number, write: boolean): this {
    const { i32 } = core;
    const cache = SEGMENTS + segment * SEGMENT_WORDS;
    const wide = insn.addressSize !== 2;
    const offset = (wide ? i32[register] : i32[register] & 0xffff) >>> 0;
    const linear = (i32[cache + 1] + offset) >>> 0;
    let slot = i32[SLOTS + (linear >>> 12)];
    const user = i32[CPL] === 3;
    const bit = write ? (user ? FAST_USER_WRITE : FAST_WRITE) : user ? FAST_USER_READ : FAST_READ;
    const expandsDown = (i32[cache + 3] & (CODE_SEGMENT | EXPAND_DOWN)) === EXPAND_DOWN;
    this.at = -1;
    this.count = 0;
    this.linear = linear;
    this.isRecorded = write && (slot & bit) === 0;
    if (this.isRecorded) slot = core.mmu.slotButForStores(linear);
    if ((slot & bit) === 0 || expandsDown || (!write && core.mmu.countsReads(linear))) return this;
    this.at = (slot & ~0xfff) + (linear & 0xfff);
    const inSegment = (i32[cache + 2] >>> 0) - offset + 1;
    const inAddress = (wide ? 0x100000000 : 0x10000) - offset;
    const bytes = Math.min(0x1000 - (linear & 0xfff), inSegment, inAddress);
    this.count = Math.max(0, Math.floor(bytes / size));
    return this;
  }
}

// One of each for all: a run is over before the next begins.
const source = new Operand();
const target = new Operand();

function advance(core: Core, insn: Instruction, register: number, bytes: number): void {
  core.writeRegister(register, insn.addressSize, core.i32[register] + bytes);
}

function elementOf(view: DataView, at: number, size: number): number {
  if (size === 4) return view.getInt32(at, true);
  return size === 2 ? view.getUint16(at, true) : view.getUint8(at);
}

/** Stores `count` elements to the target, and records each: element n is in `from` at `at` + n * `step`. */
function storeEach(core: Core, size: number, count: number, from: DataView, at: number, step: number): void {
  const { f64 } = core;
  const { view } = core.mem;
  const { storeRun } = core.mmu;
  const begin = f64[ICOUNT];
  for (let done = 0; done < count; ) {
    const to = target.at + done * size;
    f64[ICOUNT] = begin + done;
    const rows = storeRun.begin((target.linear + done * size) | 0, to - RAM, size, count - done);
    for (let n = 0; n < rows; n++) {
      const value = elementOf(from, at + (done + n) * step, size);
      storeRun.set(n, elementOf(view, to + n * size, size), value);
      if (size === 4) view.setInt32(to + n * size, value, true);
      else if (size === 2) view.setInt16(to + n * size, value, true);
      else view.setInt8(to + n * size, value);
    }
    done += rows;
    f64[ICOUNT] = begin + done - 1;
    storeRun.end();
  }
  f64[ICOUNT] = begin;
}

/** Elements that are on their way from a register or a device to memory. */
const passing = new DataView(new ArrayBuffer(0x1000));
const passingBytes = new Uint8Array(passing.buffer);

export const runMovs: Run = (core, insn, most) => {
  const { size } = insn.operands[1];
  source.find(core, insn, insn.segment, ESI, size, false);
  target.find(core, insn, ES, EDI, size, true);
  const count = Math.min(most, source.count, target.count);
  if (count < FEW) return 0;
  const bytes = count * size;
  const { u8 } = core.mem;
  const distance = target.at - source.at;
  if (target.isRecorded) {
    storeEach(core, size, count, core.mem.view, source.at, size);
  } else if (distance <= 0 || distance >= bytes) {
    u8.copyWithin(target.at, source.at, source.at + bytes);
  } else if (distance >= size) {
    // What is written is read again further up.
    for (let n = 0; n < bytes; n++) u8[target.at + n] = u8[source.at + n];
  } else {
    return 0;
  }
  advance(core, insn, ESI, bytes);
  advance(core, insn, EDI, bytes);
  return count;
};

export const runStos: Run = (core, insn, most) => {
  const { size } = insn.operands[0];
  target.find(core, insn, ES, EDI, size, true);
  const count = Math.min(most, target.count);
  if (count < FEW) return 0;
  const { u8, i32, view } = core.mem;
  const { at } = target;
  const value = core.readRegister(EAX, size);
  if (target.isRecorded) {
    passing.setInt32(0, value, true);
    storeEach(core, size, count, passing, 0, 0);
  } else if (size === 1) u8.fill(value, at, at + count);
  else if (size === 4 && (at & 3) === 0) i32.fill(value, at >>> 2, (at >>> 2) + count);
  else if (size === 4) for (let n = 0; n < count; n++) view.setInt32(at + n * 4, value, true);
  else for (let n = 0; n < count; n++) view.setInt16(at + n * 2, value, true);
  advance(core, insn, EDI, count * size);
  return count;
};

export const runScas: Run = (core, insn, most) => {
  const { size } = insn.operands[1];
  target.find(core, insn, ES, EDI, size, false);
  const end = Math.min(most, target.count);
  const { mem } = core;
  const { at } = target;
  const value = core.readRegister(EAX, size);
  const whileEqual = insn.repeat === 0xf3;
  let count = 0;
  while (count < end && (elementOf(mem.view, at + count * size, size) === value) === whileEqual) count++;
  advance(core, insn, EDI, count * size);
  return count;
};

export const runCmps: Run = (core, insn, most) => {
  const { size } = insn.operands[0];
  source.find(core, insn, insn.segment, ESI, size, false);
  target.find(core, insn, ES, EDI, size, false);
  const end = Math.min(most, source.count, target.count);
  const { mem } = core;
  const whileEqual = insn.repeat === 0xf3;
  let count = 0;
  for (let offset = 0; count < end; offset += size) {
    const isEqual =
      elementOf(mem.view, source.at + offset, size) === elementOf(mem.view, target.at + offset, size);
    if (isEqual !== whileEqual) break;
    count++;
  }
  advance(core, insn, ESI, count * size);
  advance(core, insn, EDI, count * size);
  return count;
};

/** Ports need no leave but IOPL's: a permission map might lie where the string is stored. */
const hasPorts = (core: Core): boolean => !core.virtual86 && core.cpl <= core.iopl;

export const runIns: Run = (core, insn, most) => {
  const { size } = insn.operands[0];
  if (core.bus.inMany === undefined || !hasPorts(core)) return 0;
  target.find(core, insn, ES, EDI, size, true);
  const end = Math.min(most, target.count);
  if (end < FEW) return 0;
  const port = core.i32[EDX] & 0xffff;
  const isRecorded = target.isRecorded;
  const [to, at] = isRecorded ? [passingBytes, 0] : [core.mem.u8, target.at];
  const count = core.bus.inMany(port, size as 1 | 2 | 4, to, at, end);
  if (isRecorded) storeEach(core, size, count, passing, 0, size);
  advance(core, insn, EDI, count * size);
  return count;
};

export const runOuts: Run = (core, insn, most) => {
  const { size } = insn.operands[1];
  if (core.bus.outMany === undefined || !hasPorts(core)) return 0;
  source.find(core, insn, insn.segment, ESI, size, false);
  const end = Math.min(most, source.count);
  if (end < FEW) return 0;
  const port = core.i32[EDX] & 0xffff;
  const count = core.bus.outMany(port, size as 1 | 2 | 4, core.mem.u8, source.at, end);
  advance(core, insn, ESI, count * size);
  return count;
};
