import { describe, expect, it } from 'vitest';
import { CheckpointEncoder, type TakenState } from '../../recorder/capture/checkpoint-encoder.ts';
import type { DiskImage } from '../../recorder/machine/device.ts';
import { writtenSector } from '../../recorder/machine/devices/disk-overlay.ts';
import { SNAPSHOT_PAGE, type Snapshot, sameBytes, savePaged } from '../../recorder/machine/state/snapshot.ts';
import { CheckpointWalk } from '../../replayer/trace/checkpoint-walk.ts';
import {
  BLOCK,
  BLOCK_BYTES,
  decodeCheckpoint,
  encodeCheckpoint,
  type RawCheckpoint,
} from '../../schemas/trace/checkpoint.ts';
import type { ChangedUnits, StateChanges } from '../../schemas/trace/state-changes.ts';
import { random } from '../unit/trace-fixture.ts';

const RAM_PAGES = 40;
const SECTORS = 64;
/** Not whole pages, nor whole blocks. */
const CPU_BYTES = SNAPSHOT_PAGE + 700;

/** Bytes of a machine that is nothing else. */
interface State {
  readonly ram: Uint8Array<ArrayBuffer>;
  /** Its length changes. */
  cpu: Uint8Array<ArrayBuffer>;
  readonly written: Map<number, Uint8Array<ArrayBuffer>>;
}

const copyOf = ({ ram, cpu, written }: State): State => ({
  ram: ram.slice(),
  cpu: cpu.slice(),
  written: new Map([...written].map(([sector, bytes]) => [sector, bytes.slice()])),
});

/** Changes that guests make to memory: whole blocks from disk and from elsewhere, page tables, fields of structures. */
function change(state: State, image: Uint8Array, draw: (below: number) => number): void {
  const words = new Int32Array(state.ram.buffer);
  for (let times = 0; times < 30; times++) {
    const page = draw(RAM_PAGES);
    const at = page * SNAPSHOT_PAGE + draw(8) * BLOCK_BYTES;
    switch (draw(8)) {
      case 0:
        state.ram.fill(0, at, at + BLOCK_BYTES);
        break;
      case 1: {
        const sector = draw(SECTORS);
        state.ram.set(image.subarray(sector * BLOCK_BYTES, (sector + 1) * BLOCK_BYTES), at);
        break;
      }
      case 2: {
        const from = draw(RAM_PAGES * 8) * BLOCK_BYTES;
        state.ram.copyWithin(at, from, from + BLOCK_BYTES);
        break;
      }
      case 3: {
        const stride = 1 + draw(32);
        const step = draw(2 ** 32) | 0;
        for (let i = 0; i < SNAPSHOT_PAGE / 4; i++)
          words[page * (SNAPSHOT_PAGE / 4) + i] = Math.imul(Math.floor(i / stride), step) + (i % stride);
        break;
      }
      case 4:
        for (let i = 0; i < 5; i++) words[(at >>> 2) + draw(128)] = draw(2 ** 32);
        break;
      case 5:
        for (let i = 0; i < 128; i++) words[(at >>> 2) + i] = draw(2 ** 32);
        break;
      case 6:
        if (draw(4) === 0) state.cpu = Uint8Array.from({ length: draw(CPU_BYTES) + 1 }, () => draw(256));
        state.cpu[draw(state.cpu.length)] = draw(256);
        break;
      case 7:
        state.written.set(draw(SECTORS), state.ram.slice(at, at + BLOCK_BYTES));
    }
  }
}

function unitsOf(name: string, before: Uint8Array, now: Uint8Array): ChangedUnits {
  const numbers: number[] = [];
  for (let n = 0; n * SNAPSHOT_PAGE < now.length; n++) {
    const range = [n * SNAPSHOT_PAGE, (n + 1) * SNAPSHOT_PAGE];
    if (!sameBytes(before.slice(...range), now.slice(...range))) numbers.push(n);
  }
  const units = numbers.map((n) => now.slice(n * SNAPSHOT_PAGE, (n + 1) * SNAPSHOT_PAGE));
  return { name, bytes: now.length, numbers: Uint32Array.from(numbers), units };
}

/** Sectors from `first` on, before `end`. */
function sectorsOf(image: Uint8Array = new Uint8Array(), first = 0, end = 0): ChangedUnits {
  const numbers = Uint32Array.from({ length: end - first }, (_, i) => first + i);
  const units = Array.from(numbers, (n) => image.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES));
  return { name: 'disk', bytes: 0, numbers, units };
}

/** The run reads half of the disk before the first checkpoint, and the rest before this one. */
const ALL_READ = 50;
const readBefore = (icount: number, image: Uint8Array): ChangedUnits =>
  icount === 1
    ? sectorsOf(image, 0, SECTORS / 2)
    : icount === ALL_READ
      ? sectorsOf(image, SECTORS / 2, SECTORS)
      : sectorsOf();

function changesBetween(before: State, now: State, icount: number, read = sectorsOf()): StateChanges {
  const sectors = [...now.written]
    .filter(([sector, bytes]) => !sameBytes(bytes, before.written.get(sector) ?? new Uint8Array()))
    .sort(([a], [b]) => a - b);
  return {
    icount,
    seq: icount * 2,
    inputs: icount * 3,
    tracking: true,
    areas: [unitsOf('ram', before.ram, now.ram), unitsOf('cpu', before.cpu, now.cpu)],
    drives: [
      {
        name: 'disk',
        bytes: 0,
        numbers: Uint32Array.from(sectors, ([sector]) => sector),
        units: sectors.map(([, bytes]) => bytes),
      },
    ],
    read,
  };
}

const snapshotOf = ({ ram, cpu, written }: State, icount: number): Snapshot => ({
  icount,
  seq: icount * 2,
  tracking: true,
  areas: new Map([
    ['ram', savePaged(ram, undefined)],
    ['cpu', savePaged(cpu, undefined)],
  ]),
  disk: new Map([...written].map(([sector, bytes]) => [sector, writtenSector(sector, bytes)])),
  media: new Map(),
});

const plain = ({ areas, disk, ...rest }: Snapshot) => ({
  ...rest,
  areas: [...areas].map(([name, { bytes, pages }]) => [name, bytes, Buffer.concat(pages).toString('base64')]),
  disk: [...(disk ?? [])]
    .sort(([a], [b]) => a - b)
    .map(([sector, { bytes, hash }]) => [sector, Buffer.from(bytes).toString('base64'), hash]),
});

/** 100 checkpoints of a run of 100 instructions, encoded when so many states were taken. */
function run(seed: number, together = 1) {
  const next = random(seed);
  const draw = (below: number) => next() % below;
  const image = Uint8Array.from({ length: SECTORS * BLOCK_BYTES }, () => draw(256));
  let state: State = {
    ram: new Uint8Array(RAM_PAGES * SNAPSHOT_PAGE),
    cpu: new Uint8Array(CPU_BYTES),
    written: new Map(),
  };
  const nothing = copyOf(state);
  change(state, image, draw);
  const start = snapshotOf(copyOf(state), 0);
  const encoder = new CheckpointEncoder(changesBetween(nothing, state, 0));
  const disk: DiskImage = {
    sectors: SECTORS,
    read: (sector, into) => into.set(image.subarray(sector * BLOCK_BYTES, (sector + 1) * BLOCK_BYTES)),
  };
  const raws: RawCheckpoint[] = [];
  const states: Snapshot[] = [];
  const taken: TakenState[] = [];
  for (let icount = 1; icount <= 100; icount++) {
    const before = copyOf(state);
    change(state, image, draw);
    const changes = changesBetween(before, state, icount, readBefore(icount, image));
    taken.push(encoder.take(changes));
    // What was shown may change then.
    for (const { units } of changes.areas) for (const unit of units) unit.fill(0xee);
    if (icount % together === 0)
      for (const one of taken.splice(0)) raws.push(decodeCheckpoint(encodeCheckpoint(encoder.encode(one))));
    states.push(snapshotOf(state, icount));
    state = copyOf(state);
  }
  return { start, disk, raws, states };
}

describe('a checkpoint in the trace', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [7, 20],
  ])('becomes the state that it was made of (seed %i, %i at a time)', (seed, together) => {
    const { start, disk, raws, states } = run(seed, together);
    expect(raws.length).toBe(states.length);
    const kinds = new Set<number>();
    for (const [i, raw] of raws.entries()) {
      const base = raw.baseIcount === 0 ? start : states[raw.baseIcount - 1];
      const walk = new CheckpointWalk(base, disk);
      walk.apply(raw);
      expect(plain(walk.snapshot()), `checkpoint ${i}`).toEqual(plain(states[i]));
      for (const { kinds: some } of [...raw.areas, ...raw.drives]) for (const kind of some) kinds.add(kind);
    }
    expect([...kinds].sort()).toEqual(Object.values(BLOCK));
  });

  it('is reached by a walk over those before it, and by one that stops on its way', () => {
    const { start, disk, raws, states } = run(6);
    const stepsTo = (index: number): number[] => {
      const { baseIcount } = raws[index];
      return baseIcount === 0 ? [index] : [...stepsTo(baseIcount - 1), index];
    };
    for (const stops of [0, 1, 3]) {
      for (const goal of [63, 87, 95, 99]) {
        const walk = new CheckpointWalk(start, disk);
        for (const [n, step] of stepsTo(goal).entries()) {
          walk.apply(raws[step]);
          if (n % 4 < stops) expect(plain(walk.snapshot())).toEqual(plain(states[step]));
        }
        expect(plain(walk.snapshot())).toEqual(plain(states[goal]));
      }
    }
  });

  it('takes from the disk only what the run has read', () => {
    const { raws } = run(5);
    const named = (raw: RawCheckpoint) =>
      [...raw.areas, ...raw.drives].flatMap(({ kinds, sources }) => {
        const elsewhere = kinds.filter((kind) => kind >= BLOCK.sector);
        return sources.filter((_, i) => elsewhere[i] === BLOCK.sector);
      });
    const highest = (from: number, to: number) => Math.max(...raws.slice(from, to).flatMap(named));
    expect(highest(0, ALL_READ - 1)).toBeLessThan(SECTORS / 2);
    expect(highest(ALL_READ - 1, raws.length)).toBeGreaterThanOrEqual(SECTORS / 2);
  });

  it('is reached in a few steps from the start', () => {
    const { raws } = run(4);
    const steps = (index: number): number => {
      const { baseIcount } = raws[index];
      return baseIcount === 0 ? 1 : 1 + steps(baseIcount - 1);
    };
    expect(Math.max(...raws.map((_, i) => steps(i)))).toBeLessThanOrEqual(1 + 3 + 3 + 7);
  });
});
