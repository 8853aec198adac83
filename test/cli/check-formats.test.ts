import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flatKernel } from '../replay/flat-kernel.ts';
import { tinyKernel } from '../replay/tiny-kernel.ts';
import { runCli } from './run-cli.ts';

/** `check` for programs: JSON, CSV, JUnit's XML; also of many traces, and of file names that have to be quoted. */

const folder = mkdtempSync(join(tmpdir(), 'r386-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = join(folder, 'good.r386');
const BAD = join(folder, 'a "bad", <one> & more.r386');

beforeAll(async () => {
  const kernels: readonly [string, Uint8Array][] = [
    [GOOD, tinyKernel(10)],
    [BAD, flatKernel({ body: [0x0f, 0x0b] })],
  ];
  for (const [trace, kernel] of kernels) {
    writeFileSync(join(folder, 'kernel.elf'), kernel);
    await runCli('record', join(folder, 'kernel.elf'), '-q', '-n', '50k', '-o', trace);
  }
});

const check = (...args: string[]) => runCli('check', '--no-replay', ...args);

it('json has each incident with its uses', async () => {
  const { status, stdout } = await check(BAD, '--format', 'json');
  expect(status).toBe(1);
  const report = JSON.parse(stdout.join('\n'));
  expect(report.findings).toHaveLength(report.errors);
  expect(report.findings[0]).toMatchObject({ class: 'kernel-fault', file: BAD, uses: 1, stores: 0 });
  expect((await check(BAD, '--json')).stdout).toEqual(stdout);
});

it('csv has a line of names, and one an incident', async () => {
  const { status, stdout } = await check(GOOD, BAD, '--format', 'csv');
  expect(status).toBe(1);
  expect(stdout[0]).toBe(
    'file,severity,class,check,icount,from_icount,uses,stores,leads_to_death,summary,query',
  );
  expect(stdout).toHaveLength(3);
  const file = `"${BAD.replaceAll('"', '""')}"`;
  expect(stdout[1].startsWith(`${file},error,kernel-fault,kernel-fault,`)).toBe(true);
  const clean = await check(GOOD, '--format', 'csv');
  expect([clean.status, clean.stdout.length]).toEqual([0, 1]);
});

it('junit has a suite a trace and a test a check, failed by what was found', async () => {
  const { status, stdout } = await check(GOOD, BAD, '--format', 'junit');
  expect(status).toBe(1);
  const xml = stdout.join('\n');
  const [good, bad] = xml.split('<testsuite ').slice(1);
  expect(good).toMatch(/ failures="0"/);
  expect(good).not.toContain('<failure');
  expect(bad).toMatch(/ failures="2"/);
  expect(bad.match(/<failure type="error" message="icount \d+: [^"<&]*"\/>/g)).toHaveLength(2);
  expect(bad).toContain('name="Triple fault (class triple-fault)"');
  expect(bad).toContain('a &quot;bad&quot;, &lt;one&gt; &amp; more.r386');
  // Each element that is opened is closed, in order.
  const open: string[] = [];
  for (const [, end, name, , own] of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>/g))
    if (end) expect(open.pop()).toBe(name);
    else if (!own) open.push(name);
  expect(open).toEqual([]);
});

it('another format is refused, and so is a variant that nobody made', async () => {
  expect((await check(BAD, '--format', 'xml')).status).toBe(2);
  const { status, stderr } = await runCli('record', '--variant', 'luck', '-o', join(folder, 'none.r386'));
  expect(status).toBe(2);
  expect(stderr.join('\n')).toMatch(/unknown variant "luck"[\s\S]*no-flush/);
});

it('more traces than one database takes are told in the order given', async () => {
  const { stdout } = await check(...Array<string>(9).fill(GOOD), BAD, '--format', 'json');
  const { traces, findings } = JSON.parse(stdout.join('\n'));
  expect(traces).toHaveLength(10);
  expect(new Set(findings.map(({ file }: { file: string }) => file))).toEqual(new Set([BAD]));
});
