import { unescaped } from '../../recorder/capture/input/typing.ts';
import { processorOf } from '../../recorder/machine/cpu/models.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { Input } from '../../schemas/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/** Values as people type them on the command line. */

const SUFFIX: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** A count of instructions: `250000`, `250_000`, `0x1000`, `1.5M`, `2G`. */
export function parseCount(text: string, option: string): number {
  const plain = text.replaceAll(/[_,]/g, '');
  const decimal = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(plain);
  const count = decimal
    ? Number(decimal[1]) * SUFFIX[decimal[2]]
    : /^0x[0-9a-f]+$/i.test(plain)
      ? Number(plain)
      : Number.NaN;
  if (Number.isSafeInteger(Math.round(count)) && count >= 0) return Math.round(count);
  throw new BadInput(
    `${option} ${text}: not a count`,
    'write a whole number, as 250000, 0x1000, 20M or 1.5G',
  );
}

/** A seed: any 64-bit number. */
export function parseSeed(text: string): bigint {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) {
    const seed = BigInt(text);
    if (seed < 1n << 64n) return seed;
  }
  throw new BadInput(`--seed ${text}: not a seed`, 'write a whole number below 2^64, as 7 or 0x7f');
}

/** `MIN-MAX`, in instructions. */
export function parseRange(text: string, option: string): { min: number; max: number } {
  const [low, high, ...more] = text.split('-');
  const min = parseCount(low, option);
  const max = parseCount(high ?? low, option);
  if (more.length > 0 || min > max)
    throw new BadInput(`${option} ${text}: not a range`, 'write MIN-MAX, as 5k-120k');
  return { min, max };
}

/** `ENTRIESxWAYS`: sets are a power of two, as the hardware's. */
export function parseTlb(text: string): { tlbEntries: number; tlbWays: number } {
  const [tlbEntries, tlbWays] = text.split('x').map(Number);
  const sets = tlbEntries / tlbWays;
  if (Number.isInteger(Math.log2(sets)) && sets >= 1 && tlbEntries <= 4096) return { tlbEntries, tlbWays };
  throw new BadInput(
    `--tlb ${text}: not a TLB geometry`,
    'write ENTRIESxWAYS with ENTRIES/WAYS a power of two, as 32x4 (a 386) or 64x4',
  );
}

/** `MODEL`, then features with + or -: `pentium,+cmov`. */
export function parseCpu(text: string): string {
  try {
    processorOf(text);
  } catch (error) {
    if (error instanceof BadInput) throw new BadInput(`--cpu ${error.message}`, error.next);
    throw error;
  }
  return text;
}

/** The 8254 counts 1.19 million times a second, so a processor much slower than that could not keep up with it. */
export function parseMips(millions: number): number {
  const instructions = millions * 1e6;
  if (Number.isInteger(instructions) && millions >= 1 && millions <= 10_000) return instructions;
  throw new BadInput(`--mips ${millions}: not a speed`, 'write million instructions a second, 1 to 10000');
}

/** With 1 MB there would be none beyond the display and the BIOS, where kernels are loaded. */
const MIN_RAM_MB = 2;
const MAX_RAM_MB = 256;

export function parseRam(megabytes: number): number {
  if (Number.isInteger(megabytes) && megabytes >= MIN_RAM_MB && megabytes <= MAX_RAM_MB)
    return megabytes * 2 ** 20;
  throw new BadInput(
    `--ram ${megabytes}: not a size of memory`,
    `write whole megabytes, ${MIN_RAM_MB} to ${MAX_RAM_MB}`,
  );
}

/** `IRQ@ICOUNT`: a request on that line, at that time. */
export function parseInjection(text: string): Input {
  const [line, when, ...more] = text.split('@');
  const value = /^\d+$/.test(line) ? Number(line) : Number.NaN;
  if (more.length === 0 && when !== undefined && value <= 15)
    return { kind: 'inject_irq', icount: parseCount(when, '--inject') as Icount, value };
  throw new BadInput(
    `--inject ${text}: not an interrupt`,
    'write IRQ@ICOUNT with a line 0-15, as 14@2500000',
  );
}

/** `TEXT@ICOUNT`: what is typed from then on. */
export function parseTyping(text: string): { text: string; at: number } {
  const sign = text.lastIndexOf('@');
  if (sign < 1) throw new BadInput(`--type ${text}: no time`, 'write TEXT@ICOUNT, as "root\\n@4M"');
  return { text: unescaped(text.slice(0, sign)), at: parseCount(text.slice(sign + 1), '--type') };
}

/** `ICOUNT:TEXT`: bytes that arrive on COM1 all at once; escapes as \n are understood. */
export function parseSerial(text: string): Input[] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new BadInput(`--serial ${text}: no time`, 'write ICOUNT:TEXT, as 4M:root\\n');
  const icount = parseCount(text.slice(0, colon), '--serial') as Icount;
  const bytes = Buffer.from(unescaped(text.slice(colon + 1)));
  return Array.from(bytes, (value) => ({ kind: 'serial_byte' as const, icount, value }));
}
