import { FIRST_DISK } from '../../schemas/trace/checkpoint.ts';
import type { TraceOutput } from '../../schemas/trace/output.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/trace/state-changes.ts';
import type { DiskContents } from '../machine/device.ts';
import type { Machine } from '../machine/machine.ts';
import { type Instant, RAM_AREA, SNAPSHOT_PAGE } from '../machine/state/snapshot.ts';
import type { CheckpointPolicy } from './checkpoint-policy.ts';
import type { DiskReads } from './disk-reads.ts';

/** Takes checkpoints on the recording thread and passes them to the output. */

const NOTHING_READ: ChangedUnits = { name: FIRST_DISK, bytes: 0, numbers: new Uint32Array(), units: [] };

type Drives = ReadonlyMap<string, DiskContents>;

/**
 * Takes checkpoints of a machine during a recording: passes the changes since the last one to the output. Another thread encodes them
 * (checkpoint-encoder.ts).
 */
export class Checkpointer {
  private readonly machine: Machine;
  private readonly policy: CheckpointPolicy;
  private readonly reads: DiskReads | null;
  private readonly output: TraceOutput;
  /** Sectors that were written to each drive up to the last checkpoint. */
  private drives: Drives = new Map();

  /** Takes the initial state of the machine; `reads`: reads of its first disk. */
  constructor(machine: Machine, reads: DiskReads | null, policy: CheckpointPolicy, output: TraceOutput) {
    this.machine = machine;
    this.policy = policy;
    this.reads = reads;
    this.output = output;
    if (policy.off) return;
    output.beginCheckpoints(this.changes(0));
  }

  /** Makes a checkpoint if one is due; the machine is at a rung and its changes are known. */
  atRung(events: number, inputs: number): void {
    const { machine, output } = this;
    if (!this.policy.wants(machine.icount, events, machine.framesChanged, () => output.mark())) return;
    output.checkpoint(this.changes(inputs));
  }

  private changes(inputs: number): StateChanges {
    const { ram, areas, ...instant } = this.machine.changes();
    const { icount, seq, tracking } = instant;
    const before = this.drives;
    this.drives = drivesOf(instant);
    return {
      icount,
      seq,
      inputs,
      tracking,
      areas: [
        ...[...areas].map(([name, bytes]) => wholeArea(name, bytes)),
        { name: RAM_AREA, bytes: ram.bytes, numbers: ram.frames, units: ram.pages },
      ],
      drives: [...this.drives].map(([name, now]) => changedSectors(name, before.get(name), now)),
      read: this.reads?.take() ?? NOTHING_READ,
    };
  }
}

const drivesOf = ({ disk, media }: Instant): Drives =>
  new Map([...(disk ? [[FIRST_DISK, disk] as const] : []), ...media]);

function wholeArea(name: string, bytes: Uint8Array): ChangedUnits {
  const count = Math.ceil(bytes.length / SNAPSHOT_PAGE);
  const units = Array.from({ length: count }, (_, n) =>
    bytes.subarray(n * SNAPSHOT_PAGE, (n + 1) * SNAPSHOT_PAGE),
  );
  return { name, bytes: bytes.length, numbers: Uint32Array.from(units.keys()), units };
}

function changedSectors(name: string, before: DiskContents | undefined, now: DiskContents): ChangedUnits {
  const written =
    now === before ? [] : [...now].filter(([sector, contents]) => before?.get(sector) !== contents);
  written.sort(([a], [b]) => a - b);
  return {
    name,
    bytes: 0,
    numbers: Uint32Array.from(written, ([sector]) => sector),
    units: written.map(([, { bytes }]) => bytes),
  };
}
