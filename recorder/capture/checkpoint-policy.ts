import type { WrittenBytes } from '../../schemas/trace/output.ts';

/** Decides when a recording makes a checkpoint, by work counted and bytes written alone. */

export interface CheckpointOptions {
  /** Instructions between two checkpoints, rounded up to the ladder's; `auto` keeps to the shares; `off` makes none. */
  readonly every?: number | 'auto' | 'off';
  /** With `auto`: how much of the trace checkpoints may be, 0-1. */
  readonly share?: number;
  /** With `auto`: how much of the recording's time they may take, 0-1, by the work there is to do. */
  readonly timeShare?: number;
}

export const DEFAULT_CHECKPOINT_SHARE = 0.15;
export const DEFAULT_CHECKPOINT_TIME = 0.03;

/** `auto` makes none closer together: a seek would gain nothing that one notices. */
export const CLOSEST_CHECKPOINTS = 3 * 4_194_304;

/**
 * The icount from which a run is no longer short: then `auto` has the checkpoints written that it made from the beginning on, and from there on
 * at once. Shorter ones are executed from their start in a second or two, and in no other are checkpoints so dear: nothing of what
 * writes them is compiled yet, and while it is, so is the machine.
 */
export const SHORT_RUN = 8 * CLOSEST_CHECKPOINTS;

/** Of a small trace they may be more than the share: as much as nobody minds, so that its first stretch has some too. */
const ALWAYS_BYTES = 128 << 10;

/** The cost of a checkpoint to the thread that records, in instructions of that time: by itself, and for each frame to copy. */
const WORK_PER_CHECKPOINT = 60_000;
const WORK_PER_FRAME = 280;

const NONE = { count: 0, frames: 0 };

/** Bytes in the trace of a checkpoint, of each frame in it, and of an event, as long as nothing is known of this run's. */
const CHECKPOINT_BYTES = 4 << 10;
const FRAME_BYTES = 36;
const EVENT_BYTES = 4.2;

/**
 * Decides when to make a checkpoint. A recording must depend on nothing but the run, so `auto` counts the work instead of measuring
 * the time, and of the sizes knows what was written before the rung before: that is done whatever the speed of the writer.
 */
export class CheckpointPolicy {
  private readonly every: number | 'auto' | 'off';
  private readonly share: number;
  private readonly timeShare: number;
  private last = 0;
  /** Checkpoints made so far and the frames in them; and as they were when the output was last marked. */
  private made = NONE;
  private marked = NONE;

  constructor({
    every = 'auto',
    share = DEFAULT_CHECKPOINT_SHARE,
    timeShare = DEFAULT_CHECKPOINT_TIME,
  }: CheckpointOptions) {
    this.every = every;
    this.share = share;
    this.timeShare = timeShare;
  }

  get off(): boolean {
    return this.every === 'off';
  }

  /** True if a checkpoint that would hold `frames` frames is to be made now; it then counts as made. `mark`: TraceOutput.mark. */
  wants(icount: number, events: number, frames: number, mark: () => WrittenBytes): boolean {
    const { every } = this;
    if (every === 'off') return false;
    const wanted =
      every === 'auto' ? this.affords(icount, events, frames, mark) : icount - this.last >= every;
    if (!wanted) return false;
    this.last = icount;
    this.made = { count: this.made.count + 1, frames: this.made.frames + frames };
    return true;
  }

  /** True if the one made at `icount` waits until the run is no longer short. */
  holds(icount: number): boolean {
    return this.every === 'auto' && icount < SHORT_RUN;
  }

  private affords(icount: number, events: number, frames: number, mark: () => WrittenBytes): boolean {
    const since = icount - this.last;
    if (since < CLOSEST_CHECKPOINTS) return false;
    const written = mark();
    // Those that are held are not written yet.
    const known = written.checkpoints > 0 ? this.marked : NONE;
    this.marked = this.made;
    if (WORK_PER_CHECKPOINT + WORK_PER_FRAME * frames > this.timeShare * since) return false;
    const perFrame =
      known.frames > 0 ? (written.checkpoints - CHECKPOINT_BYTES * known.count) / known.frames : FRAME_BYTES;
    const more = {
      count: this.made.count - known.count + 1,
      frames: this.made.frames - known.frames + frames,
    };
    const cost = written.checkpoints + CHECKPOINT_BYTES * more.count + perFrame * more.frames;
    const perEvent = written.events > 0 ? written.chunks / written.events : EVENT_BYTES;
    const rest = written.header + perEvent * events;
    // The share is of both.
    return cost <= Math.max(ALWAYS_BYTES, (this.share * rest) / (1 - this.share));
  }
}
