import { printableLine } from '../../../schemas/untrusted.ts';
import { highlight } from './highlight.ts';
import { statusLine } from './status-line.ts';

/**
 * All output of the command line goes through here (biome rejects `console` elsewhere), so that text from a file or a guest cannot
 * control the terminal or forge a line of a log, and no line overwrites a progress bar.
 */

/** A line of the answer, on stdout. */
export function print(line: string): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place
  statusLine.above(() => console.log(highlight(printableLine(line), process.stdout)));
}

/** A note or an error, on stderr. */
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

/** Text with control sequences made by this tool: the picture of a screen. */
export function printPicture(text: string): void {
  // biome-ignore lint/suspicious/noConsole: this is the one place
  statusLine.above(() => console.log(text));
}

/** Columns of the user's terminal; undefined if stdout is not a terminal. */
export const terminalWidth = (): number | undefined =>
  (process.stdout.isTTY && process.stdout.columns) || undefined;
