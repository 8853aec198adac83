import type { ChangedUnits, StateChanges } from '../../schemas/state-changes.ts';
import { BLOCK_BYTES, FIRST_DISK } from '../../schemas/trace-checkpoint.ts';
import type { TraceOutput } from '../../schemas/trace-output.ts';
import type { DiskContents, DiskImage } from '../machine/device.ts';
import type { Machine } from '../machine/machine.ts';
import {
  type Instant,
  type PagedArea,
  RAM_AREA,
  SNAPSHOT_PAGE,
  type Snapshot,
  ZERO_PAGE,
} from '../machine/snapshot.ts';
import type { CheckpointPolicy } from './checkpoint-policy.ts';

/** Larger disks are not searched for what is in memory. */
const MAX_SECTORS = 1 << 18;

type Drives = ReadonlyMap<string, DiskContents>;

/**
 * Takes checkpoints of a machine while it is recorded: shows the output what may have changed since the last one. How that
 * is written is the work of another thread (checkpoint-encoder.ts).
 */
export class Checkpointer {
  private readonly machine: Machine;
  private readonly policy: CheckpointPolicy;
  private readonly disk: DiskImage | null;
  private readonly output: TraceOutput;
  /** The machine as it was put together; undefined without checkpoints. */
  private readonly start: Snapshot | undefined;
  /** What was written to each drive up to the last checkpoint; undefined before the first. */
  private drives: Drives | undefined;

  /** The machine as it was put together. */
  constructor(machine: Machine, disk: DiskImage | null, policy: CheckpointPolicy, output: TraceOutput) {
    this.machine = machine;
    this.policy = policy;
    this.disk = disk;
    this.output = output;
    if (policy.off) return;
    this.start = machine.snapshot();
    machine.changes();
  }

  /** The machine is at a rung, its changes have just been looked at: a checkpoint, if it is time for one. */
  atRung(events: number, inputs: number): void {
    const { machine, start, output } = this;
    const wanted =
      start && this.policy.wants(machine.icount, events, machine.framesChanged, () => output.mark());
    if (!wanted) return;
    if (!this.drives) {
      this.drives = drivesOf(start);
      output.beginCheckpoints(wholeState(start), imageOf(this.disk));
    }
    output.checkpoint(this.changes(inputs, this.drives));
  }

  private changes(inputs: number, before: Drives): StateChanges {
    const { ram, areas, ...instant } = this.machine.changes();
    this.drives = drivesOf(instant);
    return {
      ...momentOf(instant, inputs),
      areas: [
        ...[...areas].map(([name, bytes]) => wholeArea(name, bytes)),
        { name: RAM_AREA, bytes: ram.bytes, numbers: ram.frames, units: ram.pages },
      ],
      drives: [...this.drives].map(([name, now]) => changedSectors(name, before.get(name), now)),
    };
  }
}

const momentOf = ({ icount, seq, tracking }: Instant, inputs: number) => ({ icount, seq, inputs, tracking });

const drivesOf = ({ disk, media }: Instant): Drives =>
  new Map([...(disk ? [[FIRST_DISK, disk] as const] : []), ...media]);

function wholeState(state: Snapshot): StateChanges {
  return {
    ...momentOf(state, 0),
    areas: [...state.areas].map(([name, area]) => pagesInUse(name, area)),
    drives: [...drivesOf(state)].map(([name, contents]) => changedSectors(name, undefined, contents)),
  };
}

function pagesInUse(name: string, { bytes, pages }: PagedArea): ChangedUnits {
  const numbers = Uint32Array.from([...pages.keys()].filter((n) => pages[n] !== ZERO_PAGE));
  return { name, bytes, numbers, units: Array.from(numbers, (n) => pages[n]) };
}

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

function imageOf(disk: DiskImage | null): Uint8Array<ArrayBuffer> | null {
  if (!disk || disk.sectors > MAX_SECTORS) return null;
  const image = new Uint8Array(disk.sectors * BLOCK_BYTES);
  for (let n = 0; n < disk.sectors; n++) disk.read(n, image.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES));
  return image;
}
