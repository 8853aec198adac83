import type { Icount } from '../../schemas/units.ts';

/** Notes about a run that takes long, for a debugger's console. */

/** Milliseconds that a run is silent, and those between two notes. */
const SILENT_MS = 2_000;
/** Without a sign of life for so long, ms, the next is of another run. */
const PAUSE_MS = 1_000;

/** Tells whoever waits for a debugger where a long run is; nothing of one that is soon over. */
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

  /** The machine runs, and is at `icount`: called some twenty times a second. */
  at(icount: Icount): void {
    const now = this.clock();
    if (now - this.seen > PAUSE_MS) this.said = now;
    this.seen = now;
    if (now - this.said < SILENT_MS) return;
    this.said = now;
    this.say(`executing: icount ${icount.toLocaleString('en-US')} of ${this.end.toLocaleString('en-US')}`);
  }
}
