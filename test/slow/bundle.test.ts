import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { verify as verifyWith } from '../../analysis/cli/commands/verify.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { bundle } from '../../analysis/cli/work/make-bundle.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { writeBundle } from '../../replayer/bundle/write-bundle.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { openTraceDisk } from '../../schemas/guest/disk-image.ts';
import type { Expectation, TraceBundle } from '../../schemas/trace/bundle.ts';
import { pack } from '../../schemas/trace/compression.ts';
import type { TraceFooter } from '../../schemas/trace/footer.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const TRACE = path('trace');
const WHOLE = path('whole');
const REDACTED = path('redacted');
const OWN = 'SELECT irq, count(*) AS n FROM interrupts GROUP BY irq';

/** The bundles are of this test's own making, and so is their SQL. */
const verify = (file: string) => verifyWith(file, { runSql: true });

/** Lines that the commands print. */
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
    expect(said.join('\n')).toMatch(/verified \(detail paging\): [\d,]+ rows of \d+ queries/);
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

describe('a redacted bundle', () => {
  const SECRET = 'payroll 1996: secret';
  const disk = join(folder, 'customer-4711.img');
  const recorded = path('recorded');
  const sectorOf = (image: Uint8Array, n: number) => Buffer.from(image.subarray(n * 512, n * 512 + 512));
  /** The disk as a trace has it. */
  const image = (file: string) =>
    opened(file, ({ header }) => {
      const source = openTraceDisk(header.disk!, builtinDisk);
      const bytes = new Uint8Array(source.sectors * 512);
      source.read(0, bytes);
      return bytes;
    });

  beforeAll(async () => {
    const bytes = Buffer.from(builtinDisk('bsd96-disk'));
    bytes.write(SECRET, bytes.length - 600);
    writeFileSync(disk, bytes);
    const guest = join(import.meta.dirname, '../../recorder/guest');
    const { status } = await runCli(
      ...['record', join(guest, 'images/kernel.elf'), '--profile', join(guest, 'profile.json')],
      ...['--append', 'kernel=buggy workload=ftpd seed=5', '--disk', disk, '-n', '2500000'],
      // With checkpoints, which name sectors too.
      ...['--ladder', '524288', '--checkpoint-every', '524288', '-q', '-o', recorded],
    );
    expect(status).toBe(0);
  });

  it('has the sectors that the run read, zeros for all others, and nothing of what was there', async () => {
    const output = path('nothing-else');
    expect(await bundle(recorded, { redactDisk: true, sql: [], output })).toBe(0);
    const read = new Set<number>();
    await replay({
      path: recorded,
      build: buildMachine,
      builtinDisk,
      until: opened(recorded, ({ endIcount }) => endIcount),
      watchDisk: (source) => ({
        sectors: source.sectors,
        read(sector, into) {
          for (let n = 0; n < into.length / 512; n++) read.add(sector + n);
          source.read(sector, into);
        },
      }),
    });
    const before = image(recorded);
    const after = image(output);
    const zeros = Buffer.alloc(512);
    for (let n = 0; n < before.length / 512; n++) {
      const kept = read.has(n) ? sectorOf(before, n) : zeros;
      expect(sectorOf(after, n).equals(kept), `sector ${n}`).toBe(true);
    }
    expect(read.size).toBeGreaterThan(100);
    expect(Buffer.from(before).includes(SECRET)).toBe(true);
    const bytes = readFileSync(output);
    for (const secret of [SECRET, 'customer', folder]) expect(bytes.includes(secret), secret).toBe(false);
    opened(output, ({ checkpoints }) => expect(checkpoints).toEqual([]));
    opened(recorded, ({ checkpoints }) => expect(checkpoints.length).toBeGreaterThan(2));
    rmSync(disk);
    expect(await verify(output)).toBe(0);
  });
});

it('a bundle of another version says which, and which this is', async () => {
  expect(await verify(changed('older', { bundle: { toolVersion: untrusted('0.0.9') } }))).toBe(0);
  expect(said.join('\n')).toMatch(/match those of rewind386 0\.0\.9 \(this is \d+\.\d+\.\d+\)/);
  const { expectations } = opened(WHOLE, (reader) => reader.bundle()) as TraceBundle;
  const fewer = expectations.map((one) =>
    one.sql === OWN ? { ...one, rows: pack(Buffer.from('[]')) } : one,
  );
  const bundled = { toolVersion: untrusted('0.0.9'), expectations: fewer };
  expect(await verify(changed('older-rows', { bundle: bundled }))).toBe(1);
  expect(said.join('\n')).toMatch(/1 of \d+ queries have other rows than in rewind386 0\.0\.9 \(this is/);
});

describe('verify says that it is not as reported', () => {
  it('a final state that is another: exit 3', async () => {
    const reader = TraceReader.open(WHOLE);
    const footer = reader.footer as TraceFooter;
    const ram = { ...footer.final.hashes.ram, low: footer.final.hashes.ram.low ^ 1 };
    const final = { ...footer.final, hashes: { ...footer.final.hashes, ram } };
    const forged = Object.create(reader, { footer: { value: { ...footer, final } } }) as TraceReader;
    writeBundle(forged, reader.header, reader.bundle() as TraceBundle, path('final'));
    reader.close();
    expect(await verify(path('final'))).toBe(3);
    expect(said.join('\n')).toMatch(/DIVERGENCE at icount 4,000,000 in ram/);
  });

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
    const more = [...expectations, { ...expectations[0], name: untrusted('forgotten') }];
    expect(await verify(changed('query', { bundle: { expectations: more } }))).toBe(1);
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

  it('a trace is not a bundle', async () => {
    await expect(verify(TRACE)).rejects.toThrow(/not a bundle/);
  });
});
