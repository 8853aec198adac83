import { grouped } from './format.ts';
import { complain, print } from './output.ts';
import { statusLine } from './status-line.ts';

/** Progress reports of long jobs. */
export interface Progress {
  /** Reports progress, in instructions or another count; `words` replace the counts. */
  at(done: number, words?: string): void;
  /** Prints a line of output without disturbing the bar. */
  line(text: string): void;
  end(): void;
}

/** Milliseconds before a bar is shown; tests set a shorter time. */
const PATIENCE_MS = Number(process.env.REWIND386_PATIENCE_MS ?? 1000);
/** Milliseconds between two updates of a bar. */
const REDRAW_MS = 100;

/** A bar for a job with a known end. */
export const progressBar = (title: string, total: number): Progress =>
  openProgress((done, seconds, room, words) => barText(title, done, total, seconds, room, words));

/** A count for a job without a known end, such as a running guest. */
export const progressCount = (title: string): Progress =>
  openProgress((done, seconds) => countText(title, done, seconds));

type Picture = (done: number, seconds: number, room: number, words: string | undefined) => string;

/** A status line on stderr; does nothing if stderr is not a terminal. */
function openProgress(picture: Picture): Progress {
  const started = performance.now();
  let drawn = started + PATIENCE_MS - REDRAW_MS;
  return {
    at(done, words) {
      const now = performance.now();
      if (now - drawn < REDRAW_MS) return;
      drawn = now;
      statusLine.show(picture(done, (now - started) / 1000, statusLine.room, words));
    },
    line: print,
    end: () => statusLine.hide(),
  };
}

const WIDEST_BAR = 40;

/** `title ██████░░░░ 60%  6,000,000 of 10,000,000  4s left`; in a narrow terminal without the bar, then without the counts. */
export function barText(
  title: string,
  done: number,
  total: number,
  seconds: number,
  room: number,
  counts = `${grouped(done)} of ${grouped(total)}`,
): string {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const percent = `${Math.floor(part * 100)}%`;
  const left = part > 0 ? `${duration((seconds / part) * (1 - part))} left` : '';
  const words = [percent, counts, left].filter(Boolean).join('  ');
  const bar = Math.min(WIDEST_BAR, room - title.length - words.length - 2);
  if (bar >= 5) {
    const full = Math.round(part * bar);
    return `${title} ${'█'.repeat(full)}${'░'.repeat(bar - full)} ${words}`;
  }
  const text = `${title} ${words}`;
  return text.length <= room ? text : `${title} ${percent}  ${left}`;
}

export function countText(title: string, done: number, seconds: number): string {
  const speed = seconds > 0 ? `, ${(done / seconds / 1e6).toFixed(1)} million a second` : '';
  return `${title}: ${grouped(done)} instructions in ${duration(seconds)}${speed}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}m ${whole % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

/** Prints a line on stderr, separate from the answer. */
export const note = (text: string): void => complain(`note: ${text}`);
