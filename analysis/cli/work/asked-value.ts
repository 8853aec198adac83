import type { Names } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { Place } from '../../why/sources.ts';
import { registerNamed } from '../../why/value.ts';
import { checkInMemory, parseRange, physicalRanges } from '../options/asked-memory.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { parseIcount } from '../options/values.ts';
import { traceLength } from '../report/trace-length.ts';
import { machineAt } from './machine-at.ts';

/** Parses the value in a question, and the icount before which it is meant. */
export interface AskedValue {
  readonly place: Place;
  readonly icount: number;
}

const WORD = 4;
const SIZES: readonly number[] = [1, 2, WORD];

/**
 * `WHERE[@ICOUNT]`, by default at the end; WHERE is a linear address, `phys:ADDRESS`, `SYMBOL[+OFFSET]`, each perhaps with `:SIZE` (1, 2
 * or 4 bytes, default 4), or a general register. A linear address is translated by the mapping at that icount.
 */
export async function parseAskedValue(
  file: string,
  text: string,
  disks: readonly string[],
  names: Names | undefined,
): Promise<AskedValue> {
  const [, where, size = '4', time] = /^(?:(.+?))(?::(\d+))?(?:@(.*))?$/.exec(text) ?? [];
  const bytes = Number(size);
  if (where === undefined || !SIZES.includes(bytes))
    throw new BadInput(
      `--value ${text}: not a value`,
      'write ADDRESS@ICOUNT, ADDRESS:SIZE@ICOUNT with a size of 1, 2 or 4, SYMBOL@ICOUNT or eax@ICOUNT',
    );
  const end = traceLength(file);
  const icount = time === undefined ? end : parseIcount(time, '--value', { file, end });
  const register = registerNamed(where);
  if (register) return { place: register, icount };
  const isPhysical = where.startsWith('phys:');
  const { start } = parseRange(isPhysical ? where.slice('phys:'.length) : where, () =>
    symbolsOf(file, names),
  );
  const machine = await machineAt(file, icount, disks);
  const range = { start, bytes };
  const [first, second] = isPhysical ? [range] : physicalRanges(machine, range, '--value …@ICOUNT');
  if (second)
    throw new BadInput(
      `--value ${text}: it lies in two pages`,
      'ask for the bytes of one of them: ADDRESS:SIZE',
    );
  checkInMemory(first, machine.mem.ramBytes);
  return { place: { kind: 'memory', physical: first.start, size: first.bytes }, icount };
}
