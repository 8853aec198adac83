import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../analysis/report/page.ts';
import type { PageData, SliceTrack } from '../../analysis/web/page-data.ts';
import { View } from '../../analysis/web/view.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** The report page: its facts, and that nothing of a trace becomes more than text in it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-report-'));
const trace = join(folder, 'run.r386');
const page = join(folder, 'run.html');
let html: string;
let data: PageData;

const dataOf = (text: string): PageData =>
  JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(text)?.[1] ?? '');

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: trace });
  expect((await runCli('report', trace)).stdout).toEqual([
    expect.stringMatching(/run\.html: [\d.]+ KB; open it/),
  ]);
  html = readFileSync(page, 'utf8');
  data = dataOf(html);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

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

  it('mark what the interrupted code did not mean', () => {
    expect(
      slices('window alternate')
        .filter(({ wrong }) => wrong)
        .map(({ from }) => from),
    ).toEqual([data.findings[0].steps[2].at]);
  });

  it('do not overlap in a lane', () => {
    const ends = new Map<number, number>();
    for (const { from, to, lane = 0 } of slices('process')) {
      expect(from).toBeGreaterThanOrEqual(ends.get(lane) ?? 0);
      ends.set(lane, to);
    }
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
