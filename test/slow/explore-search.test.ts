import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { movesText } from '../../analysis/cli/work/search-text.ts';
import { searchTrace } from '../../analysis/cli/work/search-trace.ts';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';
import { isHijacked } from './is-hijacked.ts';

/** Several interrupts at other times, and the timer's: what is found is what its schedule makes again. About 30 s. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);
const post = (file: string) => resolve(import.meta.dirname, '../guests/post', file);
const WITHIN = 20_000;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: path('run'), instructions: 5e6 });
});

describe.each(['random', 'pct'] as const)('two interrupts at other times, by %s', (method) => {
  it('fail where the recording of their schedule has a hijack, and nowhere else', async () => {
    const span = { from: 4_758_600, to: 4_759_200 };
    const { outcomes } = await searchTrace({
      ...{ file: path('run'), lines: [14], method, bound: 2, span, runs: 60, within: WITHIN },
      ...{ disks: undefined, signal: new AbortController().signal },
    });
    expect(outcomes).toHaveLength(60);
    const moved = outcomes.filter(({ moves }) => moves.length > 0);
    const sample = [true, false].map((fails) => moved.find(({ failed }) => failed === fails));
    expect(sample[0]).toBeDefined();
    for (const [n, one] of sample.entries()) {
      if (!one) continue;
      const file = path(`${method}-${n}`);
      const option = `--schedule ${movesText(one.moves)}`;
      await writePlacement({
        file: path('run'),
        path: file,
        option,
        until: span.to + WITHIN,
        disks: undefined,
      });
      expect(await isHijacked(file), option).toBe(one.failed);
    }
  });
});

describe('the command', () => {
  it('prints the bound of PCT, and never that nothing is left', async () => {
    const args = ['--bound', '2', '--window', '4M:4001k', '--within', '2k', '--runs', '3'];
    const { status, stdout } = await runCli('explore', path('run'), ...args);
    expect(status).toBe(0);
    expect(stdout[0]).toBe(
      'PCT: n = 2, k = 1,000, d = 3: a failure of that depth comes in at least 1 of n k^(d-1) = 2.00e+6 runs',
    );
    expect(stdout[1]).toMatch(
      /IRQ 14, 2 changed at random \(pct\), from icount 4,000,000 .*: 3 runs; 0 fail$/,
    );
  });

  it('finds in two processes what it finds in one, and writes it for programs and CI systems', () => {
    const junit = join(folder, 'search.xml');
    const search = (...more: string[]) => {
      const argv = ['explore', path('run'), '--bound', '2', '--method', 'random', '--within', '20k'];
      const program = resolve(import.meta.dirname, '../../bin/rewind386.js');
      const options = ['--window', '4758600:4759200', '--runs', '16', '--json', ...more];
      const { status, stdout } = spawnSync(process.execPath, [program, ...argv, ...options], {
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      return { ...JSON.parse(stdout), seconds_to_first: 0 };
    };
    const one = search('--jobs', '1');
    expect(one).toMatchObject({ runs: 16, complete: true, method: 'random', irqs: [14] });
    expect(one.failures[0].replay).toMatch(/^--schedule irq14=\d+@\d+/);
    expect(search('--jobs', '2', '--junit', junit)).toEqual(one);
    const xml = readFileSync(junit, 'utf8');
    const kinds = new Set(one.failures.map(({ failure }: { readonly failure: string }) => failure)).size;
    expect(xml).toContain(`tests="${kinds + 1}" failures="${kinds}" skipped="0"`);
    expect(xml).toContain('name="several interrupts at other times"');
  });

  it.each([
    [['--bound', '0'], '--bound 0'],
    [['--bound', '2'], 'add --window'],
    [['--bound', '2', '--window', '1M:2M', '--irq', '0,14'], 'record it with --jitter'],
    [['--bound', '2', '--window', '1M:2M', '--any'], 'does not go with --any'],
    [['--bound', '2', '--window', '1M:2M', '--folder', 'x'], 'does not go with --folder'],
    [['--irq', '0'], 'record it with --jitter'],
  ])('says what is wrong with %j', async (args, message) => {
    const { status, stderr } = await runCli('explore', path('run'), ...args);
    expect([status, stderr.join('\n')]).toEqual([2, expect.stringContaining(message)]);
  });
});

it('the timer comes anywhere within its jitter, in a kernel of another kind', async () => {
  const run = path('post');
  await runCli(
    ...['record', post('post.elf'), '--profile', post('post.json'), '--jitter', '60', '--seed', '3'],
    ...['-n', '1M', '--quiet', '-o', run],
  );
  const args = ['--irq', '0', '--within', '20k', '--window', '120k:124k'];
  const { status, stdout } = await runCli('explore', run, ...args);
  expect(status).toBe(1);
  const [, at] = /^FAIL window hijack in write_letter\+.*: IRQ 0 at icount ([\d,]+)/.exec(stdout[0]) ?? [];
  const [, schedule] = /--schedule (\S+)/.exec(stdout[1]) ?? [];
  expect(schedule).toMatch(new RegExp(`^irq0=${at.replaceAll(',', '')}@\\d+$`));
  const failed = await runCli('replay', run, '--schedule', schedule, '--until', '200k', '-o', path('made'));
  expect(failed.stdout.join('\n')).toContain('NEW');

  // The guest alone, without a profile: an interrupt took its window later in the run.
  const words = [post('post.elf'), '--jitter', '60', '--seed', '3', '-n', '4M'];
  const guest = await runCli('explore', words[0], ...args, '--', ...words.slice(1));
  expect([guest.status, guest.stdout.at(-1)]).toEqual([1, stdout.at(-1)]);
  expect(guest.stderr[0]).toMatch(/^note: with 1 window that no profile declares: \{"name":"page-e0000000"/);
  const command = `rewind386 record ${words.join(' ')} --schedule ${schedule} -o placement-${at.replaceAll(',', '')}.r386`;
  expect(guest.stdout[1].trim()).toBe(command);
  // A bundle's origin is the trace that was given, not the one with that window.
  const given = path('given');
  await runCli('record', ...words, '--quiet', '-o', given);
  await runCli('explore', given, ...args.slice(0, -1), '123254:123257', '-o', path('bundles'));
  const [bundle] = readdirSync(path('bundles'));
  const facts = async (file: string) => JSON.parse((await runCli('info', file, '--json')).stdout.join('\n'));
  expect((await facts(join(path('bundles'), bundle))).parent).toMatchObject({
    file: 'given.r386',
    identity: (await facts(given)).identity,
  });
  // Where the trace with that window cannot be kept, what the profile declares is left: nothing here.
  vi.stubEnv('XDG_CACHE_HOME', '/dev/null');
  const without = await runCli('explore', words[0], ...args, '--', ...words.slice(1)).finally(() =>
    vi.unstubAllEnvs(),
  );
  expect([without.status, without.stderr.join('\n')]).toEqual([
    2,
    expect.stringMatching(
      /note: without the windows that check discovers: .*\nrewind386: .* declares no window/s,
    ),
  ]);
  const again = ['-n', '200k', '-q', '-o', path('alone'), '--schedule', schedule];
  await runCli('record', ...words.slice(0, -2), ...again);
  expect((await runCli('check', path('alone'))).stdout[0]).toMatch(/^ERROR window hijack/);
});

it('a guest is recorded only where there is something to explore', async () => {
  const elf = post('post.elf');
  const unknown = await runCli('explore', elf, '--irq', '0', '--', '--jittr', '20');
  expect([unknown.status, unknown.stderr]).toEqual([
    2,
    ['rewind386: after --: unknown argument: jittr', 'next: rewind386 record --help'],
  ]);
  const output = await runCli('explore', elf, '--', '-o', path('own'));
  expect([output.status, output.stderr[0]]).toEqual([
    2,
    expect.stringContaining('-o is not for a recording'),
  ]);
  const short = await runCli('explore', elf, '--', '-n', '100k');
  expect([short.status, short.stderr[0]]).toEqual([2, expect.stringContaining('declares no window')]);
});
