import { printableLine } from '../../../schemas/untrusted.ts';
import { highlight } from './highlight.ts';
import { statusLine } from './status-line.ts';

/**
 * Every line that the command line says goes out here (biome refuses `console` elsewhere), so that nothing from a file or a
 * guest drives the terminal or forges a line of a log, whatever way it came into the text, and so that no line is written
 * over a job's progress.
 */

/** A line of the answer, on stdout. */
export function print(line: string): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place
  statusLine.above(() => console.log(highlight(printableLine(line), process.stdout)));
}

/** A line about the answer, or instead of it, on stderr. */
export function complain(line: string): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place
  statusLine.above(() => console.error(highlight(printableLine(line), process.stderr)));
}

export function printLines(lines: Iterable<string>): void {
  for (const line of lines) print(line);
}

export function complainLines(lines: Iterable<string>): void {
  for (const line of lines) complain(line);
}

/** Text in the terminal's own control sequences, all of them ours: a picture of a screen, of glyphs alone. */
export function printPicture(text: string): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place
  statusLine.above(() => console.log(text));
}

/** Columns of the user's terminal; undefined where stdout is none. */
export const terminalWidth = (): number | undefined =>
  (process.stdout.isTTY && process.stdout.columns) || undefined;
