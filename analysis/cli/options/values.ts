import { unescaped } from '../../../recorder/capture/input/typing.ts';
import { DEFAULT_CONFIG, type MachineConfig } from '../../../recorder/machine/config.ts';
import { type ConfigFault, configFault } from '../../../recorder/machine/config-limits.ts';
import { processorOf } from '../../../recorder/machine/cpu/decode/models.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { readCount } from '../../../schemas/count.ts';
import type { Input } from '../../../schemas/trace/inputs.ts';
import type { Icount } from '../../../schemas/units.ts';
import { grouped } from '../terminal/format.ts';

/** Values as people type them on the command line. */

/** A count of instructions: `250000`, `250_000`, `0x1000`, `1.5M`, `2G`. */
export function parseCount(text: string, option: string): number {
  const count = readCount(text);
  if (count !== undefined) return count;
  throw new BadInput(
    `${option} ${text}: not a count`,
    'write a whole number, as 250000, 0x1000, 20M or 1.5G',
  );
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

/** Instructions between two rungs of the ladder. */
export function parseLadder(text: string): number {
  const interval = parseCount(text, '--ladder');
  if (interval > 0) return interval;
  throw new BadInput(`--ladder ${text}: no interval`, 'write a number of instructions, as 4M');
}

/** Of a machine that is the default but for the values given. */
const faultOf = (given: Partial<MachineConfig>): ConfigFault | undefined =>
  configFault({ ...DEFAULT_CONFIG, ...given });

/** `MIN-MAX` of a disk's latency, in instructions. */
export function parseLatency(text: string): { diskLatencyMin: number; diskLatencyMax: number } {
  const { min: diskLatencyMin, max: diskLatencyMax } = parseRange(text, '--disk-latency');
  const fault = faultOf({ diskLatencyMin, diskLatencyMax });
  if (!fault) return { diskLatencyMin, diskLatencyMax };
  throw new BadInput(`--disk-latency ${text}: too long`, `write MIN-MAX ${fault.must}, as 5k-120k`);
}

/** `ENTRIESxWAYS`: sets are a power of two, as the hardware's. */
export function parseTlb(text: string): { tlbEntries: number; tlbWays: number } {
  const [tlbEntries, tlbWays] = text.split('x').map(Number);
  const fault = faultOf({ tlbEntries, tlbWays });
  if (!fault) return { tlbEntries, tlbWays };
  throw new BadInput(
    `--tlb ${text}: not a TLB geometry`,
    `write ENTRIESxWAYS with ENTRIES ${fault.must}, as 32x4 (a 386) or 64x4`,
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

export function parseMips(millions: number): number {
  const instructionsPerSecond = millions * 1e6;
  if (!faultOf({ instructionsPerSecond })) return instructionsPerSecond;
  throw new BadInput(`--mips ${millions}: not a speed`, 'write million instructions a second, 1 to 10000');
}

export function parseRam(megabytes: number): number {
  const ramBytes = megabytes * 2 ** 20;
  const fault = faultOf({ ramBytes });
  if (!fault) return ramBytes;
  throw new BadInput(`--ram ${megabytes}: not a size of memory`, `write ${fault.must}`);
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
