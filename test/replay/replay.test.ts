import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Schedule } from '../../recorder/capture/input/input-source.ts';
import { type RecordOptions, record } from '../../recorder/capture/session.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { DEFAULT_CONFIG } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../../replayer/verify/replay.ts';
import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import { pack } from '../../schemas/trace/compression.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { type Rewriting, rewrite } from './rewrite.ts';
import { toyBoot, toyBuilder } from './toy-machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

const SCHEDULE: Input[] = [
  { kind: 'serial_byte', icount: icount(70_001), value: 65 },
  { kind: 'inject_irq', icount: icount(150_000), value: 14 },
  { kind: 'serial_byte', icount: icount(150_000), value: 66 },
];

const PLAN: RecordOptions = {
  build: toyBuilder(),
  toolVersion: 'test',
  guestName: 'toy',
  boot: toyBoot(1),
  config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
  profile: { name: 'none', recursiveSlot: -1, alternateSlot: -1 },
  seed: 7n,
  ladderInterval: 10_000,
  // A replay with more detail makes none.
  checkpoints: { every: 'off' },
  instructions: 300_500,
};

async function recorded(name: string, changes: Partial<RecordOptions> = {}): Promise<string> {
  await record({ ...PLAN, sources: [new Schedule(SCHEDULE)], output: path(name), ...changes });
  return path(name);
}

const replayed = (file: string, changes: Partial<ReplayOptions> = {}): Promise<ReplayResult> =>
  replay({ path: file, build: toyBuilder(), ...changes });

describe('recording', () => {
  it('is the same file for the same plan, and another for another seed', async () => {
    const first = readFileSync(await recorded('first.r386'));
    expect(readFileSync(await recorded('again.r386')).equals(first)).toBe(true);
    expect(readFileSync(await recorded('other.r386', { seed: 8n })).equals(first)).toBe(false);
  });

  it('has a rung at each multiple of the interval, and the state at the end', async () => {
    const reader = TraceReader.open(await recorded('rungs.r386'));
    expect(reader.ladder().map((row) => row.icount)).toEqual(
      Array.from({ length: 31 }, (_, i) => i * 10_000),
    );
    expect(reader.footer?.final.icount).toBe(300_500);
    expect(reader.footer?.exit.kind).toBe('limit');
    expect(reader.inputs()[0].kind).toBe('rtc_start');
    reader.close();
  });

  it('ends in order when it is stopped', async () => {
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    const file = await recorded('stopped.r386', { instructions: 1e12, onProgress, signal: abort.signal });
    const reader = TraceReader.open(file);
    expect(reader.footer?.exit.kind).toBe('interrupted');
    reader.close();
    const result = await replayed(file);
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
  });
});

describe('replay', () => {
  it('agrees with its recording in everything', async () => {
    const file = await recorded('same.r386');
    const reader = TraceReader.open(file);
    const result = await replayed(file);
    expect(result).toEqual({
      detail: 'paging',
      divergence: undefined,
      icount: 300_500,
      verified: { rungs: 31, events: reader.events, inputs: reader.inputs().length },
      reachedEnd: true,
      torn: undefined,
      hashesCompared: true,
    });
    expect(reader.events).toBeGreaterThan(5000);
    reader.close();
  });

  it('agrees on how the guest ended the run', async () => {
    const file = await recorded('exit.r386', { build: toyBuilder(123_456) });
    const result = await replayed(file, { build: toyBuilder(123_456) });
    expect(result.divergence).toBeUndefined();
    expect(result.icount).toBe(123_457);
    const late = await replayed(file, { build: toyBuilder() });
    expect(late.divergence).toMatchObject({ subsystem: 'exit', icount: 123_457, since: 120_000 });
  });

  it('stops where it is told to', async () => {
    const result = await replayed(await recorded('until.r386'), { until: 45_678 });
    expect(result.divergence).toBeUndefined();
    expect(result).toMatchObject({ icount: 45_678, reachedEnd: false, verified: { rungs: 5 } });
  });

  it('goes to the last rung of a torn trace', async () => {
    const whole = readFileSync(await recorded('whole.r386'));
    const reader = TraceReader.open(path('whole.r386'));
    const last = reader.chunks.at(-1)!;
    expect(reader.chunks.length).toBeGreaterThan(1);
    reader.close();
    writeFileSync(path('torn.r386'), whole.subarray(0, last.offset + 100));
    const result = await replayed(path('torn.r386'));
    expect(result.divergence).toBeUndefined();
    expect(result.torn?.lostBytes).toBe(100);
    expect(result.reachedEnd).toBe(false);
    expect(result.icount).toBe(150_000);
  });

  it('takes events however they are cut into batches', async () => {
    const file = await recorded('stores.r386', {
      config: { ...PLAN.config, detail: 'stores' },
      instructions: 3e6,
    });
    expect((await replayed(file)).divergence).toBeUndefined();
  });
});

describe('replay with more detail', () => {
  it('verifies what was recorded and makes the trace that recording it would have made', async () => {
    const stores = { ...PLAN.config, detail: 'stores' } as const;
    const direct = await recorded('direct.r386', { config: stores });
    const file = await recorded('paging.r386');
    const result = await replayed(file, {
      detail: 'stores',
      output: (header) => new TraceWriter(path('added.r386'), header),
    });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
    expect(readFileSync(path('added.r386')).equals(readFileSync(direct))).toBe(true);
  });

  it('adds the stores of a window alone, and the result replays', async () => {
    const file = await recorded('paging.r386');
    const [from, until] = [100_000, 200_000];
    const output = (header: TraceHeader) => new TraceWriter(path('window.r386'), header);
    await replayed(file, { detail: 'stores', storesFrom: from, until, output });
    const reader = TraceReader.open(path('window.r386'));
    const icounts = reader.chunks.flatMap((_, i) => {
      const { count, columns } = reader.readChunk(i).table('stores');
      return [...columns[0].subarray(0, count)];
    });
    expect(Math.min(...icounts)).toBeGreaterThanOrEqual(from);
    expect(Math.max(...icounts)).toBeLessThan(until);
    expect((await replayed(path('window.r386'))).divergence).toBeUndefined();
    await expect(replayed(path('window.r386'), { storesFrom: 1 })).rejects.toThrow(/already has stores/);
  });

  it('still sees events in the wrong order', async () => {
    const file = await recorded('order.r386');
    // Two events of different kinds exchange their place: every column but seq stays.
    const other = rewrite(file, path('swapped.r386'), {
      chunk: (chunk) => {
        const [a, b] = [chunk.tables.get('paging_writes')!, chunk.tables.get('console')!];
        const seq = b.columns[1][3];
        const row = a.columns[1].indexOf(seq - 1);
        if (row >= 0) [a.columns[1][row], b.columns[1][3]] = [seq, seq - 1];
        else b.columns[1][3] += 1;
        return chunk;
      },
    });
    const result = await replayed(other, { detail: 'stores' });
    expect(result.divergence?.subsystem).toMatch(/^events:(paging_writes|console)$/);
  });
});

describe('a changed trace (checksums recomputed)', () => {
  async function changed(how: Rewriting): Promise<ReplayResult> {
    const file = await recorded('original.r386');
    const result = await replayed(rewrite(file, path('changed.r386'), how));
    expect(result.divergence).toBeDefined();
    expect(result.divergence?.next).toMatch(/^rewind386 \w+ .*changed\.r386/);
    return result;
  }

  it.each([
    ['pc', 'pc 0x'],
    ['absentReads', 'absentReads 0x'],
    ['screen', 'screen "'],
  ] as const)('state at the end: %s is made again', async (field, expected) => {
    const { divergence } = await changed({
      footer: (footer) => {
        const { endState } = footer;
        if (!endState) throw new Error('no state at the end');
        const value = endState[field];
        return {
          ...footer,
          endState: { ...endState, [field]: typeof value === 'string' ? `${value}!` : value + 1 },
        };
      },
    });
    expect(divergence?.subsystem).toBe('end state');
    expect(divergence?.expected).toContain(expected);
  });

  it('input value: found by what it leads to', async () => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        const at = chunk.inputs.findIndex((input) => input.kind === 'disk_latency');
        chunk.inputs[at] = { ...chunk.inputs[at], value: chunk.inputs[at].value ^ 1 };
        return chunk;
      },
    });
    expect(divergence?.icount).toBeGreaterThan(0);
    expect(divergence?.subsystem).toMatch(/^(events:|cpu|input)/);
  });

  it('input value out of its range: named', async () => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        const at = chunk.inputs.findIndex((input) => input.kind === 'disk_latency');
        chunk.inputs[at] = { ...chunk.inputs[at], value: 3 };
        return chunk;
      },
    });
    expect(divergence).toMatchObject({ subsystem: 'input', actual: 'disk_latency is 10 to 4000000000' });
    expect(divergence?.expected).toMatch(/^disk_latency = 3 at icount/);
  });

  it('input icount: the machine does not ask for it then', async () => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        const at = chunk.inputs.findIndex((input) => input.icount > 50_000);
        if (at >= 0) chunk.inputs[at] = { ...chunk.inputs[at], icount: icount(chunk.inputs[at].icount + 1) };
        return chunk;
      },
    });
    expect(divergence?.subsystem).toBe('input');
    expect(divergence?.icount).toBeGreaterThan(50_000);
    expect(divergence?.since).toBeGreaterThanOrEqual(50_000);
  });

  it.each(['cpu', 'ram', 'tlb', 'timer'])('ladder, %s: the rung is named', async (component) => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        const at = chunk.ladder.findIndex((row) => row.icount === 80_000);
        if (at < 0) return chunk;
        const { hashes } = chunk.ladder[at];
        const { low, high } = hashes[component];
        chunk.ladder[at] = {
          icount: icount(80_000),
          hashes: { ...hashes, [component]: { low: low ^ 4, high } },
        };
        return chunk;
      },
    });
    expect(divergence).toMatchObject({ icount: 80_000, since: 70_000, subsystem: component, also: [] });
    expect(divergence?.next).toContain('--until 70000');
  });

  it('final state: named', async () => {
    const { divergence } = await changed({
      footer: (footer) => {
        const hashes = { ...footer.final.hashes, ram: { low: 1, high: 2 } };
        return { ...footer, final: { ...footer.final, hashes } };
      },
    });
    expect(divergence).toMatchObject({ icount: 300_500, subsystem: 'ram' });
  });

  it.each(EVENT_KIND_NAMES.filter((kind) => ['paging_writes', 'interrupts', 'console'].includes(kind)))(
    'event of %s: the row is named',
    async (kind) => {
      let expected = 0;
      const { divergence } = await changed({
        chunk: (chunk) => {
          const table = chunk.tables.get(kind)!;
          expected ||= table.columns[0][5];
          table.columns.at(-1)![5] ^= 1;
          return chunk;
        },
      });
      expect(divergence).toMatchObject({ icount: expected, subsystem: `events:${kind}` });
      expect(divergence?.next).toContain(`SELECT * FROM ${kind} WHERE icount BETWEEN`);
    },
  );

  it('event left out, the only one of its kind after it too: the replay has more', async () => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        if (chunk.tables.get('interrupts')!.columns[0][0] > 2000) chunk.tables.get('interrupts')!.count = 0;
        return chunk;
      },
    });
    expect(divergence).toMatchObject({ subsystem: 'events:interrupts', expected: 'no more interrupts' });
  });

  it('event added: the replay does not make it', async () => {
    const { divergence } = await changed({
      chunk: (chunk) => {
        const table = chunk.tables.get('tlb_events')!;
        if (chunk.index === 0) {
          table.count = 1;
          for (const [c, column] of table.columns.entries()) column[0] = c === 0 ? 33_333 : 0;
        }
        return chunk;
      },
    });
    expect(divergence).toMatchObject({
      icount: 33_333,
      subsystem: 'events:tlb_events',
      actual: 'no such event',
    });
  });

  it('image: its SHA-256, before anything runs', async () => {
    const { divergence } = await changed({
      header: (header) => {
        const image = { ...header.guest.image!, contents: pack(toyBoot(2).image) };
        return { ...header, guest: { ...header.guest, image } };
      },
    });
    expect(divergence).toMatchObject({ icount: 0, subsystem: 'image' });
  });

  it('command line or configuration: by what they lead to', async () => {
    const { divergence } = await changed({
      header: (header) => ({ ...header, machine: { ...header.machine, ramBytes: 8 << 20 } }),
    });
    expect(divergence).toMatchObject({ icount: 0, subsystem: 'ram' });
  });
});

describe('a damaged trace', () => {
  it('is a divergence wherever the damage is', async () => {
    const whole = readFileSync(await recorded('good.r386', { instructions: 20_500, sources: [] }));
    const withoutTrailer = whole.length - 16;
    for (let at = 16; at < withoutTrailer; at += 97) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 << (at & 7);
      writeFileSync(path('damaged.r386'), bytes);
      const result = await replayed(path('damaged.r386'));
      expect(result.divergence, `byte ${at} of ${whole.length}`).toBeDefined();
    }
  });
});

describe('disks', () => {
  const image = Uint8Array.from({ length: 100_000 }, (_, i) => (i < 50 || i > 90_000 ? i & 0xff : 0));

  it('are embedded, without their holes', async () => {
    const file = await recorded('disk.r386', { disk: { kind: 'image', image } });
    expect((await replayed(file)).divergence).toBeUndefined();
  });

  it('that come with the tool are found by name, and must be the same', async () => {
    const file = await recorded('builtin.r386', { disk: { kind: 'builtin', name: 'demo', image } });
    const seen: string[] = [];
    const builtinDisk = (name: string) => {
      seen.push(name);
      return image;
    };
    expect((await replayed(file, { builtinDisk })).divergence).toBeUndefined();
    expect(seen).toEqual(['demo']);
    const { divergence } = await replayed(file, { builtinDisk: () => image.map((byte) => byte ^ 1) });
    expect(divergence).toMatchObject({ icount: 0, subsystem: 'disk image' });
    await expect(replayed(file)).rejects.toThrow(/built-in disk demo/);
  });

  it('too large to embed stay outside, and are looked for beside the trace alone', async () => {
    mkdirSync(path('elsewhere'));
    const elsewhere = path('elsewhere/disk.img');
    writeFileSync(elsewhere, image);
    const file = await recorded('path.r386', { disk: { kind: 'path', path: elsewhere } });
    await expect(replayed(file)).rejects.toThrow(/disk\.img, is not in the trace: .*no such file/);
    expect((await replayed(file, { disks: [elsewhere] })).divergence).toBeUndefined();
    writeFileSync(path('disk.img'), image);
    expect((await replayed(file)).divergence).toBeUndefined();
    writeFileSync(path('disk.img'), image.slice(0, 99_000));
    await expect(replayed(file)).rejects.toThrow(/disk\.img does not match: it has 194 sectors, not 196/);
    writeFileSync(
      path('disk.img'),
      image.map((byte) => byte ^ 1),
    );
    const found = replayed(file).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(await found).toMatch(/disk\.img does not match: its contents differ/);
    // The hash of a file on this machine is nobody's business.
    expect(await found).not.toMatch(/[0-9a-f]{16}/);
  });
});
