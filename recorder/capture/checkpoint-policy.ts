export interface CheckpointOptions {
  /** Instructions between two checkpoints, rounded up to the ladder's; `auto` keeps to the share; `off` makes none. */
  readonly every?: number | 'auto' | 'off';
  /** With `auto`: how much of the trace checkpoints may be, 0-1. */
  readonly share?: number;
}

export const DEFAULT_CHECKPOINT_SHARE = 0.15;

/** Bytes in the trace of an event, and of a checkpoint by the frames in it, as workloads of the built-in guest have them. */
const BYTES_PER_EVENT = 4.2;
const BYTES_PER_CHECKPOINT = 8 << 10;
const BYTES_PER_FRAME = 420;

/**
 * When to make a checkpoint. `auto` goes by estimates of what was written, not by the sizes themselves: the writer is on
 * another thread, and a recording must not depend on how far that has come.
 */
export class CheckpointPolicy {
  private readonly every: number | 'auto' | 'off';
  private readonly share: number;
  private readonly headerBytes: number;
  private last = 0;
  private spent = 0;

  constructor({ every = 'auto', share = DEFAULT_CHECKPOINT_SHARE }: CheckpointOptions, headerBytes: number) {
    this.every = every;
    this.share = share;
    this.headerBytes = headerBytes;
  }

  get off(): boolean {
    return this.every === 'off';
  }

  /** Whether to make one now, that would hold `frames` frames; if so it counts as made. */
  wants(icount: number, events: number, frames: number): boolean {
    if (this.every === 'off') return false;
    if (typeof this.every === 'number') {
      if (icount - this.last < this.every) return false;
    } else {
      const cost = BYTES_PER_CHECKPOINT + BYTES_PER_FRAME * frames;
      if (this.spent + cost > this.share * (this.headerBytes + BYTES_PER_EVENT * events)) return false;
      this.spent += cost;
    }
    this.last = icount;
    return true;
  }
}
