import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** `stack`, and `--stacks` of `query`: call stacks of a recorded run at any instant, by the DWARF of the kernel. */

const folder = mkdtempSync(join(tmpdir(), 'r386-stack-'));
const trace = join(folder, 'run.r386');
/** The page fault of the kernel, as it copies the first program's pages: the code that faults is assembly without DWARF. */
const FAULT = 'SELECT icount FROM exceptions WHERE cpl = 0 AND vector = 14 ORDER BY seq LIMIT 1';
const CALLERS = ['copy', 'exec', 'start_init', 'fork_trampoline'];
let fault: number;

async function rowsOf(...argv: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await runCli('query', trace, ...argv, '--format', 'json');
  return JSON.parse(stdout.join('\n')) as Record<string, unknown>[];
}

beforeAll(async () => {
  await runCli('record', '--workload', 'ftpd', '--seed', '7', '-q', '-n', '300k', '-o', trace);
  fault = Number((await rowsOf('--sql', FAULT))[0].icount);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('shows the functions that are running, each with the line that it is at', async () => {
  const { status, stdout } = await runCli('stack', trace, '--at', String(fault), '--at', '300k');
  expect(status).toBe(0);
  const names = stdout.flatMap((line) => /^#\d+ +[0-9a-f]{8} (\w+)/.exec(line)?.[1] ?? []);
  expect(names.slice(0, 4)).toEqual(CALLERS);
  expect(stdout[0]).toMatch(/at icount [\d,]+, innermost first:$/);
  expect(stdout[2]).toMatch(/^#1 {2}\w+ exec\+0x\w+ at .*kern\/kern_exec\.c:\d+$/);
  expect(stdout.at(-1)).toMatch(/^next: rewind386 debug .*run\.r386 --at 300000$/);
});

it('fills a view for SQL, at icounts and where a SELECT finds some', async () => {
  const sql =
    'SELECT icount, level, name, line, inlined, interrupted, esp > lag(esp, 1, 0) OVER (ORDER BY level) AS above FROM stacks';
  const bySelect = await rowsOf('--stacks', FAULT, '--sql', sql);
  expect(bySelect.map(({ name }) => name)).toEqual(CALLERS);
  expect(bySelect[1]).toEqual({
    ...{ icount: fault, level: 1, name: 'exec', interrupted: 0, above: true },
    line: expect.stringMatching(/kern_exec\.c:\d+$/),
    inlined: expect.stringMatching(/^map_segment:\d+ < load:\d+ < exec:\d+$/),
  });
  expect(await rowsOf('--stacks', `${fault}`, '--sql', sql)).toEqual(bySelect);
  expect(await rowsOf('--sql', sql)).toEqual([]);
});

it.each([
  { argv: ['stack', '--at', '9G'], message: /ends at icount 300,000/ },
  { argv: ['stack', '--finding', '1', '--at', '5'], message: /either --at or --finding/ },
  {
    argv: ['query', '--stacks', 'often', '--sql', 'FROM stacks'],
    message: /neither an icount, nor findings/,
  },
  { argv: ['query', '--stacks', 'SELECT 1 AS x', '--sql', 'FROM stacks'], message: /no column icount/ },
  {
    argv: ['query', '--stacks', 'SELECT -1 AS icount', '--sql', 'FROM stacks'],
    message: /-1 is no icount of run 0/,
  },
  { argv: ['query', '--stacks', '9G', '--sql', 'FROM stacks'], message: /ends at icount 300,000/ },
])('says what is wrong with $argv', async ({ argv: [command, ...rest], message }) => {
  const { status, stderr } = await runCli(command, trace, ...rest);
  expect([status, stderr[0]]).toEqual([2, expect.stringMatching(message)]);
});
