import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitWith, flatKernel, PAGE_FAULT, PAGING } from '../replay/flat-kernel.ts';
import { type CliResult, runCli } from './run-cli.ts';

/** Symbols and a profile that come after the recording name what it holds, and change nothing of it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-names-'));
const path = (name: string) => join(folder, name);
const trace = path('run.r386');
const map = path('System.map');
const profile = path('profile.json');

beforeAll(async () => {
  writeFileSync(path('kernel.elf'), flatKernel({ body: [...PAGING, ...PAGE_FAULT] }));
  writeFileSync(map, '00100010 T start_of_all\n00380000 D victim\n');
  writeFileSync(
    profile,
    JSON.stringify({
      name: 'later',
      recursiveSlot: 700,
      alternateSlot: 701,
      process: { current: 0x1000, pid: 0, comm: 4 },
    }),
  );
  await runCli('record', path('kernel.elf'), '-q', '-n', '50k', '-o', trace);
});
afterAll(() => rmSync(folder, { recursive: true }));

const said = ({ stdout }: CliResult) => stdout.join('\n');
const CODE = 'SELECT DISTINCT symbol(run_id, eip) AS code FROM exceptions';

it.each([
  ['query', ['--sql', CODE]],
  ['query', ['pte-history', '0x380000']],
  ['check', []],
  ['who-wrote', ['0x301e00']],
])('%s %j names code by them', async (command, args) => {
  const without = await runCli(command, trace, ...args);
  expect(said(without)).not.toContain('start_of_all');
  const named = await runCli(command, trace, ...args, '--symbols', map);
  expect(said(named)).toMatch(/start_of_all\+0x[0-9a-f]+/);
  expect(named.status).toBe(without.status);
});

it('a replay writes them into the trace that it makes, and a bundle keeps them', async () => {
  const made = path('made.r386');
  expect((await runCli('replay', trace, '--symbols', map, '-o', made)).status).toBe(0);
  expect(said(await runCli('query', made, '--sql', CODE))).toContain('start_of_all');
  const bundle = path('bug.r386');
  expect((await runCli('bundle', trace, '--symbols', map, '-o', bundle)).status).toBe(0);
  expect(said(await runCli('query', bundle, '--sql', CODE))).toContain('start_of_all');
  expect((await runCli('verify', bundle)).status).toBe(0);
});

describe('a profile', () => {
  it('names, and what was not recorded for it is said', async () => {
    const sql = 'SELECT profile, recursive_slot, alternate_slot, names_processes FROM run';
    const { stdout, stderr } = await runCli(
      'query',
      trace,
      '--sql',
      sql,
      '--profile',
      profile,
      '--format',
      'csv',
    );
    expect(stdout[1]).toBe('later,700,,0');
    expect(stderr.join('\n')).toMatch(/alternate map in slot 701 were not recorded/);
    expect(stderr.join('\n')).toMatch(/which process ran was not recorded/);
  });

  it('says which exit codes are success', async () => {
    const kernel = path('exit.elf');
    const run = path('exit.r386');
    writeFileSync(kernel, flatKernel({ body: exitWith(0x2a) }));
    writeFileSync(path('good.json'), JSON.stringify({ name: 'good', exitSuccess: ['0x2a'] }));
    await runCli('record', kernel, '-q', '-o', run);
    expect((await runCli('check', run)).status).toBe(1);
    expect((await runCli('check', run, '--profile', path('good.json'))).status).toBe(0);
    expect((await runCli('check', run)).status).toBe(1);
  });
});

it.each([
  ['a file that is not there', ['--symbols', path('none')], /cannot read symbols/],
  ['a file without symbols', ['--symbols', profile], /has no symbols/],
  ['a profile that is none', ['--profile', map], /not JSON/],
])('%s is refused', async (_, options, message) => {
  const { status, stderr } = await runCli('check', trace, ...options);
  expect(status).toBe(2);
  expect(stderr.join('\n')).toMatch(message);
});
