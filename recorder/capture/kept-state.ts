import { BLOCK_WORDS } from '../../schemas/trace/checkpoint.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/trace/state-changes.ts';
import { SNAPSHOT_PAGE } from '../machine/state/snapshot.ts';
import { blockHash } from './block-index.ts';

/** The states of earlier checkpoints for comparison; equal pages are shared. */

const PAGE_WORDS = SNAPSHOT_PAGE / 4;
export const BLOCKS_IN_PAGE = PAGE_WORDS / BLOCK_WORDS;

/** A page of an area; a shorter one is padded with zeros. Immutable, because states share equal pages. */
export class KeptPage {
  readonly words: Int32Array;
  private hashes: Int32Array | undefined;

  constructor(words: Int32Array) {
    this.words = words;
  }

  /** The blockHash of each block. */
  get blockHashes(): Int32Array {
    return (this.hashes ??= hashesOf(this.words));
  }
}

function hashesOf(words: Int32Array): Int32Array {
  const hashes = new Int32Array(BLOCKS_IN_PAGE);
  for (let i = 0; i < BLOCKS_IN_PAGE; i++) hashes[i] = blockHash(words, i * BLOCK_WORDS);
  return hashes;
}

/** Every page of zeros. */
export const ZEROS = new KeptPage(new Int32Array(PAGE_WORDS));

export interface KeptArea {
  readonly bytes: number;
  readonly pages: readonly KeptPage[];
}

/** BLOCK_WORDS each, by their numbers. */
export type Sectors = ReadonlyMap<number, Int32Array>;

/** A machine's state for the encoder of checkpoints; shares unchanged pages with earlier states. */
export interface KeptState {
  readonly icount: number;
  readonly areas: ReadonlyMap<string, KeptArea>;
  /** Sectors that were written to each drive. */
  readonly drives: ReadonlyMap<string, Sectors>;
}

export const NOTHING_KEPT: KeptState = { icount: 0, areas: new Map(), drives: new Map() };

/**
 * The state after `changes`. Other pages and sectors are unchanged, initially zeros. New ones are copied.
 */
export function afterChanges({ areas, drives }: KeptState, changes: StateChanges): KeptState {
  const nextAreas = new Map(areas);
  for (const units of changes.areas) nextAreas.set(units.name, changedArea(areas.get(units.name), units));
  const nextDrives = new Map(drives);
  for (const units of changes.drives)
    nextDrives.set(units.name, changedSectors(drives.get(units.name), units));
  return { icount: changes.icount, areas: nextAreas, drives: nextDrives };
}

function changedArea(before: KeptArea | undefined, { bytes, numbers, units }: ChangedUnits): KeptArea {
  const pages: KeptPage[] = [];
  const count = Math.ceil(bytes / SNAPSHOT_PAGE);
  for (let n = 0; n < count; n++) pages.push(before?.pages[n] ?? ZEROS);
  for (let i = 0; i < units.length; i++) pages[numbers[i]] = keptPage(units[i], pages[numbers[i]]);
  return { bytes, pages };
}

const candidate = new Int32Array(PAGE_WORDS);
const candidateBytes = new Uint8Array(candidate.buffer);

/** A copy, or `last` or ZEROS if that holds the same. */
function keptPage(bytes: Uint8Array, last: KeptPage): KeptPage {
  candidateBytes.set(bytes);
  if (bytes.length < SNAPSHOT_PAGE) candidateBytes.fill(0, bytes.length);
  if (sameWords(candidate, last.words)) return last;
  if (sameWords(candidate, ZEROS.words)) return ZEROS;
  return new KeptPage(candidate.slice());
}

function sameWords(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function changedSectors(before: Sectors | undefined, { numbers, units }: ChangedUnits): Sectors {
  if (before && units.length === 0) return before;
  const sectors = new Map(before);
  for (let i = 0; i < units.length; i++) {
    const words = new Int32Array(BLOCK_WORDS);
    new Uint8Array(words.buffer).set(units[i]);
    sectors.set(numbers[i], words);
  }
  return sectors;
}
