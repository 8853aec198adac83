import type { Machine } from '../../recorder/machine/machine.ts';
import type { Icount, Physical } from '../../schemas/units.ts';

/** Writes to memory that devices and pokes made during a replay. */

/** A write to memory not made by an instruction: by a bus master, or a poke from outside. */
export interface DeviceWrite {
  readonly icount: Icount;
  readonly physical: Physical;
  readonly size: number;
}

/** Reports every write by devices while a machine runs; the processor runs at full speed. */
export function reportDeviceWrites(machine: Machine, tell: (write: DeviceWrite) => void): void {
  machine.mmu.onDeviceWrite = (physical, size) => tell({ icount: machine.icount, physical, size });
}
