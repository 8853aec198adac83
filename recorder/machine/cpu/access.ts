import type { Linear } from '../../../schemas/units.ts';
import { FAST_PATH, type MachineMemory } from '../layout.ts';
import {
  FAST_READ,
  FAST_RECORD,
  FAST_USER_READ,
  FAST_USER_RECORD,
  FAST_USER_WRITE,
  FAST_WRITE,
} from '../mmu/fast-path.ts';
import type { Mmu } from '../mmu/mmu.ts';
import { BIG, CODE_SEGMENT, EXPAND_DOWN, READABLE, SEGMENT_PRESENT, WRITABLE } from './descriptors.ts';
import { GENERAL_PROTECTION, STACK_FAULT } from './fault.ts';
import { CPL, ESP, SEGMENT_WORDS, SEGMENTS, SS } from './state.ts';

/** Access to memory by segment and offset, with every check of protection. */

/** Raises a guest exception: never returns. */
export type RaiseFault = (vector: number, code: number) => never;

/**
 * Memory access outside the interpreter's hot path: linear accesses at a privilege level, accesses through a segment with all its checks,
 * and the stack. Values of 1 and 2 bytes are zero-extended, of 4 bytes int32.
 */
export class Access {
  mmu!: Mmu;
  private readonly i32: Int32Array;
  private readonly view: DataView;
  private readonly fault: RaiseFault;
  /** Current error code of a stack fault: the selector of an inner stack while a frame is pushed on it (9.8.11). */
  private stackCode = 0;

  constructor(mem: MachineMemory, fault: RaiseFault) {
    this.i32 = mem.i32;
    this.view = mem.view;
    this.fault = fault;
  }

  // --- Linear ------------------------------------------------------------------------------------------------------

  read(linear: Linear, size: number, cpl: number): number {
    const slot = this.i32[(FAST_PATH >>> 2) + (linear >>> 12)];
    const offset = linear & 0xfff;
    if ((slot & (cpl === 3 ? FAST_USER_READ : FAST_READ)) !== 0 && offset + size <= 0x1000) {
      const at = (slot & ~0xfff) + offset;
      if (size === 4) return this.view.getInt32(at, true);
      return size === 2 ? this.view.getUint16(at, true) : this.view.getUint8(at);
    }
    return this.mmu.readSlow(linear | 0, size as 1 | 2 | 4, cpl);
  }

  write(linear: Linear, size: number, value: number, cpl: number): void {
    const slot = this.i32[(FAST_PATH >>> 2) + (linear >>> 12)];
    const offset = linear & 0xfff;
    if ((slot & (cpl === 3 ? FAST_USER_WRITE : FAST_WRITE)) !== 0 && offset + size <= 0x1000) {
      const at = (slot & ~0xfff) + offset;
      if (size === 4) this.view.setInt32(at, value, true);
      else if (size === 2) this.view.setInt16(at, value, true);
      else this.view.setInt8(at, value);
      return;
    }
    if ((slot & (cpl === 3 ? FAST_USER_RECORD : FAST_RECORD)) !== 0 && offset + size <= 0x1000) {
      this.mmu.storeRecorded(linear | 0, (slot & ~0xfff) + offset, size, value);
      return;
    }
    this.mmu.writeSlow(linear | 0, size as 1 | 2 | 4, value, cpl);
  }

  /** Faults like `write`, without writing. */
  probeWrite(linear: Linear, size: number, cpl: number): void {
    const slot = this.i32[(FAST_PATH >>> 2) + (linear >>> 12)];
    const bits = cpl === 3 ? FAST_USER_WRITE | FAST_USER_RECORD : FAST_WRITE | FAST_RECORD;
    const allowed = (slot & bits) !== 0;
    if (!allowed || (linear & 0xfff) + size > 0x1000) {
      this.mmu.probeWrite(linear | 0, size as 1 | 2 | 4, cpl);
    }
  }

  /** For an operand of several accesses that is to be aligned as a whole (SDM volume 3, table 6-7). */
  checkAligned(linear: Linear, size: number): void {
    this.mmu.checkAligned(linear, size, this.i32[CPL]);
  }

  /** Accesses by the processor itself, to descriptor tables and task state segments: always privileged. */
  systemRead(linear: Linear, size: number): number {
    return this.read(linear, size, 0);
  }
  systemWrite(linear: Linear, size: number, value: number): void {
    this.write(linear, size, value, 0);
  }

  // --- Segmented (80386 Programmer's Reference, 6.3.1) ----------------------------------------------------------------

  private segmentFault(segment: number): never {
    const code = this.stackCode;
    this.stackCode = 0;
    return this.fault(segment === SS ? STACK_FAULT : GENERAL_PROTECTION, code);
  }

  /** Faults unless `size` bytes at `offset` lie in the segment. */
  private checkLimit(segment: number, offset: number, size: number): void {
    const cache = SEGMENTS + segment * SEGMENT_WORDS;
    const limit = this.i32[cache + 2] >>> 0;
    const attributes = this.i32[cache + 3];
    const first = offset >>> 0;
    const last = first + size - 1;
    if ((attributes & (CODE_SEGMENT | EXPAND_DOWN)) === EXPAND_DOWN) {
      if (first <= limit || last > (attributes & BIG ? 0xffffffff : 0xffff)) this.segmentFault(segment);
    } else if (last > limit) {
      this.segmentFault(segment);
    }
  }

  /** Linear address to read `size` bytes at `offset` of a segment. */
  forRead(segment: number, offset: number, size: number): number {
    const cache = SEGMENTS + segment * SEGMENT_WORDS;
    const attributes = this.i32[cache + 3];
    const readable = (attributes & CODE_SEGMENT) === 0 || (attributes & READABLE) !== 0;
    if ((attributes & SEGMENT_PRESENT) === 0 || !readable) this.segmentFault(segment);
    this.checkLimit(segment, offset, size);
    return (this.i32[cache + 1] + offset) | 0;
  }

  forWrite(segment: number, offset: number, size: number): number {
    const cache = SEGMENTS + segment * SEGMENT_WORDS;
    const attributes = this.i32[cache + 3];
    const writable =
      (attributes & (SEGMENT_PRESENT | CODE_SEGMENT | WRITABLE)) === (SEGMENT_PRESENT | WRITABLE);
    if (!writable) this.segmentFault(segment);
    this.checkLimit(segment, offset, size);
    return (this.i32[cache + 1] + offset) | 0;
  }

  readSegment(segment: number, offset: number, size: number): number {
    return this.read(this.forRead(segment, offset, size), size, this.i32[CPL]);
  }

  writeSegment(segment: number, offset: number, size: number, value: number): void {
    this.write(this.forWrite(segment, offset, size), size, value, this.i32[CPL]);
  }

  // --- The stack -----------------------------------------------------------------------------------------------------

  /** SS.B: whether the stack pointer is ESP or SP. */
  get stackMask(): number {
    return this.i32[SEGMENTS + SS * SEGMENT_WORDS + 3] & BIG ? -1 : 0xffff;
  }

  /** Changes (E)SP; a 16-bit stack keeps the upper half. */
  setStackPointer(offset: number): void {
    const mask = this.stackMask;
    this.i32[ESP] = (this.i32[ESP] & ~mask) | (offset & mask);
  }

  /** Offset of the stack slot `bytes` above the top. */
  stackOffset(bytes: number): number {
    return (this.i32[ESP] + bytes) & this.stackMask;
  }

  /** `written` bytes of the slot are stored: fewer than `size` for a selector. */
  push(value: number, size: number, written = size): void {
    const offset = this.stackOffset(-size);
    this.writeSegment(SS, offset, written, value);
    this.setStackPointer(offset);
  }

  /** Faults unless `count` pushes of `size` bytes would succeed; a limit exceeded has the error code `code`. */
  probePush(count: number, size: number, code = 0): void {
    this.stackCode = code;
    for (let n = 1; n <= count; n++) {
      this.probeWrite(this.forWrite(SS, this.stackOffset(-n * size), size), size, this.i32[CPL]);
    }
    this.stackCode = 0;
  }

  /** Reads the stack slot `bytes` above the top; a pop is a read followed by `drop` once nothing can fault. */
  peek(bytes: number, size: number): number {
    return this.readSegment(SS, this.stackOffset(bytes), size);
  }

  /** ESP with `bytes` dropped from the stack as it is now. */
  raised(bytes: number): number {
    const mask = this.stackMask;
    return (this.i32[ESP] & ~mask) | ((this.i32[ESP] + bytes) & mask);
  }

  drop(bytes: number): void {
    this.i32[ESP] = this.raised(bytes);
  }
}
