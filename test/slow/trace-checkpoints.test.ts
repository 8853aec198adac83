import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { machineAt } from '../../analysis/cli/work/machine-at.ts';
import {
  type CheckpointOptions,
  CheckpointPolicy,
  CLOSEST_CHECKPOINTS,
  SHORT_RUN,
} from '../../recorder/capture/checkpoint-policy.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { Timeline } from '../../replayer/timeline/timeline.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import type { RawCheckpoint } from '../../schemas/trace/checkpoint.ts';
import { ladderRow } from '../../schemas/trace/ladder.ts';
import { runGuest } from '../guest/built-in.ts';
import { rewrite } from '../replay/rewrite.ts';
import { tinyKernel } from '../replay/tiny-kernel.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-checkpoints-'));
const file = join(folder, 'run.r386');
const EVERY = 1 << 20;

beforeAll(async () => {
  const run = {
    kernel: 'buggy',
    workload: 'ftpd',
    seed: 3,
    instructions: 2_300_000,
    ladderInterval: EVERY,
  } as const;
  await runGuest({ ...run, output: file, checkpoints: { every: EVERY } });
  await runGuest({ ...run, output: join(folder, 'without.r386'), checkpoints: { every: 'off' } });
});

afterAll(() => rmSync(folder, { recursive: true }));

const opened = async <Result>(path: string, use: (reader: TraceReader) => Promise<Result> | Result) => {
  const reader = TraceReader.open(path);
  try {
    return await use(reader);
  } finally {
    reader.close();
  }
};

const newTimeline = (reader: TraceReader) =>
  new Timeline(ForwardSession.open(reader, { build: buildMachine, builtinDisk }));

const replayed = (path: string, until?: number) =>
  replay({ path, build: buildMachine, builtinDisk, ...(until ? { until } : {}) });

/** The trace with its second checkpoint changed. */
const forged = (name: string, change: (checkpoint: RawCheckpoint) => Partial<RawCheckpoint>) =>
  rewrite(file, join(folder, name), {
    checkpoint: (checkpoint) =>
      checkpoint.icount === 2 * EVERY ? { ...checkpoint, ...change(checkpoint) } : checkpoint,
  });

describe('checkpoints in the trace', () => {
  it('come at rungs, change nothing else, and hold only what changed', async () => {
    await opened(file, async (reader) => {
      expect(reader.checkpoints.map(({ icount }) => icount)).toEqual([EVERY, 2 * EVERY]);
      await opened(join(folder, 'without.r386'), (without) => {
        expect(without.checkpoints).toEqual([]);
        expect(reader.skeleton()).toEqual(without.skeleton());
        expect(reader.totals()).toEqual(without.totals());
      });
      const blocks = reader.readCheckpoint(1).areas.find(({ name }) => name === 'ram')?.blocks ?? [];
      expect(blocks.length).toBeGreaterThan(100);
      expect(blocks.length).toBeLessThan(8000);
    });
  });

  it('agree with the replay, and begin one that agrees with the straight run', async () => {
    const result = await replayed(file);
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
    await opened(file, async (reader) => {
      const fromCheckpoint = newTimeline(reader);
      const straight = newTimeline(reader);
      await straight.seek({ icount: 100_000, deliveries: 0 });
      for (const icount of [2 * EVERY + 12_345, EVERY + 1, 2_299_999]) {
        await fromCheckpoint.seek({ icount, deliveries: 0 });
        await straight.seek({ icount, deliveries: 0 });
        const hashes = [fromCheckpoint, straight].map(({ machine }) =>
          ladderRow(machine.icount, machine.hashes()),
        );
        expect(hashes[0]).toEqual(hashes[1]);
        expect((await machineAt(file, icount)).hashes()).toEqual(straight.machine.hashes());
      }
      // It went there without executing what lies before.
      expect(newTimeline(reader).checkpoints.count).toBe(1);
    });
  });

  it('is a divergence when one is not the state of the run', async () => {
    const forgeries = {
      'words.r386': forged('words.r386', ({ words }) => ({
        words: words.map((byte, at) => (at === 1000 ? byte ^ 4 : byte)),
      })),
      'inputs.r386': forged('inputs.r386', ({ inputs }) => ({ inputs: inputs + 1 })),
      'seq.r386': forged('seq.r386', ({ seq }) => ({ seq: seq + 1 })),
      'short.r386': forged('short.r386', ({ words }) => ({ words: words.subarray(0, 5000) })),
      'masks.r386': forged('masks.r386', ({ masks }) => ({ masks: masks.subarray(0, 500) })),
      'start.r386': forged('start.r386', () => ({ baseIcount: 0 })),
      'base.r386': forged('base.r386', () => ({ baseIcount: 12_345 })),
      'later.r386': forged('later.r386', () => ({ baseIcount: 2 * EVERY })),
      'sector.r386': forged('sector.r386', ({ areas }) => ({
        areas: areas.map((area) => ({ ...area, sources: area.sources.map(() => 99_999_999) })),
      })),
      'kind.r386': forged('kind.r386', ({ areas }) => ({
        areas: areas.map((area) => ({
          ...area,
          kinds: area.kinds.map(() => 9),
          sources: area.kinds.map(() => 0),
        })),
      })),
      'order.r386': forged('order.r386', ({ areas }) => ({
        areas: areas.map((area) => ({ ...area, blocks: area.blocks.map(() => 3) })),
      })),
    };
    for (const [name, path] of Object.entries(forgeries)) {
      const { divergence } = await replayed(path, 2 * EVERY);
      expect(divergence?.subsystem, name).toMatch(/checkpoint|trace/);
      expect(divergence?.icount, name).toBe(2 * EVERY);
    }
    await opened(forgeries['words.r386'], async (reader) => {
      await expect(newTimeline(reader).seek({ icount: 2_290_000, deliveries: 0 })).rejects.toThrow(
        /differs at icount 2097152/,
      );
    });
    await expect(machineAt(forgeries['words.r386'], 2_290_000)).rejects.toThrow(/differs at icount 2097152/);
    await opened(forgeries['short.r386'], async (reader) => {
      await expect(newTimeline(reader).seek({ icount: 2_290_000, deliveries: 0 })).rejects.toThrow(
        /checkpoint 2 of 2/,
      );
    });
  });

  it('are found in a torn trace, as far as it is complete', async () => {
    const whole = readFileSync(file);
    const { offset } = await opened(file, (reader) => reader.checkpoints[1]);
    for (const length of [offset + 100, whole.length - 20]) {
      const torn = join(folder, 'torn.r386');
      writeFileSync(torn, whole.subarray(0, length));
      await opened(torn, async (reader) => {
        expect(reader.torn).toBeDefined();
        for (const { icount } of reader.checkpoints) expect(icount).toBeLessThanOrEqual(reader.endIcount);
      });
      expect((await replayed(torn)).divergence).toBeUndefined();
    }
  });

  it('shows a flipped bit', async () => {
    const bytes = readFileSync(file);
    const { offset } = await opened(file, (reader) => reader.checkpoints[0]);
    bytes[offset + 500] ^= 1;
    const flipped = join(folder, 'flipped.r386');
    writeFileSync(flipped, bytes);
    expect((await replayed(flipped)).divergence).toMatchObject({
      subsystem: expect.stringMatching(/trace|checkpoint/),
    });
  });
});

describe('checkpoints of a run', () => {
  const written = async (instructions: number, checkpoints: CheckpointOptions = {}) => {
    const output = join(folder, `${instructions}.r386`);
    await record({
      build: buildMachine,
      toolVersion: 'test',
      guestName: 'tiny',
      boot: { kind: 'multiboot', name: 'tiny', image: tinyKernel(1e8), commandLine: '', modules: [] },
      config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20, detail: 'off' },
      profile: NO_PROFILE,
      seed: 1n,
      instructions,
      checkpoints,
      output,
    });
    const icounts = await opened(output, (reader) => reader.checkpoints.map(({ icount }) => icount));
    return { output, icounts };
  };

  it('that stays short are not written', async () => {
    expect((await written(SHORT_RUN - 1)).icounts).toEqual([]);
  });

  it('are written once it is long, and agree with it', async () => {
    const { output, icounts } = await written(SHORT_RUN + 2 * CLOSEST_CHECKPOINTS + 1000);
    expect(icounts).toEqual([0, 1, 2].map((n) => SHORT_RUN + n * CLOSEST_CHECKPOINTS));
    expect((await replayed(output)).divergence).toBeUndefined();
    await opened(output, async (reader) => {
      const timeline = newTimeline(reader);
      await timeline.seek({ icount: SHORT_RUN + CLOSEST_CHECKPOINTS + 7, deliveries: 0 });
      expect(timeline.machine.hashes()).toEqual((await machineAt(output, timeline.machine.icount)).hashes());
    });
  });
});

describe('the policy', () => {
  const M = 1_000_000;
  const LONG = SHORT_RUN;
  /** The marks of a writer that has written `chunks` bytes of 4 an event, and so much for each checkpoint. */
  const marks =
    (chunks: number, checkpoints = 0) =>
    () => ({
      header: 20_000,
      chunks,
      checkpoints,
      events: chunks / 4,
    });

  it('keeps to an interval, or makes none', () => {
    const every = new CheckpointPolicy({ every: 100 });
    expect([50, 100, 150, 199, 200].map((icount) => every.wants(icount, 0, 1, marks(0)))).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(new CheckpointPolicy({ every: 'off' }).wants(1e9, 1e9, 1, marks(1e9))).toBe(false);
  });

  it('makes them no closer than a seek would notice', () => {
    const auto = new CheckpointPolicy({});
    const wanted = [0, 12, 13, 25, 26].map((at) => auto.wants(LONG + at * M, 5 * M, 100, marks(20 * M)));
    expect(wanted).toEqual([true, false, true, false, true]);
  });

  it('makes none while a run is short', () => {
    const wanted = (options: CheckpointOptions) =>
      [LONG - 1, LONG].map((icount) => new CheckpointPolicy(options).wants(icount, 0, 1, marks(0)));
    expect(wanted({})).toEqual([false, true]);
    expect(wanted({ every: 1e6 })).toEqual([true, true]);
  });

  it('keeps to its share of the trace while none is written', () => {
    const auto = new CheckpointPolicy({ share: 0.1 });
    // 500 of 5000 KB: two of 5000 frames, by what is supposed of them 184 KB each.
    const wanted = [50, 100, 150].map((at) => auto.wants(LONG + at * M, 1_125_000, 5000, marks(4_500_000)));
    expect(wanted).toEqual([true, true, false]);
  });

  it('goes on when nothing changes', () => {
    const auto = new CheckpointPolicy({});
    const wanted = [0, 4096, 8192].map((written, n) =>
      auto.wants(LONG + n * 20 * M, 10, 0, marks(40, written)),
    );
    expect(wanted).toEqual([true, true, true]);
  });

  it('keeps to its share of the trace, by what those before came to', () => {
    const auto = new CheckpointPolicy({ share: 0.1 });
    // 100 of 1000 KB: nothing is known yet, and then that one of 1000 frames had 84 KB.
    expect(auto.wants(LONG + 20 * M, 225_000, 1000, marks(900_000))).toBe(true);
    expect(auto.wants(LONG + 40 * M, 225_000, 1000, marks(900_000))).toBe(true);
    expect(auto.wants(LONG + 60 * M, 225_000, 1000, marks(900_000, 84_096))).toBe(false);
    expect(auto.wants(LONG + 80 * M, 600_000, 1000, marks(2_400_000, 168_192))).toBe(true);
    const small = new CheckpointPolicy({});
    expect(small.wants(LONG + 20 * M, 10, 1000, marks(40))).toBe(true);
    expect(small.wants(LONG + 40 * M, 10, 4000, marks(40, 40_000))).toBe(false);
  });

  it('does not take the hashes of a quiet run for the size of its events', () => {
    const hashes = { header: 7_000_000, chunks: 64_000, checkpoints: 1_600_000, events: 1 };
    const auto = new CheckpointPolicy({});
    expect(auto.wants(LONG + 20 * M, 1, 1900, marks(0))).toBe(true);
    expect(auto.wants(2000 * M, 1, 4000, () => hashes)).toBe(false);
    // 150,000 events are buffered: at most 1.8 MB, not 9.6 GB.
    expect(auto.wants(2100 * M, 150_000, 4000, () => hashes)).toBe(false);
  });

  it('keeps to its share of the time, by the work', () => {
    const auto = new CheckpointPolicy({ timeShare: 0.03 });
    expect(auto.wants(LONG, 5 * M, 8192, marks(20 * M))).toBe(true);
    expect(auto.wants(LONG + 20 * M, 5 * M, 8192, marks(20 * M))).toBe(false);
    expect(auto.wants(LONG + 90 * M, 5 * M, 8192, marks(20 * M))).toBe(true);
    expect(new CheckpointPolicy({ timeShare: 0 }).wants(LONG, 5 * M, 8192, marks(20 * M))).toBe(false);
  });
});
