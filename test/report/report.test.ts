import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { findingFacts, moreFindings } from '../../analysis/report/finding-facts.ts';
import { reportPage } from '../../analysis/report/page.ts';
import { pack, unpack } from '../../analysis/web/packed.ts';
import type { PageData, SliceTrack } from '../../analysis/web/page-data.ts';
import { Paging, type PagingState } from '../../analysis/web/paging.ts';
import { changesOf, FrameOwners, regionsOf } from '../../analysis/web/regions.ts';
import { firstAbove, lanesOf, markAt, sliceAt } from '../../analysis/web/rows.ts';
import { View } from '../../analysis/web/view.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** The report page: its facts, and that nothing of a trace becomes more than text in it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-report-'));
const trace = join(folder, 'run.r386');
const page = join(folder, 'run.html');
let html: string;
let db: TraceDatabase;
let data: PageData;

const dataOf = (text: string): PageData =>
  unpack(
    JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(text)?.[1] ?? ''),
  ) as PageData;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: trace });
  expect((await runCli('report', trace)).stdout).toEqual([
    expect.stringMatching(/run\.html: [\d.]+ MB; open it/),
  ]);
  html = readFileSync(page, 'utf8');
  data = dataOf(html);
  db = await TraceDatabase.open([trace]);
}, 120_000);
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const rows = async (sql: string) => (await db.query(sql)).getRowObjectsJson();

it('is one file that loads nothing', () => {
  expect(html.length).toBeLessThan(3_000_000);
  expect(html).toMatch(/Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/);
  expect(html.replaceAll(/<script type="application\/json"[\s\S]*?<\/script>/g, '')).not.toMatch(
    /(?:src|href)=|https?:\/\/|@import|url\(/,
  );
});

it('has the findings of check, the worst first, with commands', async () => {
  const { stdout } = await runCli('check', trace, '--json');
  const { findings } = JSON.parse(stdout.join('\n'));
  expect(data.findings.map(({ at, summary }) => [at, summary])).toEqual(
    findings.map(({ icount, summary }: { icount: number; summary: string }) => [icount, summary]),
  );
  expect(data.findings[0].commands[0]).toBe(`rewind386 query ${trace} foreign-pmap`);
});

it('has the worst thousand findings of more, and how the others are listed', async () => {
  const [finding] = await runChecks(db);
  const findings = Array.from({ length: 1005 }, () => finding);
  expect(await findingFacts(db, { findings, commandsOf: () => [] }, new Map())).toHaveLength(1000);
  expect(moreFindings(findings, 'check')).toEqual({ more: { findings: 5, command: 'check' } });
  expect([moreFindings(findings.slice(5), 'check'), data.more]).toEqual([{}, undefined]);
});

it('draws the hijack: who did what in which order, and what the window led to', () => {
  const [{ steps, from, at }] = data.findings;
  expect(steps.map(({ lane, wrong = false }) => [lane, wrong])).toEqual([
    ['base', false],
    ['handler', false],
    ['handler', true],
    ['handler', false],
    ['base', true],
  ]);
  expect(steps.map((step) => step.at)).toEqual([...steps.map((step) => step.at)].sort((a, b) => a - b));
  expect([steps[0].at, steps.at(-1)?.at]).toEqual([from, at]);
  const [meant, hit] = [steps[0].slot, steps[2].slot];
  expect(meant).toMatch(/[0-9a-f]{8}$/);
  expect(hit).toMatch(/[0-9a-f]{8}$/);
  expect(hit).not.toBe(meant);
});

describe('the tracks', () => {
  const slices = (name: string) => (data.tracks.find((track) => track.name === name) as SliceTrack).slices;

  it('have the stretches of the run in order', () => {
    for (const name of ['process', 'interrupts', 'window alternate']) {
      const found = slices(name);
      expect(found.length, name).toBeGreaterThan(100);
      expect(
        found.every(({ from, to }) => from <= to && to <= data.end),
        name,
      ).toBe(true);
      expect(
        found.every(({ from }, n) => n === 0 || found[n - 1].from <= from),
        name,
      ).toBe(true);
    }
  });

  it('mark what the interrupted code did not mean: each hijack, and those that were not used', async () => {
    const wrong = slices('window alternate').filter(({ wrong }) => wrong);
    expect(wrong.map(({ from }) => from)).toContain(data.findings[0].steps[2].at);
    const [{ n }] = await rows('SELECT count(*)::INTEGER AS n FROM latent_hijack');
    expect(wrong).toHaveLength(Number(n));
  });

  it('have every event of a kind where those are few, with its code and the interrupt that it happened in', async () => {
    const faults = data.tracks.find(({ name }) => name === 'page faults');
    if (faults?.kind !== 'density') throw new Error('no page faults');
    expect(faults.whole).toBe(true);
    const expected = await rows(
      'SELECT icount::INTEGER AS at, symbol(run_id, eip) AS code, frame_id AS inside FROM exceptions WHERE vector = 14 ORDER BY seq',
    );
    const found = faults.marks.map(({ at, code = -1, inside = 0 }) => ({
      at,
      code: data.places[code].name.replace(/^0x/, ''),
      inside,
    }));
    expect(found).toEqual(expected);
    expect(faults.counts.reduce((sum, n) => sum + n, 0)).toBe(expected.length);
    expect(data.places[faults.marks[0].code ?? -1].source).toMatch(/^kernel\/[\w/]+\.[cS]:\d+$/);
    const ids = new Set(data.frames.map(({ id }) => id));
    expect(faults.marks.filter(({ inside }) => inside && !ids.has(inside))).toEqual([]);
  });

  it('do not overlap in a lane', () => {
    const ends = new Map<number, number>();
    for (const { from, to, lane = 0 } of slices('process')) {
      expect(from).toBeGreaterThanOrEqual(ends.get(lane) ?? 0);
      ends.set(lane, to);
    }
  });
});

it('tells the story of the failure as why does, each step with its command', async () => {
  const { stdout } = await runCli('why', trace, '--hops', '0', '--no-what-if');
  expect(data.story.map(({ text }) => text)).toEqual(
    stdout.filter((_, n) => n % 2 === 0).map((line) => line.replace(/^[\d,]+ {2}/, '')),
  );
  expect(data.story.map(({ command }) => command)).toEqual(
    stdout.filter((_, n) => n % 2 === 1).map((line) => line.replace(/^ *next: /, '')),
  );
});

describe('the hijack, instruction by instruction', () => {
  it('has each one from the setting of the window to its use, with lanes, source lines and stacks', () => {
    const [{ instructions, from, at, steps }] = data.findings;
    expect(instructions.map((one) => one.at)).toEqual(
      Array.from({ length: instructions.length }, (_, n) => from + n),
    );
    const one = (icount: number) => {
      const { code, stack, ...rest } = instructions[icount - from];
      return { ...rest, ...data.places[code], stack: data.stacks[stack] };
    };
    expect(one(at)).toMatchObject({
      text: 'mov %ebx,(%eax)',
      name: 'pmap_enter+0x15d',
      source: 'kernel/vm/pmap.c:239',
      depth: 0,
    });
    expect(one(at).stack.slice(0, 3)).toEqual([
      'pmap_enter',
      expect.stringMatching(/^vm_ptpage_wire\+0x\w+ kernel\/vm\/vm_fault\.c:\d+$/),
      expect.stringMatching(/^vm_fork\+/),
    ]);
    const inside = one(steps[2].at);
    expect([inside.name, inside.depth]).toEqual(['pmap_testbit+0x4f', 1]);
    expect(inside.stack.some((line) => line.startsWith('interrupted: pmap_enter+'))).toBe(true);
    // The handler begins where the interrupt came, with interrupts off, and ends with the IRET.
    expect(one(steps[1].at)).toMatchObject({ depth: 1, enabled: false });
    expect(one(steps[3].at)).toMatchObject({ text: 'iret', depth: 1 });
    expect(one(steps[3].at + 1).depth).toBe(0);
  });
});

describe('the page tables', () => {
  it('are at any icount what SQL walks', async () => {
    const paging = new Paging(data);
    const [{ at }] = data.findings;
    for (const icount of [1_000_000, 9_000_000, at, at + 1]) {
      const state = paging.at(icount);
      const owners = paging.ownersAt(icount);
      expect(owners.length).toBeGreaterThan(2);
      for (const { directory } of owners.slice(-2)) {
        const shown = state?.mappings(directory) ?? [];
        expect(shown.length).toBeGreaterThan(100);
        for (const { linear, frame, writable, user } of shown.filter((_, n) => n % 97 === 0))
          expect([
            await rows(
              `SELECT physical::DOUBLE AS frame, writable, is_user AS user FROM walk(${icount}, ${directory}, ${linear})`,
            ),
            linear,
          ]).toEqual([[{ frame, writable, user }], linear]);
      }
    }
  });

  it('are regions by rights and owner: the hijacked store left a frame of another process', () => {
    const [{ at, from }] = data.findings;
    const paging = new Paging(data);
    const [state, before] = [paging.at(at + 1) as PagingState, paging.at(from) as PagingState];
    const owners = paging.ownersAt(at + 1);
    const hit = owners.find(
      ({ directory }) => directory === data.paging[0].writes.find((w) => w.at === at)?.directory,
    );
    if (!hit) throw new Error('no owner');
    const mappings = state.mappings(hit.directory);
    const regions = regionsOf(mappings, new FrameOwners(state, owners), hit.name);
    expect(regions.reduce((sum, { pages }) => sum + pages, 0)).toBe(mappings.length);
    for (const [n, { from: begin }] of regions.entries())
      expect(begin).toBeGreaterThanOrEqual(regions[n - 1]?.to ?? 0);
    expect(regions.find(({ frames }) => frames === `page directory of ${hit.name}`)?.foreign).toBe(false);
    expect(regions.some(({ rights, frames }) => rights === 'rw user' && frames === hit.name)).toBe(true);
    // The store changed the slot of the stack's page table: in the recursive map another frame, the pages below it unmapped.
    const changes = changesOf(before.mappings(hit.directory), mappings);
    expect(changes.find(({ kind }) => kind === 'other frame')).toMatchObject({
      linear: 0xeffbe000,
      before: { frame: 0x5c8000 },
      after: { frame: 0x5f6000 },
    });
    expect(changesOf(mappings, mappings)).toEqual([]);
  });

  it('name the last writer of an entry', () => {
    const [{ at }] = data.findings;
    const state = new Paging(data).at(at + 1);
    const writes = data.paging[0].writes.filter((write) => write.at === at);
    expect(writes).toHaveLength(1);
    expect(state?.writer(writes[0].entry)).toBe(writes[0]);
    expect(data.places[writes[0].code ?? -1].name).toBe('pmap_enter+0x15d');
  });
});

describe('packed facts', () => {
  it('come back as they were', () => {
    const list = Array.from({ length: 20 }, (_, n) => ({
      at: 1000 + 3 * n,
      name: `n${n % 3}`,
      ...(n % 2 === 0 ? { wrong: true, note: 'even' } : {}),
      nested: [{ a: n }],
    }));
    const facts = { list, few: [{ a: 1 }], text: 'x', none: [], pairs: [['a', 'b']] };
    expect(unpack(JSON.parse(JSON.stringify(pack(facts))))).toEqual(facts);
  });
});

it('has nothing of a trace that ends a script', () => {
  const hostile = '</script><script>alert(1)</script><!--\u2028';
  const text = reportPage({ ...data, file: hostile, verdict: hostile });
  expect(text.match(/<script/g)).toHaveLength(2);
  expect(dataOf(text).file).toBe(hostile);
});

describe('the view', () => {
  it('zooms about a place, and stays in the run', () => {
    const view = new View(1000);
    view.zoom(0.5, 800);
    expect([view.from, view.to]).toEqual([400, 900]);
    expect(view.icount(view.x(640, 500), 500)).toBeCloseTo(640);
    view.pan(5);
    expect([view.from, view.to]).toEqual([500, 1000]);
    view.zoom(1e9, 700);
    expect([view.from, view.to]).toEqual([0, 1000]);
    view.show(500.2, 500.3);
    expect(view.to - view.from).toBe(1);
  });
});

describe('a lane', () => {
  const slices = [
    { from: 0, to: 100, label: 'a' },
    { from: 100, to: 103, label: 'b' },
    { from: 200, to: 300, label: 'c' },
    { from: 220, to: 230, label: 'over c' },
    { from: 250, to: 260, label: 'in c', lane: 1 },
  ];
  const lanes = lanesOf({ kind: 'slices', name: '', doc: '', slices, left: 0 });

  it('has the slice at an icount, also one that is thinner than a pixel', () => {
    expect([50, 101, 150, 250, 225].map((icount) => sliceAt(lanes[0], icount, 0))).toEqual([0, 1, -1, 2, 3]);
    expect(sliceAt(lanes[0], 110, 10)).toBe(1);
    expect(sliceAt(lanes[1], 255, 0)).toBe(4);
  });

  it('finds what comes into view, and the nearest mark', () => {
    expect(lanes[0].slices[firstAbove(lanes[0].reach, 102)].label).toBe('b');
    const at = Float64Array.of(10, 20, 40);
    expect([0, 16, 29, 31, 99].map((icount) => markAt(at, icount, 9))).toEqual([-1, 1, 1, 2, -1]);
  });
});
