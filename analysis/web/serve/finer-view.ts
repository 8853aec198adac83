import type { PageData } from '../page-data.ts';
import type { Range, Viewport } from '../serve-data.ts';
import { get } from './client.ts';

/** Asks the server for what is in view, where that is finer than the page's own facts. */

/** Milliseconds that a view has to last before it is asked for. */
const REST_MS = 40;
/** The page counts the run in so many parts that less than this share of it is too coarse. */
const COARSE = 1 / 4;

export class FinerView {
  private readonly end: number;
  private readonly run: number;
  private readonly take: (viewport: Viewport) => void;
  /** The page does not have all that the whole run has. */
  private readonly isPartial: boolean;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stop = new AbortController();
  private last = { from: -1, to: -1 };

  constructor({ end, tracks }: PageData, run: number, take: (viewport: Viewport) => void) {
    this.end = end;
    this.run = run;
    this.take = take;
    this.isPartial = tracks.some(
      (track) =>
        (track.kind === 'slices' && track.left > 0) ||
        (track.kind === 'density' && track.counts.length === 0),
    );
  }

  show({ from, to }: Range): void {
    if (from === this.last.from && to === this.last.to) return;
    this.last = { from, to };
    clearTimeout(this.timer);
    this.stop.abort();
    if (!this.isPartial && to - from > this.end * COARSE) return;
    this.timer = setTimeout(() => void this.ask(from, to), REST_MS);
  }

  /** With as much again on either side, so that a small move needs no answer. */
  private async ask(from: number, to: number): Promise<void> {
    this.stop = new AbortController();
    const margin = (to - from) / 2;
    const [begin, finish] = [
      Math.max(0, Math.floor(from - margin)),
      Math.min(this.end + 1, Math.ceil(to + margin)),
    ];
    try {
      this.take(await get<Viewport>(`view?run=${this.run}&from=${begin}&to=${finish}`, this.stop.signal));
    } catch {
      // What the page itself has stays in view.
    }
  }
}
