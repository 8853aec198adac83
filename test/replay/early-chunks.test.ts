import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runGuest } from '../guest/built-in.ts';

/** The chunks of a run's first instructions, before there is a second rung of the ladder. */
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const trace = join(folder, 'run.r386');
const FIRST = 2 ** 20;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: trace, instructions: 2.5e6 });
});

function chunksOf(file: string) {
  const reader = TraceReader.open(file);
  const chunks = reader.chunks.map(({ range }, n) => ({ range, bytes: reader.chunkBytes(n) }));
  const { offset } = reader.chunks[1];
  reader.close();
  return { chunks, offset };
}

it('a recorder that is killed after them leaves a trace that replays up to there', async () => {
  const { chunks, offset } = chunksOf(trace);
  // Each ends with the last event before its cut.
  const ends = chunks.map(({ range }) => range.endIcount);
  expect(ends.map((end) => Math.floor((end - 1) / FIRST))).toEqual([0, 1, 2]);
  const torn = join(folder, 'torn.r386');
  writeFileSync(torn, readFileSync(trace).subarray(0, offset));
  const result = await replay({ path: torn, build: buildMachine, builtinDisk });
  expect(result.divergence).toBeUndefined();
  expect(result.icount).toBe(ends[0] - 1);
  expect(result.verified.events).toBeGreaterThan(0);
});

it('a replay that records cuts the run where the recorder did', async () => {
  const again = join(folder, 'again.r386');
  const output = (header: ConstructorParameters<typeof TraceWriter>[1]) => new TraceWriter(again, header);
  const result = await replay({ path: trace, build: buildMachine, builtinDisk, output });
  expect(result.divergence).toBeUndefined();
  expect(chunksOf(again).chunks).toEqual(chunksOf(trace).chunks);
});
