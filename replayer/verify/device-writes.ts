import type { Machine } from '../../recorder/machine/machine.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import type { Icount, Linear, Physical } from '../../schemas/units.ts';

/** Writes to memory that devices and pokes made during a replay. */

/** A write to memory not made by an instruction: by a bus master, or a poke from outside. */
export interface DeviceWrite {
  readonly icount: Icount;
  readonly physical: Physical;
  readonly size: number;
}

/** Reports every write by devices while a machine runs; installed by `Machine.watchFor`. */
export class DeviceWrites extends Stops {
  private readonly machine: Machine;
  private readonly tell: (write: DeviceWrite) => void;

  constructor(machine: Machine, tell: (write: DeviceWrite) => void) {
    super(machine.cpu, [], []);
    this.mode = 'note';
    this.machine = machine;
    this.tell = tell;
  }

  override accesses(_linear: Linear, physical: Physical, size: number, write: boolean): void {
    if (write && this.byDevice) this.tell({ icount: this.machine.icount, physical: physical >>> 0, size });
  }
}
