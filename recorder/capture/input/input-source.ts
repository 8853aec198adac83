import type { Input } from '../../../schemas/trace/inputs.ts';
import type { Icount } from '../../../schemas/units.ts';

/**
 * A source of asynchronous inputs in a recording: a schedule, a script, a person typing. Its inputs are recorded in the trace; a replay
 * does not know their source.
 */
export interface InputSource {
  /** icount of its next turn; Infinity while it only listens. */
  nextAt(): number;
  /** Takes its turn, at `now` >= nextAt(): returns an input, or undefined if it only looked. Advances nextAt(). */
  take(now: Icount): Input | undefined;
  /** A byte that the guest sent to its console (CONSOLE_PORT). */
  heard?(port: number, byte: number, now: Icount): void;
  /** Called once before the run with a function that returns the lines of the VGA text screen. */
  attach?(screen: () => readonly string[]): void;
  /** Set when the source ends the recording. */
  readonly end?: SourceEnd | undefined;
}

export interface SourceEnd {
  /** True if the script succeeded. */
  readonly ok: boolean;
  readonly message: string;
  /** The lines of the screen that it waited for; none in a graphics mode. */
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

  /** Adds inputs in icount order; at one icount, earlier ones come first. */
  with(more: readonly Input[]): Schedule {
    // Array.sort is stable.
    return new Schedule([...this.inputs.slice(this.next), ...more].sort((a, b) => a.icount - b.icount));
  }
}
