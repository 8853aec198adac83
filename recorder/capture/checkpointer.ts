import type { ChangedUnits, StateChanges } from '../../schemas/state-changes.ts';
import { BLOCK_BYTES, FIRST_DISK } from '../../schemas/trace-checkpoint.ts';
import type { TraceOutput } from '../../schemas/trace-output.ts';
import type { DiskContents, DiskImage } from '../machine/device.ts';
import type { Machine } from '../machine/machine.ts';
import { type PagedArea, SNAPSHOT_PAGE, type Snapshot, ZERO_PAGE } from '../machine/snapshot.ts';
import type { CheckpointPolicy } from './checkpoint-policy.ts';

/** Larger disks are not searched for what is in memory. */
const MAX_SECTORS = 1 << 18;

/**
 * Takes checkpoints of a machine while it is recorded: copies what changed since the last one. How that is written is the
 * work of another thread (checkpoint-encoder.ts).
 */
export class Checkpointer {
  private readonly machine: Machine;
  private readonly policy: CheckpointPolicy;
  private readonly disk: DiskImage | null;
  private readonly output: TraceOutput;
  private base: Snapshot | undefined;
  private begun = false;

  /** The machine as it was put together. */
  constructor(machine: Machine, disk: DiskImage | null, policy: CheckpointPolicy, output: TraceOutput) {
    this.machine = machine;
    this.policy = policy;
    this.disk = disk;
    this.output = output;
    if (!policy.off) this.base = machine.snapshot();
  }

  /** The machine is at a rung, its changes have just been looked at: a checkpoint, if it is time for one. */
  atRung(events: number, inputs: number): void {
    const { machine, base, output } = this;
    if (!base || !this.policy.wants(machine.icount, events, machine.framesUncopied, () => output.mark()))
      return;
    if (!this.begun) output.beginCheckpoints(changesBetween(undefined, base, 0), imageOf(this.disk));
    this.begun = true;
    const now = machine.snapshot();
    this.base = now;
    output.checkpoint(changesBetween(base, now, inputs));
  }
}

function changesBetween(base: Snapshot | undefined, now: Snapshot, inputs: number): StateChanges {
  const { icount, seq, tracking } = now;
  const areas = [...now.areas].flatMap(([name, area]) => changedPages(name, base?.areas.get(name), area));
  const drives = [[FIRST_DISK, now.disk] as const, ...now.media].flatMap(([name, contents]) =>
    changedSectors(name, (name === FIRST_DISK ? base?.disk : base?.media.get(name)) ?? null, contents),
  );
  return { icount, seq, inputs, tracking, areas, drives };
}

/** None when nothing changed. */
function changedPages(name: string, base: PagedArea | undefined, now: PagedArea): ChangedUnits[] {
  const numbers: number[] = [];
  for (let n = 0; n < now.pages.length; n++)
    if (now.pages[n] !== (base?.pages[n] ?? ZERO_PAGE)) numbers.push(n);
  if (numbers.length === 0 && now.bytes === base?.bytes) return [];
  return [gathered(name, now.bytes, numbers, SNAPSHOT_PAGE, (n) => now.pages[n])];
}

function changedSectors(name: string, base: DiskContents | null, now: DiskContents | null): ChangedUnits[] {
  if (!now || now === base) return [];
  const numbers = [...now.keys()]
    .filter((sector) => base?.get(sector) !== now.get(sector))
    .sort((a, b) => a - b);
  if (numbers.length === 0) return [];
  return [gathered(name, 0, numbers, BLOCK_BYTES, (n) => (now.get(n) as { bytes: Uint8Array }).bytes)];
}

function gathered(
  name: string,
  bytes: number,
  numbers: number[],
  size: number,
  unit: (number: number) => Uint8Array,
): ChangedUnits {
  const last = numbers.at(-1);
  const length = last === undefined ? 0 : (numbers.length - 1) * size + unit(last).length;
  const contents = new Uint8Array(length);
  for (let i = 0; i < numbers.length; i++) contents.set(unit(numbers[i]), i * size);
  return { name, bytes, numbers: Uint32Array.from(numbers), contents };
}

function imageOf(disk: DiskImage | null): Uint8Array<ArrayBuffer> | null {
  if (!disk || disk.sectors > MAX_SECTORS) return null;
  const image = new Uint8Array(disk.sectors * BLOCK_BYTES);
  for (let n = 0; n < disk.sectors; n++) disk.read(n, image.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES));
  return image;
}
