import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildMachine } from '../../recorder/machine/build.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { FRAME_HEADER_BYTES, readFrameHeader } from '../../schemas/trace/framing.ts';
import { DEFAULT_LADDER_INTERVAL } from '../../schemas/trace/output.ts';
import { tinyKernel } from '../replay/tiny-kernel.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/**
 * A recorder is killed (SIGKILL) at random moments and at random sizes of its file. The run is always the same, so what
 * is left must be, byte for byte, the beginning of the file that an undisturbed recorder makes.
 */
const KILLS = Number(process.env.KILLS ?? 100);
const SEED = seedFrom('KILL_SEED');
const INSTRUCTIONS = 500_000;
/** A chunk is closed after 16 rungs: some fifteen chunks in the run. */
const LADDER = 2_000;

const child = join(import.meta.dirname, 'recorder-child.mjs');
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KERNEL = join(folder, 'kernel.elf');
const REFERENCE = join(folder, 'reference.r386');
let reference: Buffer;
let chunkEnds: number[];
/** Milliseconds that an undisturbed recording takes from its beginning. */
let duration = 0;

beforeAll(async () => {
  writeFileSync(KERNEL, tinyKernel(INSTRUCTIONS));
  const first = start(REFERENCE);
  await first.begun;
  const begun = performance.now();
  await first.ended;
  duration = performance.now() - begun;
  reference = readFileSync(REFERENCE);
  const reader = TraceReader.open(REFERENCE);
  const offsets = reader.chunks.map(({ offset }) => offset);
  expect(reader.checkpoints.length).toBeGreaterThan(3);
  reader.close();
  chunkEnds = offsets.map(
    (offset) => offset + FRAME_HEADER_BYTES + readFrameHeader(reference.subarray(offset)).length,
  );
});

function start(output: string, instructions = INSTRUCTIONS, ladder = LADDER) {
  const args = [child, KERNEL, output, String(instructions), String(ladder)];
  const recorder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    begun: new Promise((done) => recorder.stdout.once('data', done)),
    ended: new Promise((done) => recorder.once('exit', done)),
    kill: () => recorder.kill('SIGKILL'),
    /** It did not come to its own end. */
    get wasKilled() {
      return recorder.signalCode === 'SIGKILL';
    },
    get running() {
      return recorder.exitCode === null && recorder.signalCode === null;
    },
  };
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

interface Killing {
  /** False when the recorder had come to its own end before. */
  readonly wasKilled: boolean;
  /** Path of the file that is left. */
  readonly path: string | undefined;
}

/** Kills a recorder by the clock (`moment`, 0-1 of the run) or when its file has reached a size. */
async function killed(output: string, moment: number, bytes: number | undefined): Promise<Killing> {
  const recorder = start(output);
  await recorder.begun;
  if (bytes === undefined) await wait(moment * duration);
  else while (recorder.running && sizeOf(`${output}.partial`) < bytes) await wait(1);
  recorder.kill();
  await recorder.ended;
  const path = [`${output}.partial`, output].find((name) => existsSync(name));
  return { wasKilled: recorder.wasKilled, path };
}

const replayed = new Set<number>();

/** Opens, is a beginning of the reference, has all its whole chunks, and replays to its end. */
async function examine(path: string, alsoReplay: boolean): Promise<'nothing' | 'torn' | 'whole'> {
  const bytes = readFileSync(path);
  expect(reference.subarray(0, bytes.length).equals(bytes)).toBe(true);
  const chunks = chunkEnds.filter((end) => end <= bytes.length).length;
  let reader: TraceReader;
  try {
    reader = TraceReader.open(path);
  } catch (error) {
    expect(String(error)).toMatch(/ends before its header: nothing was recorded/);
    expect(chunks).toBe(0);
    return 'nothing';
  }
  expect(reader.chunks.length).toBe(chunks);
  const { torn } = reader;
  reader.close();
  if (alsoReplay || !replayed.has(chunks)) {
    replayed.add(chunks);
    const result = await replay({ path, build: buildMachine });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd || result.torn !== undefined).toBe(true);
  }
  return torn ? 'torn' : 'whole';
}

it(`${KILLS} killed recorders leave what they had written (KILL_SEED=${SEED})`, async () => {
  const next = random(SEED);
  const left = { none: 0, nothing: 0, torn: 0, whole: 0 };
  let serial = 0;
  let kills = 0;
  const lane = async (): Promise<void> => {
    while (kills < KILLS) {
      const output = join(folder, `killed-${serial++}.r386`);
      const moment = (next() % 1100) / 1000;
      const bytes = next() % 2 ? next() % reference.length : undefined;
      const { wasKilled, path } = await killed(output, moment, bytes);
      if (wasKilled) kills++;
      if (path === undefined) left.none++;
      else {
        left[await examine(path, next() % 20 === 0)]++;
        rmSync(path);
      }
    }
  };
  await Promise.all([lane(), lane()]);
  console.log(
    `${kills} kills of ${serial} recorders: ${JSON.stringify(left)}; replayed with ${replayed.size} different lengths`,
  );
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(left.none + left.nothing + left.torn + left.whole).toBe(serial);
  expect(left.torn).toBeGreaterThan(KILLS / 4);
  expect(replayed.size).toBeGreaterThan(5);
});

it('with the usual ladder the first chunk is there long before the second rung', async () => {
  const output = join(folder, 'early.r386');
  const recorder = start(output, 200_000_000, DEFAULT_LADDER_INTERVAL);
  await recorder.begun;
  const chunks = () => {
    try {
      const reader = TraceReader.open(`${output}.partial`);
      const ends = reader.chunks.map(({ range }) => range.endIcount);
      reader.close();
      return ends;
    } catch {
      return [];
    }
  };
  while (recorder.running && chunks().length === 0) await wait(1);
  recorder.kill();
  await recorder.ended;
  expect(recorder.wasKilled).toBe(true);
  expect(chunks()[0]).toBeGreaterThan(0);
  expect(chunks()[0]).toBeLessThanOrEqual(2 ** 20);
});
