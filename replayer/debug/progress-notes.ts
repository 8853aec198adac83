import type { Icount } from '../../schemas/units.ts';

/** Progress notes about a long run, for a debugger's console. */

/** Milliseconds before the first note, and between two notes. */
const SILENT_MS = 2_000;
/** After this many milliseconds without a report, the next report starts a new run. */
const PAUSE_MS = 1_000;

/** Reports the progress of a long run; short runs stay silent. */
export class ProgressNotes {
  private readonly end: number;
  private readonly say: (text: string) => void;
  private readonly clock: () => number;
  private seen = Number.NEGATIVE_INFINITY;
  private said = 0;

  /** `end` is the icount of the recording's end. */
  constructor(end: number, say: (text: string) => void, clock: () => number = () => performance.now()) {
    this.end = end;
    this.say = say;
    this.clock = clock;
  }

  /** Reports that the running machine is at `icount`; called about twenty times a second. */
  at(icount: Icount): void {
    const now = this.clock();
    if (now - this.seen > PAUSE_MS) this.said = now;
    this.seen = now;
    if (now - this.said < SILENT_MS) return;
    this.said = now;
    this.say(`executing: icount ${icount.toLocaleString('en-US')} of ${this.end.toLocaleString('en-US')}`);
  }
}
