import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import { unpack } from '../../schemas/trace/compression.ts';
import {
  FRAME_HEADER_BYTES,
  frame,
  PREAMBLE_BYTES,
  readFrameHeader,
  TRAILER_BYTES,
} from '../../schemas/trace/framing.ts';
import { icount } from '../../schemas/units.ts';
import { seedFrom } from '../seed.ts';
import { anyBatch, anyHeader, random } from '../unit/trace-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'fuzzed.r386');

function wholeTrace(): Buffer {
  const path = join(folder, 'whole.r386');
  const header = anyHeader();
  const writer = new TraceWriter(path, header, new InlineLane(path, header));
  for (let i = 0, seq = 0; i < 2; i++) {
    const batch = anyBatch(i, 10, seq);
    writer.input({ kind: 'serial_byte', icount: icount(i), value: i });
    writer.ladder({ icount: icount(i), hashes: { cpu: { low: i, high: i }, ram: { low: -1, high: i } } });
    writer.flush(batch);
    seq = batch.endSeq;
  }
  writer.finish({ kind: 'limit', code: 0, message: '' }, { icount: icount(2 ** 50), hashes: {} });
  return readFileSync(path);
}

function frames(bytes: Buffer): { type: number; payload: Buffer }[] {
  const found: { type: number; payload: Buffer }[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length - TRAILER_BYTES; ) {
    const { type, length } = readFrameHeader(bytes.subarray(at));
    found.push({ type, payload: bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length) });
    at += FRAME_HEADER_BYTES + length;
  }
  return found;
}

/** A payload with some of it changed, repeated, or gone. */
function mutated(payload: Buffer, next: () => number): Buffer {
  const at = next() % (payload.length + 1);
  const length = next() % 16;
  switch (next() % 4) {
    case 0: {
      const bytes = Buffer.from(payload);
      for (let i = 0; i <= length && bytes.length > 0; i++) bytes[next() % bytes.length] = next();
      return bytes;
    }
    case 1:
      return Buffer.concat([payload.subarray(0, at), payload.subarray(at + length)]);
    case 2:
      return Buffer.concat([
        payload.subarray(0, at),
        payload.subarray(at, at + length),
        payload.subarray(at),
      ]);
    default:
      return payload.subarray(0, at);
  }
}

function readAll(path: string): void {
  const reader = TraceReader.open(path);
  try {
    const { image, modules } = reader.header.guest;
    for (const packed of [image, ...modules.map((module) => module.file)]) {
      if (packed) attempt(() => unpack(packed.contents, packed.contents.rawBytes));
    }
    reader.totals();
    reader.inputs();
    reader.ladder();
    for (let i = 0; i < reader.chunks.length; i++) {
      const chunk = reader.readChunk(i);
      for (const kind of EVENT_KIND_NAMES) chunk.table(kind);
    }
  } finally {
    reader.close();
  }
}

function attempt(read: () => void): 'read' | 'refused' {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof BadInput || (error as Error).name === 'PackedError') return 'refused';
    throw error;
  }
}

it('reads or refuses, and never breaks, whatever is in frames with right checksums', () => {
  const whole = wholeTrace();
  const parts = frames(whole);
  const next = random(seedFrom('FUZZ_SEED'));
  const outcomes = { read: 0, refused: 0 };
  for (let run = 0; run < 1500; run++) {
    const victim = next() % parts.length;
    const changed = parts.map(({ type, payload }, i) =>
      frame(type, i === victim ? mutated(payload, next) : payload),
    );
    // Without a trailer the reader has to scan; with one it goes by the footer.
    const trailer = next() % 2 ? [whole.subarray(whole.length - TRAILER_BYTES)] : [];
    writeFileSync(file, Buffer.concat([whole.subarray(0, PREAMBLE_BYTES), ...changed, ...trailer]));
    outcomes[attempt(() => readAll(file))]++;
  }
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});

it('reads or refuses any bytes behind a right preamble', () => {
  const preamble = wholeTrace().subarray(0, PREAMBLE_BYTES);
  const next = random(2);
  for (let run = 0; run < 500; run++) {
    const noise = Uint8Array.from({ length: next() % 100 }, () => next() >>> (next() & 31));
    writeFileSync(file, Buffer.concat([preamble, noise]));
    expect(attempt(() => readAll(file))).toBe('refused');
  }
});
