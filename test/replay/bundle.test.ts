import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundle } from '../../analysis/cli/commands/bundle.ts';
import { verify } from '../../analysis/cli/commands/verify.ts';
import { writeBundle } from '../../replayer/bundle/write-bundle.ts';
import { TraceReader } from '../../replayer/trace-reader.ts';
import { pack } from '../../schemas/compression.ts';
import type { Expectation, TraceBundle } from '../../schemas/trace-bundle.ts';
import type { TraceHeader } from '../../schemas/trace-header.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const TRACE = path('trace');
const WHOLE = path('whole');
const REDACTED = path('redacted');
const OWN = 'SELECT irq, count(*) AS n FROM interrupts GROUP BY irq';

/** What the commands print. */
let said: string[] = [];
beforeEach(() => {
  said = [];
  for (const stream of ['log', 'error'] as const)
    vi.spyOn(console, stream).mockImplementation((line) => void said.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: TRACE, instructions: 4e6 });
  const request = { redactDisk: false, sql: [OWN] };
  expect(await bundle(TRACE, { ...request, output: WHOLE })).toBe(0);
  expect(await bundle(TRACE, { ...request, redactDisk: true, output: REDACTED })).toBe(0);
});

function opened<Result>(file: string, look: (reader: TraceReader) => Result): Result {
  const reader = TraceReader.open(file);
  try {
    return look(reader);
  } finally {
    reader.close();
  }
}

/** The bundle with something changed and every checksum right. */
function changed(
  name: string,
  how: { header?: Partial<TraceHeader>; bundle?: Partial<TraceBundle> },
): string {
  opened(WHOLE, (reader) =>
    writeBundle(
      reader,
      { ...reader.header, ...how.header },
      { ...(reader.bundle() as TraceBundle), ...how.bundle },
      path(name),
    ),
  );
  return path(name);
}

function changedRows(name: string, how: (rows: unknown[][]) => unknown[][]): string {
  const { expectations } = opened(WHOLE, (reader) => reader.bundle()) as TraceBundle;
  const change = (one: Expectation): Expectation =>
    one.sql === OWN ? { ...one, rows: pack(Buffer.from(JSON.stringify(how(ownRows())))) } : one;
  return changed(name, { bundle: { expectations: expectations.map(change) } });
}

const ownRows = (): unknown[][] => {
  const found = opened(WHOLE, (reader) => reader.bundle())?.expectations.find(({ sql }) => sql === OWN);
  return JSON.parse(Buffer.from(found?.rows.data ?? []).toString()) as unknown[][];
};

describe('a bundle', () => {
  it('verifies, and needs no disk image from elsewhere', async () => {
    expect(await verify(WHOLE)).toBe(0);
    expect(said.join('\n')).toMatch(/verified: [\d,]+ rows of 12 queries/);
    opened(WHOLE, ({ header }) => expect(header.disk?.base.kind).toBe('embedded'));
    opened(TRACE, ({ header }) => expect(header.disk?.base.kind).toBe('builtin'));
  });

  it('is a trace: the same chunks, and its source by identity', () => {
    const [trace, made] = [TRACE, WHOLE].map((file) => TraceReader.open(file));
    expect(made.bundle()?.source).toBe(trace.identity());
    expect(trace.bundle()).toBeUndefined();
    expect(made.events).toBe(trace.events);
    expect(made.readChunk(0).inputs).toEqual(trace.readChunk(0).inputs);
    trace.close();
    made.close();
  });

  it('can be bundled again, and still knows its source', async () => {
    expect(await bundle(WHOLE, { output: path('again'), redactDisk: true, sql: [OWN] })).toBe(0);
    expect(readFileSync(path('again')).equals(readFileSync(REDACTED))).toBe(true);
  });

  it('without the sectors that the run never read is smaller, and verifies', async () => {
    expect(await verify(REDACTED)).toBe(0);
    const [whole, redacted] = [WHOLE, REDACTED].map((file) => opened(file, ({ header }) => header.disk));
    expect(readFileSync(REDACTED).length).toBeLessThan(readFileSync(WHOLE).length / 2);
    expect(redacted?.unredactedSha256).toBe(whole?.sha256);
    expect(redacted?.sha256).not.toBe(whole?.sha256);
    expect(whole?.unredactedSha256).toBeUndefined();
  });
});

describe('verify says that it is not as reported', () => {
  it('a row that is another: exit 1, with both', async () => {
    const file = changedRows('row', ([first, ...rest]) => [[first[0], 123_456], ...rest]);
    expect(await verify(file)).toBe(1);
    expect(said.join('\n')).toMatch(/DIFFERENT query 1: .* instead of .*/);
  });

  it('a row too many: exit 1', async () => {
    expect(await verify(changedRows('many', (rows) => [...rows, [99, 1]]))).toBe(1);
    expect(said.join('\n')).toMatch(/rows instead of \d+; gone: \[99,1\]/);
  });

  it('a query that is no more: exit 1', async () => {
    const { expectations } = opened(WHOLE, (reader) => reader.bundle()) as TraceBundle;
    const renamed = expectations.map((one) =>
      one.name === 'foreign-pmap' ? { ...one, name: 'forgotten' } : one,
    );
    expect(await verify(changed('query', { bundle: { expectations: renamed } }))).toBe(1);
    expect(said.join('\n')).toMatch(/DIFFERENT forgotten: this version of rewind386 has no such query/);
  });

  it('a run that is another: exit 3', async () => {
    const { machine } = opened(WHOLE, ({ header }) => header);
    const file = changed('other', { header: { machine: { ...machine, tlbEntries: 64 } } });
    expect(await verify(file)).toBe(3);
    expect(said.join('\n')).toMatch(/DIVERGENCE/);
  });

  it('a disk that is another: exit 3', async () => {
    const { disk } = opened(WHOLE, ({ header }) => header);
    const file = changed('disk', { header: { disk: { ...disk!, sha256: 'ab'.repeat(32) } } });
    expect(await verify(file)).toBe(3);
    expect(said.join('\n')).toMatch(/disk image/);
  });

  it('a bit that flipped in the rows: exit 3', async () => {
    const bytes = readFileSync(WHOLE);
    const at = bytes.indexOf(OWN);
    bytes[at + 3] ^= 4;
    writeFileSync(path('flipped'), bytes);
    expect(await verify(path('flipped'))).toBe(3);
    expect(said.join('\n')).toMatch(/bundle: its checksum does not match/);
  });

  it('hashes of another layout of the state are not judged, all the rest is', async () => {
    expect(await verify(changed('layout', { header: { stateLayout: 9999 } }))).toBe(0);
    expect(said.join('\n')).toMatch(/no state hash \(they are of another version of the machine\)/);
  });

  it('a trace is not a bundle', async () => {
    await expect(verify(TRACE)).rejects.toThrow(/not a bundle/);
  });
});
