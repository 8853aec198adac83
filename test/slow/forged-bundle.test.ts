import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkComplete, verifyExpectations } from '../../analysis/bundle/expectations.ts';
import { bundle } from '../../analysis/cli/work/make-bundle.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { VERSION } from '../../host/tool-version.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { type Expectation, encodeBundle, type TraceBundle } from '../../schemas/trace/bundle.ts';
import { encodeChunk } from '../../schemas/trace/chunk.ts';
import { pack } from '../../schemas/trace/compression.ts';
import { FRAME, frame, preamble } from '../../schemas/trace/framing.ts';
import { encodeHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';
import { type Rewriting, rewrite } from '../replay/rewrite.ts';

/** Bundles of events that never happened, and of questions that do more than ask, made with the project's own encoders. */
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const BUGGY = path('buggy');
const FIXED = path('fixed');
const HONEST = path('honest');
const RUN = { workload: 'ftpd', seed: 5, instructions: 1e6, ladderInterval: 250_000 };

beforeAll(async () => {
  await runGuest({ ...RUN, kernel: 'buggy', output: BUGGY });
  await runGuest({ ...RUN, kernel: 'fixed', output: FIXED });
  const { status } = await runCli('bundle', BUGGY, '-o', HONEST, '--ask', 'pte-history 0xefbfe000');
  expect(status).toBe(0);
});

function opened<Result>(file: string, look: (reader: TraceReader) => Result): Result {
  const reader = TraceReader.open(file);
  try {
    return look(reader);
  } finally {
    reader.close();
  }
}

const bundleOf = (file = HONEST) => opened(file, (reader) => reader.bundle()) as TraceBundle;

/** The bundle with its trace, or its answers, changed; the checksums are right. */
const forged = (name: string, how: Rewriting, from = HONEST): string =>
  rewrite(from, path(name), { bundle: bundleOf(), ...how });

const answering = (name: string, how: (honest: TraceBundle) => Partial<TraceBundle>): string =>
  forged(name, { bundle: { ...bundleOf(), ...how(bundleOf()) } });

async function refused(file: string, status: number, message: RegExp): Promise<void> {
  const result = await runCli('verify', file);
  const said = [...result.stdout, ...result.stderr].join('\n');
  expect([result.status, said]).toEqual([status, expect.stringMatching(message)]);
  expect(said).not.toMatch(/: verified/);
  expect(said).toMatch(/^next: /m);
}

/** One question asked again of the honest bundle. */
async function verified(one: Expectation, runSql = false) {
  const db = await TraceDatabase.open([HONEST], { cache: false });
  try {
    return await verifyExpectations(db, [one], runSql);
  } finally {
    db.close();
  }
}

it('the honest one verifies, and says what was compared', async () => {
  const { status, stdout, stderr } = await runCli('verify', HONEST);
  expect(stderr).toEqual([]);
  expect(status).toBe(0);
  const said = stdout.join('\n');
  expect(said).toMatch(
    /replayed 1,000,000 instructions: 5 state hashes, [\d,]+ events, [\d,]+ inputs and the final state agree/,
  );
  expect(said).toMatch(/verified \(detail paging\): [\d,]+ rows of \d+ queries/);
});

describe('a run that was not executed', () => {
  it('events of another kernel under detail off', async () => {
    const header = opened(FIXED, (reader) => reader.header);
    const off = { ...header, machine: { ...header.machine, detail: 'off' as const } };
    // The fixed kernel's run and hashes, the buggy kernel's events.
    const chunks = opened(BUGGY, (reader) => reader.chunks.map((_, n) => reader.readChunk(n)));
    const file = forged(
      'other-kernel',
      {
        header: () => off,
        chunk: (chunk) => {
          const other = chunks[chunk.index];
          return {
            ...chunk,
            tables: new Map([...chunk.tables.keys()].map((kind) => [kind, other.table(kind)])),
          };
        },
      },
      FIXED,
    );
    await refused(file, 3, /DIVERGENCE at icount [\d,]+ in events:[\s\S]*replayed: detail off records no/);
  });

  it('torn, ending at icount 0', async () => {
    const { header, message } = opened(HONEST, (reader) => ({
      header: reader.header,
      message: reader.readChunk(0),
    }));
    const range = { firstIcount: 0, endIcount: 0, firstSeq: 0, endSeq: 0 };
    const atStart = <One extends { icount: number }>(rows: readonly One[]) =>
      rows.filter(({ icount }) => icount === 0);
    const [inputs, ladder] = [atStart(message.inputs), atStart(message.ladder)];
    const chunk = encodeChunk({ range, inputs, ladder, tables: [] });
    const frames = [
      preamble(),
      frame(FRAME.header, encodeHeader(header)),
      frame(FRAME.bundle, encodeBundle(bundleOf())),
      frame(FRAME.chunk, chunk),
    ];
    writeFileSync(path('unexecuted'), Buffer.concat(frames));
    await refused(path('unexecuted'), 3, /NOT VERIFIED: it is torn/);
  });

  it('whole, ending at icount 0', async () => {
    const [start] = opened(HONEST, (reader) => reader.ladder());
    const file = forged('nothing', {
      header: (header) => ({ ...header, machine: { ...header.machine, detail: 'off' } }),
      range: () => ({ firstIcount: 0, endIcount: 0, firstSeq: 0, endSeq: 0 }),
      chunk: (chunk) => ({
        ...chunk,
        inputs: chunk.inputs.filter(({ icount }) => icount === 0),
        ladder: chunk.ladder.filter(({ icount }) => icount === 0),
        tables: new Map(),
      }),
      footer: ({ endState: _, ...footer }) => ({
        ...footer,
        exit: { kind: 'limit', code: 0, message: '' },
        final: start,
      }),
    });
    await refused(file, 3, /NOT VERIFIED: not one instruction is executed/);
  });

  it.each([400, 3])('torn: its last %i bytes are missing', async (bytes) => {
    const whole = readFileSync(HONEST);
    writeFileSync(path('torn'), whole.subarray(0, whole.length - bytes));
    await refused(path('torn'), 3, /NOT VERIFIED: it is torn|DIVERGENCE/);
  });
});

describe('events that nothing made', () => {
  it('stores in a trace of detail paging', async () => {
    const file = forged('stores', {
      chunk: (chunk) => {
        const stores = chunk.tables.get('stores');
        if (chunk.index === 0 && stores) {
          stores.count = 1;
          for (const column of stores.columns) column[0] = 1;
        }
        return chunk;
      },
    });
    await refused(file, 3, /in events:stores[\s\S]*replayed: detail paging records no stores/);
  });

  it('a total of events that is another', async () => {
    const more = forged('more', {
      range: (range, last) => (last ? { ...range, endSeq: range.endSeq + 7 } : range),
    });
    await refused(more, 3, /in events\b[\s\S]*events in total/);
  });

  it('chunks that do not follow each other', async () => {
    const gap = forged('gap', {
      range: (range, last) => (last ? { ...range, firstSeq: range.firstSeq + 1 } : range),
    });
    await refused(gap, 2, /the trace is invalid: .*must be/);
  });
});

describe('a state that is not compared', () => {
  it('a layout that no version has', async () => {
    for (const stateLayout of [0, 9999]) {
      const file = forged(`layout-${stateLayout}`, { header: (header) => ({ ...header, stateLayout }) });
      await refused(
        file,
        2,
        new RegExp(`hashes have layout ${stateLayout}; this version of rewind386 supports 1 to`),
      );
    }
  });

  it.each([
    ['never climbed', () => []],
    ['without its first rung', (rungs: unknown[]) => rungs.slice(1)],
    ['without its last rung', (rungs: unknown[]) => rungs.slice(0, -1)],
  ])('a ladder %s', async (name, some) => {
    const all = opened(HONEST, (reader) => reader.ladder());
    const left = new Set((some(all) as typeof all).map(({ icount }) => icount));
    const file = forged(`ladder-${name.replaceAll(' ', '-')}`, {
      chunk: (chunk) => ({ ...chunk, ladder: chunk.ladder.filter(({ icount }) => left.has(icount)) }),
    });
    await refused(file, 3, /DIVERGENCE at icount [\d,]+ in ladder/);
  });

  it('hashes of nothing', async () => {
    const file = forged('no-hash', {
      chunk: (chunk) => ({ ...chunk, ladder: chunk.ladder.map((row) => ({ ...row, hashes: {} })) }),
      footer: (footer) => ({ ...footer, final: { ...footer.final, hashes: {} } }),
    });
    await refused(file, 3, /no hash of cpu/);
  });
});

describe('answers that are not given', () => {
  const less = (how: (honest: TraceBundle) => Partial<TraceBundle>) => () =>
    checkComplete({ ...bundleOf(), ...how(bundleOf()) });

  it('none at all', async () => {
    const file = answering('mute', () => ({ expectations: [] }));
    await refused(file, 3, /it lacks the answers to aptd-timeline, foreign-pmap/);
  });

  it.each(['0.0.1', '0.2.0', VERSION, '99.0.0', 'x', ''])(
    'all but one, by a bundle that says it is of version %s',
    (version) => {
      const silent = less(({ expectations }) => ({
        toolVersion: untrusted(version),
        expectations: expectations.filter(({ name }) => name.raw !== 'check 01-foreign-pmap'),
      }));
      expect(silent).toThrow(/it lacks the answers to check 01-foreign-pmap/);
      expect(less(() => ({ toolVersion: untrusted(version) }))).not.toThrow();
    },
  );

  it('as a question of its own under the name of a check', () => {
    const renamed = less(({ expectations }) => ({
      expectations: expectations.map((one) =>
        one.name.raw === 'check 01-foreign-pmap' ? { ...one, sql: 'SELECT 1 AS x' } : one,
      ),
    }));
    expect(renamed).toThrow(/it lacks the answers to check 01-foreign-pmap/);
  });

  it('with rows of no columns', () => {
    const bare = less(({ expectations }) => ({
      expectations: expectations.map((one) => ({ ...one, columns: [], rows: pack(Buffer.from('[]')) })),
    }));
    expect(bare).toThrow(/its answer to aptd-timeline has no columns/);
  });

  it.each([
    ['{"length": 0}', /they are not a list of rows/],
    ['[[', /bundle, rows of aptd-timeline/],
  ])('rows that are %s', async (text, message) => {
    const [first] = bundleOf().expectations;
    await expect(verified({ ...first, rows: pack(Buffer.from(text)) })).rejects.toThrow(message);
  });
});

describe('SQL that a bundle carries', () => {
  const target = join(folder, 'written-by-verify');
  const own = (sql: string): Expectation => ({
    name: untrusted('query 1'),
    sql,
    values: {},
    columns: [untrusted('n')],
    rows: pack(Buffer.from('[[1]]')),
  });

  it('is not run, and verify says so', async () => {
    const sql = `COPY (SELECT 'echo owned') TO '${target}'`;
    const file = answering('copy', ({ expectations }) => ({ expectations: [...expectations, own(sql)] }));
    const { status, stdout } = await runCli('verify', file);
    expect(stdout.join('\n')).toMatch(
      /1 query is SQL of the bundle's own, which was not run; to run it: rewind386 verify --run-sql/,
    );
    expect(status).toBe(0);
    const run = await runCli('verify', '--run-sql', file);
    expect(run.stderr[0]).toMatch(/disabled by configuration/);
    expect(run.status).toBe(2);
    expect(existsSync(target)).toBe(false);
  });

  it.each([
    ["SELECT content AS n FROM read_text('/etc/hostname')", /disabled by configuration/],
    [`SELECT 1 AS n; COPY (SELECT 1) TO '${target}'`, /2 SQL statements/],
    [`ATTACH '${target}' AS x`, /a query may only read/],
    ['INSTALL httpfs', /a query may only read/],
  ])('reaches nothing: %s', async (sql, message) => {
    expect(await verified(own(sql))).toMatchObject({ queries: 0, notRun: 1 });
    await expect(verified(own(sql), true)).rejects.toThrow(message);
    expect(existsSync(target)).toBe(false);
  });

  it('is run when asked for, and what differs is shown', async () => {
    expect(await verified(own('SELECT 1 AS n'), true)).toMatchObject({ queries: 1, mismatches: [] });
    const { mismatches } = await verified(own('SELECT 2 AS n'), true);
    expect(mismatches).toEqual([{ name: 'query 1', what: '[2] instead of [1]' }]);
  });

  it('that is a shipped query word for word is that query', async () => {
    const known = bundleOf().expectations.find(({ name }) => name.raw === 'foreign-pmap') as Expectation;
    const file = join(import.meta.dirname, '../../analysis/sql/queries/foreign-pmap.sql');
    const sql = readFileSync(file, 'utf8').replace(/^--.*\n/gm, '');
    expect(await verified({ ...known, sql })).toMatchObject({ queries: 1, notRun: 0, mismatches: [] });
    expect(await verified({ ...known, sql: `${sql} LIMIT 0` })).toMatchObject({ queries: 0, notRun: 1 });
  });

  it('cannot come in by a parameter: these are numbers, of the names that the query has', async () => {
    const history = bundleOf().expectations.find(({ name }) => name.raw === 'pte-history') as Expectation;
    expect(history.values).toEqual({ address: 0xefbfe000 });
    for (const values of [{}, { address: 1, more: 2 }, { other: 1 }] as Expectation['values'][]) {
      const { mismatches } = await verified({ ...history, values });
      expect(mismatches).toEqual([
        { name: 'pte-history', what: 'this version of rewind386 has no such query' },
      ]);
    }
  });
});

it('bundle --ask takes named queries alone', async () => {
  for (const [question, message] of [
    ['nothing', /no such query/],
    ['pte-history', /takes ADDRESS/],
    ['pte-history 1;2', /not a 32-bit number/],
  ] as const) {
    const { status, stderr } = await runCli('bundle', BUGGY, '-o', path('asked'), '--ask', question);
    expect(stderr[0]).toMatch(message);
    expect(status).toBe(2);
  }
  expect(existsSync(path('asked'))).toBe(false);
  await expect(
    bundle(BUGGY, { output: path('asked'), redactDisk: false, sql: ['SELECT 1; SELECT 2'] }),
  ).rejects.toThrow(/2 SQL statements/);
});
