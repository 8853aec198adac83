import type { Icount } from '../units.ts';

/** The ladder of state hashes, as a trace stores it. */

/** 64 bits as two 32-bit words, signed or unsigned. */
export interface HashWords {
  readonly low: number;
  readonly high: number;
}

/** Hashes of the machine's state after `icount` retired instructions, by component: cpu, tlb, ram, disk, each device. */
export interface LadderRow {
  readonly icount: Icount;
  readonly hashes: Readonly<Record<string, HashWords>>;
}

export const sameHashWords = (a: HashWords | undefined, b: HashWords | undefined): boolean =>
  a !== undefined && b !== undefined && (a.low ^ b.low) === 0 && (a.high ^ b.high) === 0;

export const hashWordsHex = (hash: HashWords | undefined): string =>
  hash
    ? (hash.high >>> 0).toString(16).padStart(8, '0') + (hash.low >>> 0).toString(16).padStart(8, '0')
    : 'none';

/** The machine's hashes as one flat row: the four components of every machine, then its devices. */
export function ladderRow(
  icount: Icount,
  hashes: {
    readonly cpu: HashWords;
    readonly tlb: HashWords;
    readonly ram: HashWords;
    readonly disk: HashWords | null;
    readonly devices: Readonly<Record<string, HashWords>>;
  },
): LadderRow {
  const { cpu, ram, tlb, disk, devices } = hashes;
  const parts: Record<string, HashWords> = { cpu, ram, tlb, ...(disk ? { disk } : {}) };
  for (const [name, hash] of Object.entries(devices)) parts[name in parts ? `${name} device` : name] = hash;
  return { icount, hashes: parts };
}
