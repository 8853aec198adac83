import { BLOCK_BYTES } from '../../schemas/trace/checkpoint.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/trace/state-changes.ts';
import { SNAPSHOT_PAGE } from '../machine/state/snapshot.ts';

/** Changes whose pages and sectors are consecutive in one shared buffer, for the writer thread. */
export type SlotChanges = Omit<StateChanges, 'areas' | 'drives' | 'read'> & {
  readonly areas: readonly UnitsInSlot[];
  readonly drives: readonly UnitsInSlot[];
  readonly read: UnitsInSlot;
};

type UnitsInSlot = Omit<ChangedUnits, 'units'>;

const withoutUnits = ({ name, bytes, numbers }: ChangedUnits) => ({ name, bytes, numbers });

export const inSlot = ({ areas, drives, read, ...moment }: StateChanges): SlotChanges => ({
  ...moment,
  areas: areas.map(withoutUnits),
  drives: drives.map(withoutUnits),
  read: withoutUnits(read),
});

/** Every unit has the room of a page or a sector. */
const room = (units: readonly { readonly numbers: Uint32Array }[], size: number): number =>
  units.reduce((sum, { numbers }) => sum + numbers.length * size, 0);

export const changesBytes = ({ areas, drives, read }: StateChanges): number =>
  room(areas, SNAPSHOT_PAGE) + room([...drives, read], BLOCK_BYTES);

/** Copies the units into a slot of at least changesBytes(changes). */
export function fillChangesSlot(buffer: SharedArrayBuffer, { areas, drives, read }: StateChanges): void {
  const bytes = new Uint8Array(buffer);
  let at = 0;
  const lists = [[areas, SNAPSHOT_PAGE] as const, [[...drives, read], BLOCK_BYTES] as const];
  for (const [list, size] of lists) {
    for (const { units } of list) {
      for (const unit of units) {
        bytes.set(unit, at);
        at += size;
      }
    }
  }
}

/** The changes in a slot, as views of it. */
export function slotStateChanges(
  buffer: SharedArrayBuffer,
  { areas, drives, read, ...moment }: SlotChanges,
): StateChanges {
  let at = 0;
  const restored = (list: readonly UnitsInSlot[], size: number): ChangedUnits[] =>
    list.map(({ name, bytes, numbers }) => {
      const units = Array.from(numbers, (n) => {
        const length = bytes > 0 ? Math.min(size, bytes - n * size) : size;
        const unit = new Uint8Array(buffer, at, length);
        at += size;
        return unit;
      });
      return { name, bytes, numbers, units };
    });
  const changedAreas = restored(areas, SNAPSHOT_PAGE);
  const sectors = restored([...drives, read], BLOCK_BYTES);
  return { ...moment, areas: changedAreas, drives: sectors.slice(0, -1), read: sectors[drives.length] };
}
