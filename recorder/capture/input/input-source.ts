import type { Input } from '../../../schemas/trace/inputs.ts';
import type { Icount } from '../../../schemas/units.ts';

/**
 * A part of the outside world of a recording that acts by itself: a schedule, a script, a person typing. What it hands on
 * enters the machine as asynchronous inputs, which the trace keeps; a replay knows nothing of where they came from.
 */
export interface InputSource {
  /** icount at which it wants its turn; Infinity while it only listens. */
  nextAt(): number;
  /** Its turn, at `now` >= nextAt(): an input, or undefined when it only looked. Afterwards nextAt() has moved on. */
  take(now: Icount): Input | undefined;
  /** A byte that the guest sent to its console (CONSOLE_PORT). */
  heard?(port: number, byte: number, now: Icount): void;
  /** Once, before the run: how to see the VGA text screen, line by line. */
  attach?(screen: () => readonly string[]): void;
  /** Set once it wants the recording to end. */
  readonly end?: SourceEnd | undefined;
}

export interface SourceEnd {
  /** True if it got what it waited for. */
  readonly ok: boolean;
  readonly message: string;
  /** The lines of the screen that it waited for, none in a graphics mode. */
  readonly screen?: readonly string[] | undefined;
}

/** Inputs given beforehand, in icount order. */
export class Schedule implements InputSource {
  private readonly inputs: readonly Input[];
  private next = 0;

  constructor(inputs: readonly Input[]) {
    this.inputs = inputs;
  }

  nextAt(): number {
    return this.inputs[this.next]?.icount ?? Number.POSITIVE_INFINITY;
  }

  take(): Input | undefined {
    return this.inputs[this.next++];
  }

  /** Those that are to come, and more, in icount order: at one icount, these come first. */
  with(more: readonly Input[]): Schedule {
    // Array.sort is stable.
    return new Schedule([...this.inputs.slice(this.next), ...more].sort((a, b) => a.icount - b.icount));
  }
}
