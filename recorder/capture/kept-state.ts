import type { ChangedUnits, StateChanges } from '../../schemas/state-changes.ts';
import { keptPage, type PagedArea, SNAPSHOT_PAGE, ZERO_PAGE } from '../machine/snapshot.ts';

export type Sectors = ReadonlyMap<number, Uint8Array>;

/** A machine's state as the writer of checkpoints keeps it: shares what did not change with the states before it. */
export interface KeptState {
  readonly icount: number;
  readonly areas: ReadonlyMap<string, PagedArea>;
  /** What was written to each drive. */
  readonly drives: ReadonlyMap<string, Sectors>;
}

export const NOTHING_KEPT: KeptState = { icount: 0, areas: new Map(), drives: new Map() };

/**
 * The state after `changes`; pages and sectors that they do not name are as they were, at first zeros.
 * Copies what is new.
 */
export function afterChanges({ areas, drives }: KeptState, changes: StateChanges): KeptState {
  const nextAreas = new Map(areas);
  for (const units of changes.areas) nextAreas.set(units.name, changedArea(areas.get(units.name), units));
  const nextDrives = new Map(drives);
  for (const units of changes.drives)
    nextDrives.set(units.name, changedSectors(drives.get(units.name), units));
  return { icount: changes.icount, areas: nextAreas, drives: nextDrives };
}

function changedArea(before: PagedArea | undefined, { bytes, numbers, units }: ChangedUnits): PagedArea {
  const count = Math.ceil(bytes / SNAPSHOT_PAGE);
  const pages = Array.from({ length: count }, (_, n) => before?.pages[n] ?? ZERO_PAGE);
  numbers.forEach((number, i) => {
    pages[number] = keptPage(units[i], before?.pages[number]);
  });
  return { bytes, pages };
}

function changedSectors(before: Sectors | undefined, { numbers, units }: ChangedUnits): Sectors {
  const sectors = new Map(before);
  numbers.forEach((number, i) => {
    sectors.set(number, units[i].slice());
  });
  return sectors;
}
