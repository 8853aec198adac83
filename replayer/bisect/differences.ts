import {
  CPL,
  CR0,
  CR2,
  CR3,
  CR4,
  DR,
  EIP,
  FLAG_A,
  FLAG_B,
  FLAG_KIND,
  FLAG_RESULT,
  GDT_BASE,
  HALTED,
  ICOUNT,
  IDT_BASE,
  SEGMENT_WORDS,
  SEGMENTS,
  SYSTEM_FLAGS,
} from '../../recorder/machine/cpu/state.ts';
import { RAM_AREA, SNAPSHOT_PAGE, type Snapshot, wholeArea } from '../../recorder/machine/state/snapshot.ts';
import { GENERAL_REGISTERS, SEGMENT_REGISTERS } from '../../schemas/registers.ts';

/** Differences between two snapshots, word by word with names. */

/** One difference between two states, as text. */
export interface Difference {
  /** `cpu`, `ram` or a device, named as in the ladder. */
  readonly part: string;
  /** The register, page and address, or word. */
  readonly place: string;
  readonly values: readonly [string, string];
}

const hex8 = (value: number) => (value >>> 0).toString(16).padStart(8, '0');

const SEGMENT_NAMES = [...SEGMENT_REGISTERS, 'ldtr', 'tr'];
const SEGMENT_FIELDS = ['selector', 'base', 'limit', 'attributes'];
const NAMED: Readonly<Record<number, string>> = {
  [EIP]: 'eip',
  [SYSTEM_FLAGS]: 'eflags, but for the arithmetic flags',
  [FLAG_KIND]: 'arithmetic flags (kind)',
  [FLAG_RESULT]: 'arithmetic flags (result)',
  [FLAG_A]: 'arithmetic flags (first operand)',
  [FLAG_B]: 'arithmetic flags (second operand)',
  [CPL]: 'cpl',
  [CR0]: 'cr0',
  [CR2]: 'cr2',
  [CR3]: 'cr3',
  [CR4]: 'cr4',
  [GDT_BASE]: 'gdtr base',
  [IDT_BASE]: 'idtr base',
  [HALTED]: 'halted',
  [ICOUNT * 2]: 'icount (low)',
  [ICOUNT * 2 + 1]: 'icount (high)',
};

/** A word of CPU_STATE by name (cpu/state.ts). */
function cpuWord(n: number): string {
  if (n < GENERAL_REGISTERS.length) return GENERAL_REGISTERS[n];
  if (n >= DR && n < DR + 8) return `dr${n - DR}`;
  const segment = Math.floor((n - SEGMENTS) / SEGMENT_WORDS);
  if (n >= SEGMENTS && segment < SEGMENT_NAMES.length)
    return `${SEGMENT_NAMES[segment]} ${SEGMENT_FIELDS[(n - SEGMENTS) % SEGMENT_WORDS]}`;
  return NAMED[n] ?? `word ${n} of CPU_STATE`;
}

/** The words in which two snapshots differ, in the parts given; the first `limit` words of each. */
export function differences(a: Snapshot, b: Snapshot, parts: readonly string[], limit: number): Difference[] {
  return parts.flatMap((part) => {
    if (part === 'cpu') return words(a, b, 'cpu', limit).map((word) => named('cpu', cpuWord(word.n), word));
    if (part === 'ram') return ramWords(a, b, limit);
    if (part === 'tlb')
      return words(a, b, 'tlb', limit).map((word) => named('tlb', `word ${word.n} of TLB_STATE`, word));
    const area = `device ${part.replace(/ device$/, '')}`;
    return words(a, b, area, limit).map((word) => named(part, `register word ${word.n}`, word));
  });
}

interface Word {
  readonly n: number;
  readonly values: readonly [number, number];
}

const named = (part: string, place: string, { values: [a, b] }: Word): Difference => ({
  part,
  place,
  values: [hex8(a), hex8(b)],
});

function words(a: Snapshot, b: Snapshot, area: string, limit: number): Word[] {
  const [first, second] = [a.areas.get(area), b.areas.get(area)];
  if (!first || !second) return [];
  return unequal(wholeArea(first), wholeArea(second), limit);
}

function unequal(a: Uint8Array, b: Uint8Array, limit: number): Word[] {
  const [x, y] = [a, b].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const found: Word[] = [];
  for (let n = 0; (n + 1) * 4 <= a.length && found.length < limit; n++) {
    const values = [x.getInt32(n * 4, true), y.getInt32(n * 4, true)] as const;
    if (values[0] !== values[1]) found.push({ n, values });
  }
  return found;
}

/** Compares RAM by page; snapshots of one machine share equal pages. */
function ramWords(a: Snapshot, b: Snapshot, limit: number): Difference[] {
  const [first, second] = [a.areas.get(RAM_AREA), b.areas.get(RAM_AREA)];
  const found: Difference[] = [];
  for (const [frame, page] of (first?.pages ?? []).entries()) {
    const other = second?.pages[frame];
    if (page === other || !other || found.length >= limit) continue;
    for (const { n, values } of unequal(page, other, limit - found.length)) {
      const base = hex8(frame * SNAPSHOT_PAGE);
      const place = `page ${base}, physical ${hex8(frame * SNAPSHOT_PAGE + n * 4)}`;
      found.push({ part: 'ram', place, values: [hex8(values[0]), hex8(values[1])] });
    }
  }
  return found;
}
