import { linesOf } from '../../replayer/trace/console-lines.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';

/** Finds the line of a console or screen by which a kernel said that it panicked. */

/** Words by which kernels end: BSD, xv6, Linux and others; a line of the console or screen that a program printed counts as well. */
const PATTERNS: readonly RegExp[] = [
  /\bpanic\b\s?[:(-]/i,
  /\bpanic - /i,
  /\bkernel BUG at\b/,
  /\bBUG: (?:unable to handle|kernel|scheduling)/,
  /\bOops: [0-9a-f]{4}\b/,
  /\bFatal trap \d+\b/i,
];

export interface PanicLine {
  readonly icount: number;
  readonly seq: number | null;
  readonly cr3: number | null;
  readonly source: 'console' | 'screen';
  readonly text: Untrusted;
}

/** Long lines are cut: what matters stands at their start. */
const MAX_TEXT = 200;

/** In the words of a panic. */
export const isPanic = (line: string): boolean => PATTERNS.some((pattern) => pattern.test(line));

/** The first line of the console that is a panic's; else of the text screen as it was at the end. */
export function panicLine(reader: TraceReader): PanicLine | undefined {
  for (const { icount, seq, cr3, text } of linesOf(reader)) {
    const start = text.slice(0, MAX_TEXT);
    if (isPanic(start)) return { icount, seq, cr3, source: 'console', text: untrusted(start.trim()) };
  }
  const screen = reader.footer?.endState?.screen ?? '';
  const shown = screen.split('\n').find((line) => isPanic(line.slice(0, MAX_TEXT)));
  if (shown === undefined) return undefined;
  const cr3 = reader.footer?.endState?.cr3 ?? null;
  const text = untrusted(shown.slice(0, MAX_TEXT).trim());
  return { icount: reader.endIcount, seq: null, cr3, source: 'screen', text };
}

/** The last linear address that a panic names, of eight hexadecimal digits; undefined when it names none. */
export function addressIn(text: Untrusted): number | undefined {
  const found = [...text.raw.matchAll(/\b(?:0x)?([0-9a-f]{8})\b/gi)].at(-1);
  return found && Number.parseInt(found[1], 16);
}
