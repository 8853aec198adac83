import type { Frame, Physical } from '../../../../schemas/units.ts';
import { BYTES, MAX_BLOCK_BYTES, WORDS } from './micro-ops.ts';

/** The places of decoded code in physical memory. */

const PAGE_BYTES = 4096;
/** Maximum bytes of an instruction (80386 Programmer's Reference, 9.8.12). */
const MAX_LENGTH = 15;
/** Saturation of the count of blocks per byte: a count that reaches it never decreases. */
const MANY = 255;

/** An instruction across a page boundary: a separate block, valid while its second half stays in the same frame. */
export interface Straddler {
  readonly block: number;
  /** Physical addresses of its halves. */
  readonly physical: number;
  readonly secondPhysical: number;
  readonly mode: number;
}

/** Facts of a frame with decoded code. */
interface CodeFrame {
  /** First micro-op of the block at each byte, 0 where none begins. */
  readonly blocks: Int32Array;
  /** For each byte, the number of blocks decoded from it, so that stores to data beside code drop nothing. */
  readonly holders: Uint8Array;
  /** Frames of straddlers that end here. */
  readonly straddledFrom: Set<Frame>;
  /** Number of blocks and halves of straddlers. */
  count: number;
}

/** The blocks by the bytes from which they were decoded. Of the blocks themselves it uses only the lengths. */
export class CodeMap {
  /** The micro-ops. */
  private readonly code: Int32Array;
  private readonly frames: (CodeFrame | undefined)[];
  private readonly straddlers = new Map<Physical, Straddler>();

  constructor(code: Int32Array, frames: number) {
    this.code = code;
    this.frames = new Array(frames).fill(undefined);
  }

  /** Number of frames with blocks. */
  get frameCount(): number {
    return this.frames.length;
  }

  has(frame: Frame): boolean {
    return this.frames[frame] !== undefined;
  }

  /** The first micro-op of the block at `offset` of a frame; 0 for none. */
  blockAt(frame: Frame, offset: number): number {
    return this.frames[frame]?.blocks[offset] ?? 0;
  }

  straddlerAt(physical: Physical): Straddler | undefined {
    return this.straddlers.get(physical);
  }

  /** Frames with decoded code, ascending. */
  *all(): Generator<Frame> {
    for (let frame = 0; frame < this.frames.length; frame++) if (this.has(frame)) yield frame;
  }

  /** All blocks of a frame, with the straddlers that begin or end there. */
  blocksOf(frame: Frame): number[] {
    const own = this.frames[frame]?.blocks.filter((p) => p !== 0) ?? [];
    const across = [...this.straddlersFrom(frame), ...this.straddlersInto(frame)];
    return [...own, ...across.map(({ block }) => block)];
  }

  /** Adds block `p` at a place without a block. */
  add(p: number, frame: Frame, offset: number): void {
    this.hold(frame, offset, this.lengthOf(p), 1).blocks[offset] = p;
  }

  addStraddler(straddler: Straddler): void {
    const { physical } = straddler;
    this.holdStraddler(straddler, 1);
    this.straddlers.set(physical, straddler);
  }

  remove(p: number, physical: Physical): void {
    const straddler = this.straddlers.get(physical);
    if (straddler?.block === p) {
      this.holdStraddler(straddler, -1);
      this.straddlers.delete(physical);
      return;
    }
    const [frame, offset] = [physical >>> 12, physical & (PAGE_BYTES - 1)];
    if (this.blockAt(frame, offset) !== p) return;
    this.hold(frame, offset, this.lengthOf(p), -1).blocks[offset] = 0;
  }

  /** Removes a frame with all blocks that begin or end there. */
  removeFrame(frame: Frame): void {
    for (const { block, physical } of [...this.straddlersFrom(frame), ...this.straddlersInto(frame)])
      this.remove(block, physical);
    this.frames[frame] = undefined;
  }

  /** True if the frame has no decoded code left. */
  isEmpty(frame: Frame): boolean {
    return this.frames[frame]?.count === 0;
  }

  clear(): void {
    this.frames.fill(undefined);
    this.straddlers.clear();
  }

  /** True if any of `size` bytes of a frame belongs to a block. */
  holds(frame: Frame, offset: number, size: number): boolean {
    const known = this.frames[frame];
    if (known === undefined) return false;
    for (let at = offset; at < offset + size; at++) if (known.holders[at] !== 0) return true;
    return false;
  }

  /** The blocks that contain any of `size` bytes of a frame. */
  holding(frame: Frame, offset: number, size: number): number[] {
    const found: number[] = [];
    const end = offset + size;
    for (let at = Math.max(0, offset - MAX_BLOCK_BYTES + 1); at < end; at++) {
      const p = this.blockAt(frame, at);
      if (p !== 0 && at + this.lengthOf(p) > offset) found.push(p);
    }
    if (end > PAGE_BYTES - MAX_LENGTH)
      for (const { block, physical } of this.straddlersFrom(frame))
        if (end > (physical & (PAGE_BYTES - 1))) found.push(block);
    for (const { block, physical } of this.straddlersInto(frame))
      if (offset < this.lengthOf(block) - (PAGE_BYTES - (physical & (PAGE_BYTES - 1)))) found.push(block);
    return found;
  }

  private lengthOf(p: number): number {
    return this.code[p - WORDS + BYTES];
  }

  private straddlersFrom(frame: Frame): Straddler[] {
    const found: Straddler[] = [];
    if (this.straddlers.size === 0) return found;
    for (let at = PAGE_BYTES - MAX_LENGTH; at < PAGE_BYTES; at++) {
      const straddler = this.straddlers.get(frame * PAGE_BYTES + at);
      if (straddler) found.push(straddler);
    }
    return found;
  }

  private straddlersInto(frame: Frame): Straddler[] {
    return [...(this.frames[frame]?.straddledFrom ?? [])]
      .flatMap((from) => this.straddlersFrom(from))
      .filter(({ secondPhysical }) => secondPhysical >>> 12 === frame);
  }

  private holdStraddler({ block, physical, secondPhysical }: Straddler, by: 1 | -1): void {
    const frame = physical >>> 12;
    const offset = physical & (PAGE_BYTES - 1);
    const inFirst = PAGE_BYTES - offset;
    this.hold(frame, offset, inFirst, by);
    this.hold(secondPhysical >>> 12, 0, this.lengthOf(block) - inFirst, by).straddledFrom.add(frame);
  }

  /** Counts one block more or less for `bytes` of a frame. */
  private hold(frame: Frame, offset: number, bytes: number, by: 1 | -1): CodeFrame {
    let known = this.frames[frame];
    if (known === undefined) {
      known = {
        blocks: new Int32Array(PAGE_BYTES),
        holders: new Uint8Array(PAGE_BYTES),
        straddledFrom: new Set(),
        count: 0,
      };
      this.frames[frame] = known;
    }
    known.count += by;
    const { holders } = known;
    for (let at = offset; at < offset + bytes; at++) if (holders[at] !== MANY) holders[at] += by;
    return known;
  }
}
