import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** Runs are made by test/slow/curve.test.ts. */
describe('curve', () => {
  it.each([
    [['--kernels', 'mended'], '--kernels mended: no such kernel'],
    [['--kernels', 'fixed:nothing'], '--kernels fixed:nothing: no such kernel'],
    [['--rates', '0'], '--rates 0: not a rate'],
    [['--rates', '0.005'], '--rates 0.005: not a rate'],
    [['--servers', '13'], '--servers 13: not a number of servers'],
    [['--think', '-1'], '--think -1: not a think time'],
    [['--runs', '0'], '--runs 0: not a number'],
  ])('%j is wrong usage', async (argv, line) => {
    const { status, stderr } = await runCli('curve', '-o', join(tmpdir(), 'never'), ...argv);
    expect([status, stderr[0]]).toEqual([2, `rewind386: ${line}`]);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const docs = (suffix: string) =>
  readFileSync(new URL(`../../docs/crash-curve${suffix}`, import.meta.url), 'utf8');
const written = (name: string) => readFileSync(join(folder, name), 'utf8');

describe('curve --from', () => {
  const [head, ...rows] = docs('.csv').trimEnd().split('\n');
  const table = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(folder, name), `${[head, ...lines].join('\n')}\n`);
    return join(folder, name);
  };
  const buggy = rows.filter((row) => row.startsWith('buggy,'));
  const first = table('first.csv', buggy);
  const all = join(folder, 'all');

  it('makes one curve of several tables, each run once', async () => {
    const rest = table('rest.csv', [
      ...rows.filter((row) => !row.startsWith('buggy,')),
      ...buggy.slice(0, 3),
    ]);
    const { status } = await runCli('curve', '--from', first, rest, '-o', all);
    expect(status).toBe(0);
    for (const suffix of ['.csv', '.svg', '-buggy.svg']) expect(written(`all${suffix}`)).toBe(docs(suffix));
    expect((await runCli('curve', '--from', first, '-o', all)).stderr[0]).toContain('all.csv already exists');
  });

  it('says which options are of no use to it', async () => {
    const argv = ['--from', first, '-o', join(folder, 'no'), '--disk-latency', '5000-9000', '--jobs', '2'];
    const { status, stderr } = await runCli('curve', ...argv, '--continue');
    expect([status, stderr[0]]).toEqual([
      2,
      'rewind386: --from makes no runs: it does not go with --disk-latency, --jobs, --continue',
    ]);
  });

  it.each([
    [
      'other-conditions',
      [buggy[0].replace(',6,50,', ',4,50,')],
      /line 2: a run under other conditions, 4, 50, /,
    ],
    [
      'another-run',
      [buggy[0].replace(/,10,([\d.]+),/, ',10,0.5,')],
      /line 2: not the run of buggy \d+ 1 in .*first\.csv, line 2/,
    ],
    ['no-kernel', [buggy[0].replace('buggy', '../buggy')], /line 2: not a run/],
    ['no-table', ['buggy,1'], /line 2: not a run/],
  ])('refuses %s', async (name, lines, message) => {
    const { status, stderr } = await runCli(
      'curve',
      '--from',
      first,
      table(`${name}.csv`, lines),
      '-o',
      join(folder, 'no'),
    );
    expect([status, stderr[0]]).toEqual([2, expect.stringMatching(message)]);
  });
});
