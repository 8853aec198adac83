import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { knownLastWriter } from '../../analysis/cli/work/known-last-writer.ts';
import { TraceCache } from '../../analysis/db/cache.ts';
import { StoreIndex } from '../../analysis/db/store-index.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { Monitor } from '../../replayer/debug/monitor.ts';
import { executedWrites } from '../../replayer/store-index/executed-writes.ts';
import type { LastWriter } from '../../replayer/store-index/last-writer.ts';
import { EPOCH_SHIFT } from '../../replayer/store-index/row-words.ts';
import { forEachRun } from '../../replayer/store-index/writes.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';
import { bootFloppy, firmware, PLAN } from '../replay/seabios.ts';

/** The index of stores against every write of the same run, one after the other. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const trace = join(folder, 'run.r386');
const EPOCH = 2 ** EPOCH_SHIFT;
/** The address that the boot sector of boot-sector.ts reads a sector to. */
const READ_TO = 0x7e00;

/** Every write of the run, in order. */
const all = {
  icount: [] as number[],
  physical: [] as number[],
  size: [] as number[],
  eip: [] as number[],
  source: [] as number[],
};
let end = 0;
let index: StoreIndex;

const options = { build: buildMachine, builtinDisk, note: (text: string) => expect.fail(text) };

beforeAll(async () => {
  const { final } = await runGuest({
    kernel: 'buggy',
    workload: 'forkstorm',
    seed: 3,
    scale: 10,
    // Some in every epoch: what is executed in it must not begin at one of them.
    ladderInterval: 50_000,
    checkpoints: { every: 50_000 },
    output: trace,
  });
  end = final.icount;
  await replay({
    path: trace,
    build: buildMachine,
    builtinDisk,
    detail: 'stores',
    onEvents: ({ tables }) =>
      forEachRun(tables, ({ icount, physical, eip, size }, first, end, source) => {
        for (let row = first; row < end; row++) {
          all.source.push(source);
          all.icount.push(icount[row]);
          all.physical.push(physical[row]);
          all.eip.push(eip[row]);
          all.size.push(size[row]);
        }
      }),
  });
  index = await StoreIndex.open(trace, options);
});
afterAll(() => {
  index.close();
  rmSync(folder, { recursive: true });
});

/** Position in `all` of the last write of a byte before `before`; -1 if none. */
function lastBefore(byte: number, before: number): number {
  for (let i = all.icount.length - 1; i >= 0; i--) {
    if (all.icount[i] >= before) continue;
    if (all.physical[i] <= byte && byte < all.physical[i] + all.size[i]) return i;
  }
  return -1;
}

function expectLast(last: LastWriter, byte: number, before: number): void {
  const i = lastBefore(byte, before);
  const where = `byte ${byte.toString(16)} before ${before}`;
  if (last.kind === 'write') {
    const { icount, physical, size, eip } = last.write;
    expect({ icount, physical, size, eip }, where).toEqual({
      icount: all.icount[i],
      physical: all.physical[i],
      size: all.size[i],
      eip: all.eip[i],
    });
  } else expect(i, where).toBe(-1);
}

/** Numbers below `n` from a fixed sequence. */
function sequence(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

it('knows the last writer of any byte at the end of the run', () => {
  const pick = sequence(1);
  for (let n = 0; n < 40; n++) {
    const byte = all.physical[pick(all.physical.length)] + pick(8);
    const [{ last }] = index.look(byte, 1, end);
    expect(last.kind).not.toBe('hidden');
    expectLast(last, byte, end);
  }
});

it('knows it at any instant, but for bytes written again in the same epoch', () => {
  const pick = sequence(2);
  let hidden = 0;
  for (let n = 0; n < 60; n++) {
    const before = pick(end);
    const byte = all.physical[pick(all.physical.length)] + pick(4);
    const [{ last }] = index.look(byte, 1, before);
    if (last.kind !== 'hidden') {
      expectLast(last, byte, before);
      continue;
    }
    hidden++;
    expect(last.from).toBe(Math.floor((before - 1) / EPOCH) * EPOCH);
    const later = lastBefore(byte, last.from + EPOCH);
    expect(all.icount[later]).toBeGreaterThanOrEqual(before);
  }
  expect(hidden).toBeGreaterThan(0);
  expect(hidden).toBeLessThan(30);
});

it('finds by executing again what the index hides', async () => {
  const pick = sequence(3);
  let found = 0;
  while (found < 3) {
    const before = pick(end);
    const byte = all.physical[pick(all.physical.length)];
    if (index.look(byte, 1, before)[0].last.kind !== 'hidden') continue;
    found++;
    const runs = await index.find(byte, 4, before);
    for (const { physical, bytes, last } of runs)
      for (let at = physical; at < physical + bytes; at++) expectLast(last, at, before);
  }
});

it('executes all of a window, also where the trace has checkpoints in it', async () => {
  const reader = TraceReader.open(trace);
  const [from, before] = [260_000, 410_000];
  const within = reader.checkpoints.filter(({ icount }) => icount > from && icount <= before);
  expect(within.length).toBeGreaterThan(1);
  const session = ForwardSession.open(reader, options);
  const window = { physical: 0, bytes: index.ramBytes, from, before, pokes: new Set<number>() };
  const stores = (await executedWrites(session, window)).filter(({ source }) => source === 'store');
  reader.close();
  const recorded = all.icount.filter((icount, i) => icount >= from && icount < before && all.source[i] === 0);
  expect(stores.map(({ icount }) => icount)).toEqual(recorded);
});

it('says of memory never written that it was not', () => {
  const { ramBytes } = index;
  expect(index.look(ramBytes - 4096, 16, end)).toEqual([
    { physical: ramBytes - 4096, bytes: 16, last: { kind: 'never' } },
  ]);
});

it('is found again, and made again when damaged', async () => {
  const cache = () => new TraceCache(trace, () => {}).find('stores.index') as string;
  const file = cache();
  const before = readFileSync(file);
  const { mtimeMs } = statSync(file);
  (await StoreIndex.open(trace, options)).close();
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
  writeFileSync(file, before.subarray(0, 5000));
  const notes: string[] = [];
  (await StoreIndex.open(trace, { ...options, note: (text) => notes.push(text) })).close();
  expect(notes).toEqual([expect.stringMatching(/stores\..*index is damaged and is rebuilt/)]);
  expect(readFileSync(cache()).equals(before)).toBe(true);
});

it('knows what a floppy brought by DMA, and a debugger says the same with it and without', async () => {
  const floppy = join(folder, 'floppy.r386');
  await record({
    ...PLAN,
    ...{ drives: [bootFloppy()], firmware: firmware('a'), instructions: 60e6, output: floppy },
    build: buildMachine,
  });
  const own = await StoreIndex.open(floppy, options);
  const [{ bytes, last }] = own.look(READ_TO, 16, own.end);
  expect(last).toMatchObject({ kind: 'write', write: { source: 'dma', physical: READ_TO, size: 1 } });
  expect(bytes).toBe(1);
  const { status, stdout } = await runCli('who-wrote', floppy, `${READ_TO}+2`, '--format', 'csv');
  expect(status).toBe(0);
  expect(stdout[1]).toMatch(/^00007e00\+1,dma,\d+,,,/);

  const reader = TraceReader.open(floppy);
  const debuggee = new Debuggee(ForwardSession.open(reader, options), {}, () => {});
  const plain = new Monitor(debuggee, reader);
  const indexed = new Monitor(debuggee, reader, { lastWriter: knownLastWriter(reader) });
  const at = last.kind === 'write' ? last.write.icount : 0;
  // Before it came, as it came, and after.
  for (const icount of [at - 1, at, at + 1, own.end]) {
    await debuggee.goto({ icount, deliveries: 0 });
    const told = await indexed.run('last-writer 7e00');
    expect(told, `at icount ${icount} (${at})`).toBe(await plain.run('last-writer 7e00'));
    if (icount >= at) expect(told).toContain(`at icount ${at} by a device, by DMA`);
  }
  reader.close();
  own.close();
});

it('knows what a what-if changed', async () => {
  const output = join(folder, 'poked.r386');
  const place = `0x${(index.ramBytes - 4096).toString(16)}`;
  const { status } = await runCli(
    'replay',
    trace,
    '--at',
    '500000',
    '--poke',
    `phys:${place}=7`,
    '-o',
    output,
  );
  expect(status).toBeLessThan(2);
  const { stdout } = await runCli('who-wrote', output, place, '--format', 'csv');
  expect(stdout[1]).toMatch(/,poke,500000,,,/);
  const midway = await runCli('who-wrote', output, place, '--before', '500001', '--format', 'csv');
  expect(midway.stdout[1]).toBe(stdout[1]);
});

it('who-wrote names code and process', async () => {
  const physical = all.physical[all.physical.length - 1];
  const { status, stdout } = await runCli(
    'who-wrote',
    trace,
    `0x${physical.toString(16)}`,
    '--format',
    'csv',
  );
  expect(status).toBe(0);
  expect(stdout[0]).toMatch(/^bytes,source,icount,code,instruction,process/);
  expect(stdout[1]).toContain(`,${all.icount[all.icount.length - 1]},`);
});

it.each([
  ['nonsense', /has no symbol nonsense/],
  ['0xfffffff0', /outside the guest's memory/],
  ['0x1000-0x1000', /not a memory range/],
  ['0+0x800000', /more than 1048576 bytes/],
])('who-wrote refuses %s', async (range, message) => {
  const { status, stderr } = await runCli('who-wrote', trace, range);
  expect(status).toBe(2);
  expect(stderr[0]).toMatch(message);
});
