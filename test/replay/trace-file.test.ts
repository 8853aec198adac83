import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceFile } from '../../recorder/capture/trace-file.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane } from '../../recorder/capture/writer-lane.ts';
import { type TraceChunk, TraceReader } from '../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { EVENT_KIND_NAMES, type EventBatch } from '../../schemas/events.ts';
import {
  FRAME,
  frame,
  PREAMBLE_BYTES,
  preamble,
  TRAILER_BYTES,
  TraceDamage,
} from '../../schemas/trace/framing.ts';
import { encodeHeader, SCHEMA_VERSION } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import { ChunkCuts } from '../../schemas/trace/output.ts';
import { unpackFile } from '../../schemas/trace/packed-file.ts';
import { icount } from '../../schemas/units.ts';
import { anyBatch, anyHeader, lastIcount } from '../unit/trace-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

interface Part {
  readonly input: Input;
  readonly rung: LadderRow;
  readonly batch: EventBatch;
}

/** A run of a few chunks, each with an input, a rung and some events. */
function parts(count: number, rows: number): Part[] {
  let seq = 0;
  let now = 0;
  return Array.from({ length: count }, (_, i) => {
    const batch = anyBatch(i + 1, rows, seq, now);
    const input: Input = { kind: 'disk_latency', icount: icount(now), value: 2 ** 32 - 1 - i };
    const rung: LadderRow = {
      icount: icount(now),
      hashes: { cpu: { low: i, high: -1 }, ram: { low: ~i, high: 7 } },
    };
    seq = batch.endSeq;
    now = lastIcount(batch);
    return { input, rung, batch };
  });
}

function write(file: string, run: readonly Part[], end: 'finish' | 'abandon'): void {
  const header = anyHeader();
  const writer = new TraceWriter(file, header, new InlineLane(file, header));
  for (const { input, rung, batch } of run) {
    writer.input(input);
    writer.ladder(rung);
    writer.flush(batch);
  }
  if (end === 'abandon') writer.abandon();
  else
    writer.finish(
      { kind: 'exit', code: 3, message: '' },
      { ...run[run.length - 1].rung, icount: icount(2 ** 50) },
    );
}

function expectChunk(chunk: TraceChunk, { input, rung, batch }: Part): void {
  expect(chunk.inputs).toEqual([input]);
  expect(chunk.ladder).toEqual([rung]);
  expect(chunk.range.firstSeq).toBe(batch.firstSeq);
  expect(chunk.range.endSeq).toBe(batch.endSeq);
  for (const kind of EVENT_KIND_NAMES) expect(chunk.table(kind)).toEqual(batch.tables[kind]);
}

describe('a trace that ended in order', () => {
  const run = parts(4, 30);
  const file = path('whole.r386');
  let reader: TraceReader;
  beforeAll(() => {
    write(file, run, 'finish');
    reader = TraceReader.open(file);
  });
  afterAll(() => reader.close());

  it('has its own name, and no partial file is left', () => {
    expect(existsSync(file)).toBe(true);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  it('brings the header back', () => {
    const { drives, ...rest } = anyHeader();
    expect(reader.header).toMatchObject(rest);
    const [{ medium, ...place }] = drives ?? [];
    // The path is what it was; where the image may be is not in the trace.
    const base = { ...medium.base, files: [path('boot.img')] };
    expect(reader.header.drives).toEqual([{ ...place, medium: { ...medium, base } }]);
    expect(unpackFile(reader.header.guest.image!, 'image')).toEqual(
      unpackFile(anyHeader().guest.image!, 'image'),
    );
  });

  it('brings every chunk back', () => {
    expect(reader.chunks.length).toBe(run.length);
    for (const [i, part] of run.entries()) expectChunk(reader.readChunk(i), part);
  });

  it('brings inputs, ladder, end and totals back', () => {
    expect(reader.torn).toBeUndefined();
    expect(reader.inputs()).toEqual(run.map((part) => part.input));
    expect(reader.ladder()).toEqual(run.map((part) => part.rung));
    expect(reader.footer?.exit).toEqual({ kind: 'exit', code: 3, message: '' });
    expect(reader.endIcount).toBe(2 ** 50);
    expect(reader.totals().stores).toBe(run.reduce((sum, { batch }) => sum + batch.tables.stores.count, 0));
  });
});

/** Bytes between two places where a trace is cut or changed, but for those near the begin of a frame; `TORN_STEP=1` is each. */
const STEP = Number(process.env.TORN_STEP ?? 5);
const NEAR = 24;

/** Offsets in a trace. */
function placesIn(file: string): number[] {
  const { length } = readFileSync(file);
  const reader = TraceReader.open(file);
  const frames = [
    0,
    PREAMBLE_BYTES,
    ...reader.chunks.map(({ offset }) => offset),
    length - TRAILER_BYTES,
    length,
  ];
  reader.close();
  const isNear = (at: number) => frames.some((frame) => Math.abs(at - frame) <= NEAR);
  return Array.from({ length }, (_, at) => at).filter((at) => at % STEP === 0 || isNear(at));
}

describe('a trace that did not end in order', () => {
  it('stays as FILE.partial and opens as torn', () => {
    const run = parts(3, 20);
    write(path('killed.r386'), run, 'abandon');
    expect(existsSync(path('killed.r386'))).toBe(false);
    const reader = TraceReader.open(path('killed.r386.partial'));
    expect(reader.chunks.length).toBe(3);
    expect(reader.torn?.lastIcount).toBe(lastIcount(run[2].batch));
    expect(reader.torn?.what).toMatch(/was cut off: it is complete up to icount \d+; the footer is missing/);
    reader.close();
  });

  it('opens with all its whole chunks wherever it is cut, and says what is missing', () => {
    const run = parts(3, 1);
    write(path('cut.r386'), run, 'finish');
    const whole = readFileSync(path('cut.r386'));
    const complete = TraceReader.open(path('cut.r386'));
    const chunks = complete.chunks;
    const firstChunk = chunks[0].offset;
    complete.close();

    for (const length of placesIn(path('cut.r386'))) {
      writeFileSync(path('cut'), whole.subarray(0, length));
      if (length < firstChunk) {
        expect(() => TraceReader.open(path('cut'))).toThrow(BadInput);
        continue;
      }
      const reader = TraceReader.open(path('cut'));
      // A chunk is whole when the next frame, or the footer, may begin.
      const ends = [...chunks.slice(1).map((chunk) => chunk.offset), frameEnd(whole, chunks[2].offset)];
      const left = ends.filter((end) => end <= length).length;
      expect(reader.chunks.length).toBe(left);
      expect(reader.torn).toBeDefined();
      if (!reader.footer)
        expect(reader.torn?.lostBytes).toBe(length - (left > 0 ? ends[left - 1] : firstChunk));
      // Comparing every row at every length would take most of the time and find nothing new.
      if (ends.includes(length)) for (let i = 0; i < left; i++) expectChunk(reader.readChunk(i), run[i]);
      reader.close();
    }
  });
});

const frameEnd = (bytes: Buffer, offset: number) => offset + 12 + bytes.readUInt32LE(offset);

/** Opens and reads all of a trace; what is wrong with it, or undefined. */
function complaint(file: string): string | undefined {
  try {
    const reader = TraceReader.open(file);
    try {
      for (let i = 0; i < reader.chunks.length; i++) {
        const chunk = reader.readChunk(i);
        for (const kind of EVENT_KIND_NAMES) chunk.table(kind);
      }
      return reader.torn?.what;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof BadInput) return error.message;
    throw error;
  }
}

describe('a trace with a changed byte', () => {
  const file = path('flip.r386');
  const changed = path('flip');

  it('is found out, wherever it is', () => {
    write(file, parts(2, 1), 'finish');
    const whole = readFileSync(file);
    expect(complaint(file)).toBeUndefined();
    for (const at of placesIn(file)) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 << (at & 7);
      writeFileSync(changed, bytes);
      expect(complaint(changed), `byte ${at} of ${whole.length}`).toBeDefined();
    }
  });

  it('is named by part and icount', () => {
    const run = parts(3, 10);
    write(file, run, 'finish');
    const bytes = readFileSync(file);
    const reader = TraceReader.open(file);
    bytes[reader.chunks[1].offset + 40] ^= 0x10;
    reader.close();
    writeFileSync(changed, bytes);
    const damaged = TraceReader.open(changed);
    expectChunk(damaged.readChunk(0), run[0]);
    expectChunk(damaged.readChunk(2), run[2]);
    let damage: unknown;
    try {
      damaged.readChunk(1);
    } catch (error) {
      damage = error;
    }
    expect(damage).toBeInstanceOf(TraceDamage);
    expect((damage as TraceDamage).part).toBe('chunk 2 of 3');
    expect((damage as TraceDamage).icount).toBe(lastIcount(run[0].batch));
    damaged.close();
  });
});

describe('what is not a trace of this version', () => {
  it.each([
    ['an empty file', Buffer.alloc(0), /ends before its header: nothing was recorded/],
    ['another file', Buffer.from('#!/bin/sh\necho this is a shell script\n'), /not a rewind386 trace/],
    ['a preamble and nothing else', preamble(), /ends before its header/],
  ])('%s is refused', (_, bytes, message) => {
    writeFileSync(path('other'), bytes);
    expect(() => TraceReader.open(path('other'))).toThrow(message);
    expect(() => TraceReader.open(path('other'))).toThrow(BadInput);
  });

  it('a newer schema is refused by its number', () => {
    const header = encodeHeader({ ...anyHeader(), schemaVersion: SCHEMA_VERSION + 1 });
    writeFileSync(path('newer'), Buffer.concat([preamble(), frame(FRAME.header, header)]));
    expect(() => TraceReader.open(path('newer'))).toThrow(/schema version 2 .* reads up to 1/);
  });

  it('a missing file is refused', () => {
    expect(() => TraceReader.open(path('nowhere'))).toThrow(/cannot read .*no such file or folder/);
  });

  it('a frame of a later type is skipped', () => {
    const file = path('later.r386');
    write(file, parts(1, 3), 'abandon');
    copyFileSync(`${file}.partial`, file);
    const later = Buffer.concat([readFileSync(file), frame(77, Uint8Array.of(1, 2, 3))]);
    writeFileSync(file, later);
    const reader = TraceReader.open(file);
    expect(reader.chunks.length).toBe(1);
    expect(reader.torn?.lostBytes).toBe(0);
    reader.close();
    expect(later.length).toBeGreaterThan(PREAMBLE_BYTES + TRAILER_BYTES);
  });
});

it('says why it cannot write', () => {
  const file = path('no/such/folder/x.r386');
  expect(() => new InlineLane(file, anyHeader())).toThrow(/cannot write .*x\.r386: no such file or folder/);
});

it.runIf(existsSync('/dev/full'))('says that the disk is full', () => {
  const created = TraceFile.open(path('full.r386'), anyHeader());
  closeSync(created.fd);
  const file = new TraceFile({ ...created, fd: openSync('/dev/full', 'w') });
  const [{ batch }] = parts(1, 3);
  const range = { firstIcount: 0, endIcount: 1, firstSeq: 0, endSeq: batch.endSeq };
  expect(() => file.addChunk({ range, inputs: [], ladder: [] }, batch.tables)).toThrow(
    /cannot write .*full.r386: the disk is full; the recording up to then is in .*full.r386.partial$/,
  );
});

describe('the file of a recorder', () => {
  const run = parts(2, 5);
  const begin = (file: string) => {
    const writer = new TraceWriter(file, anyHeader(), new InlineLane(file, anyHeader()));
    for (const { batch } of run) writer.flush(batch);
    return writer;
  };
  const final = { ...run[1].rung, icount: icount(lastIcount(run[1].batch)) };
  const finish = (writer: TraceWriter) => writer.finish({ kind: 'limit', code: 0, message: '' }, final);

  it('is its own: of two with one name the first gets it, and the other says where its trace is', () => {
    const file = path('two.r386');
    const [first, second] = [begin(file), begin(file)];
    expect([`${file}.partial`, `${file}.partial-2`].every((name) => existsSync(name))).toBe(true);
    finish(first);
    const named = readFileSync(file);
    expect(() => finish(second)).toThrow(/another process has created it in the meantime/);
    expect(readFileSync(file).equals(named)).toBe(true);
    expect(existsSync(`${file}.partial`)).toBe(false);
    const other = TraceReader.open(`${file}.partial-2`);
    expect(other.torn).toBeUndefined();
    other.close();
  });

  it('replaces one that was there when it began', () => {
    const file = path('again.r386');
    writeFileSync(file, 'older');
    finish(begin(file));
    TraceReader.open(file).close();
  });

  it('leaves that of an earlier run aside, and what a link of its name points to', () => {
    const [file, precious] = [path('after.r386'), path('precious')];
    writeFileSync(`${file}.partial`, 'of a run that crashed');
    writeFileSync(precious, 'precious');
    symlinkSync(precious, `${file}.partial-2`);
    symlinkSync(path('not-there'), `${file}.partial-3`);
    finish(begin(file));
    expect(readFileSync(`${file}.partial`, 'utf8')).toBe('of a run that crashed');
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(existsSync(path('not-there'))).toBe(false);
    TraceReader.open(file).close();
  });
});

it('the first chunk is closed early, the next when the run is twice as long, and then with the rungs', () => {
  const cuts = new ChunkCuts(4_194_304);
  const seen: number[] = [];
  for (let icount = 0; icount < 2 ** 28; icount += 2 ** 18) if (cuts.takeAt(icount)) seen.push(icount);
  expect(seen).toEqual([20, 21, 22, 23, 24, 25].map((power) => 2 ** power));
  expect(cuts.next).toBe(Number.POSITIVE_INFINITY);
  expect(new ChunkCuts(2000).next).toBe(Number.POSITIVE_INFINITY);
});
