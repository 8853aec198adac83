import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAll, type Printed, printedSession, wordsOf } from '../cli/printed-sessions.ts';
import { runCli } from '../cli/run-cli.ts';
import { exitWith, flatKernel } from '../replay/flat-kernel.ts';
import { u32 } from '../replay/machine-code.ts';

/** `inevitable`, on a kernel whose end a single latency decides, and on the one of the docs: about half a minute. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** Waits for the timer's first interrupt, late by a jitter; of the rounds that took it depends how it ends, 60,000 instructions later. */
const byTiming = flatKernel({
  body: [
    ...[0xb0, 0x34, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x40, 0xb0, 4, 0xe6, 0x40], // 8254: mode 2, 1193
    ...[0x31, 0xc9, 0xb0, 0x0a, 0xe6, 0x20], //            xor ecx, ecx; OCW3: read the request register
    ...[0x41, 0xe4, 0x20, 0xa8, 0x01, 0x74, 0xf9], //      inc ecx; in al, 20h; test al, 1; jz $-5
    ...[0xf6, 0xc1, 0x07, 0x0f, 0x94, 0xc0], //            test cl, 7; sete al
    ...[0xb9, ...u32(60_000), 0xe2, 0xfe, 0xe6, 0xf4], //  mov ecx, 60000; loop $; out f4h, al
  ],
});

let decided = 0;

beforeAll(async () => {
  writeFileSync(path('kernel.elf'), byTiming);
  writeFileSync(path('good.elf'), flatKernel({ body: exitWith(0) }));
  const record = (kernel: string, ...more: string[]) =>
    runCli('record', path(`${kernel}.elf`), '--jitter', '30%', '-o', path(`${kernel}.r386`), '-q', ...more);
  // Without events there is nothing to check: seeds are soon tried.
  const search = await record('kernel', '--until-fail', '60', '--detail', 'off');
  expect(search.status).toBe(1);
  const seed = /^seed (\d+): FAILED/m.exec(search.stdout.join('\n'))?.[1] ?? '';
  const { stdout } = await record('kernel', '--seed', seed, '--force');
  decided = Number(/: ([\d,]+) instructions/.exec(stdout.join('\n'))?.[1].replaceAll(',', '')) - 60_000;
  await record('good');
}, 300_000);

describe('inevitable', () => {
  it('finds the instant after which nothing that is drawn changes the end', async () => {
    const { status, stdout } = await runCli(
      ...[
        'inevitable',
        path('kernel.r386'),
        '--points',
        '6',
        '--draws',
        '16',
        '--finest',
        '500',
        '--jobs',
        '1',
      ],
      ...['-o', path('curve.svg')],
    );
    expect(status).toBe(0);
    const step = /^between ([\d,]+) and ([\d,]+) the share rises from (\d+)% to 100%:$/m.exec(
      stdout.join('\n'),
    );
    const [from, to, before] = (step ?? []).slice(1).map((text) => Number(text.replaceAll(',', '')));
    // The latency is drawn when the output rises: the interrupt is then certain.
    expect(before).toBeLessThan(50);
    expect(to - from).toBeLessThanOrEqual(500);
    expect(from).toBeLessThan(decided);
    expect(to).toBeGreaterThan(9_000);
    expect(stdout.join('\n')).toMatch(/timer_latency of \d+ was drawn/);
    expect(stdout.at(-2)).toBe(`next: rewind386 debug ${path('kernel.r386')} --at ${to}`);
    expect(readFileSync(path('curve.svg'), 'utf8')).toContain('the recorded failure');
  });

  it('says the same as JSON', async () => {
    const { stdout } = await runCli(
      ...[
        'inevitable',
        path('kernel.r386'),
        '--points',
        '2',
        '--draws',
        '4',
        '--finest',
        '1M',
        '--json',
        '--jobs',
        '1',
      ],
    );
    const facts = JSON.parse(stdout.join('\n'));
    expect(facts.chances).toMatchObject([
      { at: 0, runs: 4 },
      { runs: 4, failed: 4, value: 1 },
      { at: facts.end - 1, runs: 4, failed: 4, value: 1 },
    ]);
    expect(facts.steps).toEqual(expect.any(Array));
  });

  it('prints and draws what docs/exploration.md shows', async () => {
    const session = printedSession('docs/exploration.md', '$ ');
    const last = session.findIndex(({ command }) => command.includes(' inevitable '));
    const inFolder = ({ command }: Printed) =>
      wordsOf(command)
        .slice(1)
        .map((word) => (/\.(r386|svg)$/.test(word) ? path(word) : word));
    expect((await runCli(...inFolder(session[last - 1]))).status).toBe(1);
    // One process: each round of several would start anew.
    const { status, stdout } = await runCli(...inFolder(session[last]), '--jobs', '1');
    expect(status).toBe(0);
    expectAll(
      session[last],
      stdout.map((line) => line.replaceAll(`${folder}/`, '')),
    );
    const drawn = new URL('../../docs/inevitable.svg', import.meta.url);
    expect(readFileSync(path('inevitable.svg'), 'utf8')).toBe(readFileSync(drawn, 'utf8'));
  });

  it('is for runs that failed', async () => {
    const { status, stderr } = await runCli('inevitable', path('good.r386'));
    expect([status, stderr[0]]).toEqual([2, `rewind386: the run in ${path('good.r386')} did not fail`]);
  });

  it('refuses what is no number', async () => {
    expect((await runCli('inevitable', path('kernel.r386'), '--draws', '0')).status).toBe(2);
  });
});
