import { BLOCK_BYTES, type Blocks, type RawCheckpoint, SOURCE } from '../../schemas/trace-checkpoint.ts';
import type { DiskContents, DiskImage } from '../machine/device.ts';
import type { Machine } from '../machine/machine.ts';
import { type Page, type PagedArea, SNAPSHOT_PAGE, type Snapshot } from '../machine/snapshot.ts';
import { WordHasher } from '../machine/state-hash.ts';
import type { CheckpointPolicy } from './checkpoint-policy.ts';

const NO_PAGE: Page = new Uint8Array(SNAPSHOT_PAGE);

/** Makes checkpoints of a machine while it is recorded, each as the difference to the one before. */
export class Checkpointer {
  private readonly machine: Machine;
  private readonly policy: CheckpointPolicy;
  private readonly disk: DiskImage | null;
  private sectors: SectorIndex | undefined;
  private base: Snapshot | undefined;

  /** The machine as it was put together. */
  constructor(machine: Machine, disk: DiskImage | null, policy: CheckpointPolicy) {
    this.machine = machine;
    this.policy = policy;
    this.disk = disk;
    if (!policy.off) this.base = machine.snapshot();
  }

  /** The machine is at a rung, its changes have just been looked at: a checkpoint, if it is time for one. */
  atRung(events: number, inputs: number): RawCheckpoint | undefined {
    const { machine, base } = this;
    if (!base || !this.policy.wants(machine.icount, events, machine.framesUncopied)) return undefined;
    const now = machine.snapshot();
    this.base = now;
    this.sectors ??= new SectorIndex(this.disk);
    return difference(base, now, inputs, this.sectors);
  }
}

function difference(base: Snapshot, now: Snapshot, inputs: number, sectors: SectorIndex): RawCheckpoint {
  const literals: Uint8Array[] = [];
  const areas: Blocks[] = [];
  for (const [name, area] of now.areas) {
    const blocks = changedBlocks(name, base.areas.get(name), area, sectors, literals);
    if (blocks.blocks.length > 0 || blocks.bytes !== base.areas.get(name)?.bytes) areas.push(blocks);
  }
  const disk = changedSectors('disk', base.disk, now.disk, sectors, literals);
  const media = [...now.media]
    .map(([name, contents]) => changedSectors(name, base.media.get(name), contents, sectors, literals))
    .filter(({ blocks }) => blocks.length > 0);
  const contents = new Uint8Array(literals.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of literals) {
    contents.set(block, at);
    at += block.length;
  }
  return {
    icount: now.icount,
    seq: now.seq,
    inputs,
    tracking: now.tracking,
    baseIcount: base.icount,
    areas,
    disk,
    media,
    contents,
  };
}

function changedBlocks(
  name: string,
  base: PagedArea | undefined,
  now: PagedArea,
  sectors: SectorIndex,
  literals: Uint8Array[],
): Blocks {
  const blocks: number[] = [];
  const sources: number[] = [];
  for (const [n, page] of now.pages.entries()) {
    const before = base?.pages[n] ?? NO_PAGE;
    if (page === before) continue;
    for (let at = 0; at < page.length; at += BLOCK_BYTES) {
      const block = page.subarray(at, at + BLOCK_BYTES);
      const changes = exclusiveOr(block, before.subarray(at, at + BLOCK_BYTES));
      if (!changes) continue;
      const source = block.length === BLOCK_BYTES ? sectors.find(block) : SOURCE.literal;
      blocks.push((n * SNAPSHOT_PAGE + at) / BLOCK_BYTES);
      sources.push(source);
      if (source === SOURCE.literal) literals.push(changes);
    }
  }
  return { name, bytes: now.bytes, blocks, sources };
}

/** Sectors that the guest wrote since `base`. */
function changedSectors(
  name: string,
  base: DiskContents | null | undefined,
  now: DiskContents | null,
  sectors: SectorIndex,
  literals: Uint8Array[],
): Blocks {
  const blocks: number[] = [];
  const sources: number[] = [];
  for (const [sector, contents] of [...(now ?? [])].sort(([a], [b]) => a - b)) {
    if (base?.get(sector) === contents) continue;
    const source = sectors.find(contents.bytes);
    blocks.push(sector);
    sources.push(source);
    if (source === SOURCE.literal) literals.push(contents.bytes);
  }
  return { name, bytes: 0, blocks, sources };
}

/** undefined when they are the same; what `before` lacks counts as zeros. */
function exclusiveOr(now: Uint8Array, before: Uint8Array): Uint8Array | undefined {
  const changes = new Uint8Array(now.length);
  let any = 0;
  for (let i = 0; i < now.length; i++) any |= changes[i] = now[i] ^ (before[i] ?? 0);
  return any === 0 ? undefined : changes;
}

/** Larger disks are not searched. */
const MAX_SECTORS = 1 << 18;

/** Finds contents on the disk as it was: much of a guest's memory was read from there. */
class SectorIndex {
  private readonly disk: DiskImage | undefined;
  private readonly byHash = new Map<number, number>();
  private readonly hasher = new WordHasher();
  private readonly bytes = new Uint8Array(BLOCK_BYTES);
  private readonly words = new Int32Array(this.bytes.buffer);

  constructor(disk: DiskImage | null) {
    this.disk = disk && disk.sectors <= MAX_SECTORS ? disk : undefined;
    for (let sector = (this.disk?.sectors ?? 0) - 1; sector >= 0; sector--) {
      this.disk?.read(sector, this.bytes);
      this.byHash.set(this.hash(), sector);
    }
  }

  /** The source of these 512 bytes (trace-checkpoint.ts). */
  find(block: Uint8Array): number {
    this.bytes.set(block);
    if (this.words.every((word) => word === 0)) return SOURCE.zeros;
    const sector = this.disk && this.byHash.get(this.hash());
    if (sector === undefined) return SOURCE.literal;
    this.disk?.read(sector, this.bytes);
    return block.every((byte, i) => byte === this.bytes[i]) ? SOURCE.sectors + sector : SOURCE.literal;
  }

  private hash(): number {
    this.hasher.run(this.words, 0, this.words.length, 0);
    return this.hasher.low;
  }
}
