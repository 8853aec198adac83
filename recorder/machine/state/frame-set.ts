import type { Frame } from '../../../schemas/units.ts';

/** A set of page frames: membership in a byte each, and a list of the members. */
export class FrameSet {
  private readonly member: Uint8Array;
  private readonly list: Uint32Array;
  private length = 0;

  constructor(frames: number) {
    this.member = new Uint8Array(frames);
    this.list = new Uint32Array(frames);
  }

  get size(): number {
    return this.length;
  }

  has(frame: Frame): boolean {
    return this.member[frame] !== 0;
  }

  add(frame: Frame): void {
    if (this.member[frame] !== 0) return;
    this.member[frame] = 1;
    this.list[this.length++] = frame;
  }

  addAll(): void {
    for (let frame = 0; frame < this.member.length; frame++) this.add(frame);
  }

  /** Returns the members and clears the set. */
  take(): Uint32Array {
    const frames = this.list.slice(0, this.length);
    for (const frame of frames) this.member[frame] = 0;
    this.length = 0;
    return frames;
  }
}
