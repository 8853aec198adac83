import type { Machine } from '../../recorder/machine/machine.ts';
import { MachineError } from '../../recorder/machine/machine-error.ts';
import type { KeptState, Snapshot } from '../../recorder/machine/state/snapshot.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';

/** Restores a state that may come from a trace's checkpoint. Throws TraceDamage if it is impossible for this machine. */
export function restoreRecorded(machine: Pick<Machine, 'restore'>, snapshot: Snapshot | KeptState): void {
  try {
    machine.restore(snapshot);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    throw new TraceDamage(`checkpoint at icount ${snapshot.icount}`, error.message, snapshot.icount);
  }
}
