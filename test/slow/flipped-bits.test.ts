import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import {
  FRAME_HEADER_BYTES,
  frame,
  PREAMBLE_BYTES,
  readFrameHeader,
  TRAILER_BYTES,
} from '../../schemas/trace/framing.ts';
import { overwrite } from '../overwrite.ts';
import { tinyKernel } from '../replay/tiny-kernel.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/** One bit of a trace flips. A reader refuses it or reads what was written; a replay says so, or was not affected. */
const CASES = Number(process.env.FLIPS ?? 10_000);
const SEED = seedFrom('FLIP_SEED');

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function wholeTrace(): Promise<Buffer> {
  const output = join(folder, 'whole.r386');
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'tiny',
    boot: { kind: 'multiboot', name: 'tiny', image: tinyKernel(20), commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    ladderInterval: 20,
    instructions: 1e5,
    checkpoints: { every: 300 },
    output,
  });
  return readFileSync(output);
}

interface Contents {
  readonly header: string;
  readonly chunks: readonly Buffer[];
  readonly checkpoints: readonly Buffer[];
  readonly torn: boolean;
}

/** Facts, with the lengths of the arrays that follow, and these. */
function joined(facts: unknown, arrays: readonly ArrayBufferView[]): Buffer {
  const views = arrays.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  return Buffer.concat([Buffer.from(JSON.stringify([facts, views.map(({ length }) => length)])), ...views]);
}

/** Everything there is to read; undefined when it is refused. */
function contents(path: string): Contents | undefined {
  try {
    const reader = TraceReader.open(path);
    try {
      const chunks = reader.chunks.map((_, n) => {
        const chunk = reader.readChunk(n);
        const tables = EVENT_KIND_NAMES.filter((kind) => chunk.rows(kind) > 0).map((kind) =>
          chunk.table(kind),
        );
        const counts = tables.map(({ kind, count }) => [kind, count]);
        const columns = tables.flatMap((table) =>
          table.columns.map((column) => column.subarray(0, table.count)),
        );
        return joined([chunk.range, chunk.inputs, chunk.ladder, counts], columns);
      });
      const checkpoints = reader.checkpoints.map((_, n) => {
        const { masks, words, strides, ...facts } = reader.readCheckpoint(n);
        return joined(facts, [masks, words, strides]);
      });
      const { seed, ...header } = reader.header;
      const torn = reader.torn !== undefined;
      return { header: JSON.stringify([header, String(seed)]), chunks, checkpoints, torn };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof BadInput) return undefined;
    throw error;
  }
}

type Outcome = 'detected' | 'harmless';

it(`${CASES} flipped bits are detected or harmless (FLIP_SEED=${SEED})`, async () => {
  const whole = await wholeTrace();
  const path = join(folder, 'flipped.r386');
  writeFileSync(path, whole);
  const original = contents(path);
  expect(original?.checkpoints.length).toBeGreaterThan(0);
  const next = random(SEED);
  const read: Record<Outcome, number> = { detected: 0, harmless: 0 };
  const executed: Record<Outcome, number> = { detected: 0, harmless: 0 };
  for (let n = 0; n < CASES; n++) {
    const at = next() % whole.length;
    const bit = 1 << (next() & 7);
    const bytes = Buffer.from(whole);
    bytes[at] ^= bit;
    overwrite(path, bytes);
    const where = `bit ${bit} of byte ${at} of ${whole.length}`;

    const found = contents(path);
    if (found) {
      // Without its index a trace is scanned, up to what is damaged: what is read is what was written.
      expect(found.header === original?.header, where).toBe(true);
      for (const part of ['chunks', 'checkpoints'] as const) {
        const same = found[part].every((bytes, i) => original?.[part][i]?.equals(bytes));
        expect(same, `${where}: ${part}`).toBe(true);
      }
    }
    const noticed = found === undefined || found.torn;
    read[noticed ? 'detected' : 'harmless']++;
    expect(noticed, `${where} went unnoticed`).toBe(true);

    // A replay is a thousand times the work: some of each kind.
    if (found === undefined ? n % 50 > 0 : n % 10 > 0) continue;
    const outcome = await execute(path, where);
    expect(outcome, where).toBe('detected');
    executed[outcome]++;
  }
  console.log(`${CASES} flips: read ${JSON.stringify(read)}, replayed ${JSON.stringify(executed)}`);
  expect(read.detected + read.harmless).toBe(CASES);
  expect(read.detected).toBeGreaterThan(CASES * 0.9);
  expect(executed.detected).toBeGreaterThan(CASES / 100);
});

it(`bits flipped behind right checksums break nothing either (FLIP_SEED=${SEED})`, async () => {
  const whole = await wholeTrace();
  const path = join(folder, 'forged.r386');
  writeFileSync(path, whole);
  const next = random(SEED);
  const executed: Record<Outcome, number> = { detected: 0, harmless: 0 };
  for (let n = 0; n < CASES / 50; n++) {
    const at = PREAMBLE_BYTES + (next() % (whole.length - PREAMBLE_BYTES - TRAILER_BYTES));
    const bytes = Buffer.from(whole);
    bytes[at] ^= 1 << (next() & 7);
    overwrite(path, resealed(bytes, whole));
    executed[await execute(path, `byte ${at} of ${whole.length}`)]++;
  }
  console.log(`replayed behind right checksums: ${JSON.stringify(executed)}`);
  expect(executed.detected).toBeGreaterThan(CASES / 100);
});

/** Every frame with its checksum made right again; where the frames are, `whole` tells. */
function resealed(bytes: Buffer, whole: Buffer): Buffer {
  const parts = [bytes.subarray(0, PREAMBLE_BYTES)];
  for (let at = PREAMBLE_BYTES; at < whole.length - TRAILER_BYTES; ) {
    const { type, length } = readFrameHeader(whole.subarray(at));
    const start = at + FRAME_HEADER_BYTES;
    parts.push(Buffer.from(frame(type, bytes.subarray(start, start + length))));
    at = start + length;
  }
  return Buffer.concat([...parts, whole.subarray(whole.length - TRAILER_BYTES)]);
}

async function execute(path: string, where: string): Promise<Outcome> {
  try {
    const result = await replay({ path, build: buildMachine });
    return result.divergence || result.torn ? 'detected' : 'harmless';
  } catch (error) {
    expect(error, where).toBeInstanceOf(BadInput);
    return 'detected';
  }
}
