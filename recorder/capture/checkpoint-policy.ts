import type { WrittenBytes } from '../../schemas/trace/output.ts';

/** Decides when a recording makes a checkpoint, from the counted work and the bytes written. */

export interface CheckpointOptions {
  /** Instructions between two checkpoints, rounded up to the ladder's interval; `auto` observes the shares; `off` makes none. */
  readonly every?: number | 'auto' | 'off';
  /** With `auto`: maximum share of checkpoints in the trace, 0-1. */
  readonly share?: number;
  /** With `auto`: maximum share of the recording time, 0-1, estimated from the work. */
  readonly timeShare?: number;
}

export const DEFAULT_CHECKPOINT_SHARE = 0.15;
export const DEFAULT_CHECKPOINT_TIME = 0.03;

/** Minimum distance with `auto`; a smaller one would not make seeks noticeably faster. */
export const CLOSEST_CHECKPOINTS = 3 * 4_194_304;

/**
 * With `auto` the first 200 M instructions have no checkpoints: they execute from their start in about a second, and checkpoints cost most
 * while V8 has not compiled their code yet.
 */
export const SHORT_RUN = 16 * CLOSEST_CHECKPOINTS;

/** Bytes of checkpoints that are always allowed, so that the first stretch of a small trace has some too. */
const ALWAYS_BYTES = 128 << 10;

/** The cost of a checkpoint to the recording thread, in instructions: fixed, and per copied frame. */
const WORK_PER_CHECKPOINT = 60_000;
const WORK_PER_FRAME = 280;

const NONE = { count: 0, frames: 0 };

/** Assumed bytes in the trace of a checkpoint, of each of its frames, and of an event, until this run's are known. */
const CHECKPOINT_BYTES = 4 << 10;
const FRAME_BYTES = 36;
const EVENT_BYTES = 4.2;

/** More than an event takes; chunks with few events consist of hashes, which say nothing about the events to come. */
const MOST_EVENT_BYTES = 12;

/**
 * Decides when to make a checkpoint. A recording must depend only on the run, so `auto` counts work instead of measuring time, and uses
 * the sizes written up to the previous rung, which do not depend on the writer's speed.
 */
export class CheckpointPolicy {
  private readonly every: number | 'auto' | 'off';
  private readonly share: number;
  private readonly timeShare: number;
  private last = 0;
  /** Number of checkpoints and of their frames so far, and at the last mark of the output. */
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

  /** True if a checkpoint of `frames` frames is due now; it then counts as made. `mark`: TraceOutput.mark. */
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

  private affords(icount: number, events: number, frames: number, mark: () => WrittenBytes): boolean {
    const since = icount - this.last;
    if (icount < SHORT_RUN || since < CLOSEST_CHECKPOINTS) return false;
    const written = mark();
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
    const perEvent =
      written.events > 0 ? Math.min(written.chunks / written.events, MOST_EVENT_BYTES) : EVENT_BYTES;
    const rest = written.header + written.chunks + perEvent * (events - written.events);
    // The share is of both.
    return cost <= Math.max(ALWAYS_BYTES, (this.share * rest) / (1 - this.share));
  }
}
