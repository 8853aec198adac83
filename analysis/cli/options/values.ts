import { unescaped } from '../../../recorder/capture/input/typing.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { readCount } from '../../../schemas/count.ts';
import type { Input } from '../../../schemas/trace/inputs.ts';
import { grouped } from '../terminal/format.ts';

/** Parses values on the command line. */

/** A count of instructions: `250000`, `250_000`, `0x1000`, `1.5M`, `2G`. */
export function parseCount(text: string, option: string): number {
  const count = readCount(text);
  if (count !== undefined) return count;
  throw new BadInput(
    `${option} ${text}: not a count`,
    'write a whole number, for example 250000, 0x1000, 20M or 1.5G',
  );
}

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/** A time of the host, in seconds: `90`, `90s`, `1.5m`, `2h`. */
export function parseSeconds(text: string, option: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit];
  if (seconds > 0) return seconds;
  throw new BadInput(`${option} ${text}: not a time`, 'write seconds, for example 90, 90s, 1.5m or 2h');
}

/** A number of processes. */
export function parseJobs(text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new BadInput(`--jobs ${text}: not a number of processes`, 'write 1 or more');
}

/** An icount of the recording `file`, which ends at `end`. */
export function parseIcount(
  text: string,
  option: string,
  { file, end }: { file: string; end: number },
): number {
  const icount = parseCount(text, option);
  if (icount <= end) return icount;
  throw new BadInput(
    `${option} ${text}: ${file} ends at icount ${grouped(end)}`,
    `give an icount up to ${end}`,
  );
}

/** A seed: any 64-bit number. */
export function parseSeed(text: string): bigint {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) {
    const seed = BigInt(text);
    if (seed < 1n << 64n) return seed;
  }
  throw new BadInput(`--seed ${text}: not a seed`, 'write a whole number below 2^64, for example 7 or 0x7f');
}

/** `MIN-MAX`, in instructions. */
export function parseRange(text: string, option: string): { min: number; max: number } {
  const [low, high, ...more] = text.split('-');
  const min = parseCount(low, option);
  const max = parseCount(high ?? low, option);
  if (more.length > 0 || min > max)
    throw new BadInput(`${option} ${text}: not a range`, 'write MIN-MAX, for example 5k-120k');
  return { min, max };
}

/** A part of a run, icounts. */
export interface IcountWindow {
  readonly from: number;
  readonly to: number;
}

/** `FROM:TO`, two icounts. */
export function parseWindow(text: string, option: string): IcountWindow {
  const [from, to, ...more] = text.split(':');
  if (to === undefined || more.length > 0)
    throw new BadInput(`${option} ${text}: not a window`, 'write FROM:TO, two icounts');
  const window = { from: parseCount(from, option), to: parseCount(to, option) };
  if (window.from < window.to) return window;
  throw new BadInput(`${option} ${text}: ends before it begins`, 'write FROM:TO with FROM below TO');
}

/** Instructions between two rungs of the ladder. */
export function parseLadder(text: string): number {
  const interval = parseCount(text, '--ladder');
  if (interval > 0) return interval;
  throw new BadInput(`--ladder ${text}: not an interval`, 'write a number of instructions, for example 4M');
}

/** A code that a guest writes to the exit port: `0x11` or `17`. */
export function parseExitCode(text: string): number {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new BadInput(`--expect-exit ${text}: not an exit code`, 'write it as 0x11 or in decimal');
}

/** `IRQ@ICOUNT`: a request on that line, at that time. */
export function parseInjection(text: string): Input {
  const [line, when, ...more] = text.split('@');
  const value = /^\d+$/.test(line) ? Number(line) : Number.NaN;
  if (more.length === 0 && when !== undefined && value <= 15)
    return { kind: 'inject_irq', icount: parseCount(when, '--inject'), value };
  throw new BadInput(
    `--inject ${text}: not an interrupt`,
    'write IRQ@ICOUNT with a line 0-15, for example 14@2500000',
  );
}

/** `TEXT@ICOUNT`: what is typed from then on. */
export function parseTyping(text: string): { text: string; at: number } {
  const sign = text.lastIndexOf('@');
  if (sign < 1)
    throw new BadInput(`--type ${text}: the time is missing`, 'write TEXT@ICOUNT, for example "root\\n@4M"');
  return { text: unescaped(text.slice(0, sign)), at: parseCount(text.slice(sign + 1), '--type') };
}

/** `ICOUNT:TEXT`: bytes that arrive on COM1 all at once; escapes as \n are understood. */
export function parseSerial(text: string): Input[] {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new BadInput(`--serial ${text}: the time is missing`, 'write ICOUNT:TEXT, for example 4M:root\\n');
  const icount = parseCount(text.slice(0, colon), '--serial');
  const bytes = Buffer.from(unescaped(text.slice(colon + 1)));
  return Array.from(bytes, (value) => ({ kind: 'serial_byte' as const, icount, value }));
}
