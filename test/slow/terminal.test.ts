import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBuilt } from '../linux/built-cli.ts';
import { EmulatedTerminal } from '../unit/terminal-screen.ts';

/** The text on the screen of a real terminal after a command: as much as a pipe gets, and nothing of the progress. */

const ROOT = join(import.meta.dirname, '../..');
const PTY = join(import.meta.dirname, '../cli/run-in-pty.py');
const hasPython =
  spawnSync('python3', ['-c', 'import pty, fcntl, os; os.waitstatus_to_exitcode']).status === 0;
if (!hasPython) console.warn('no python3 with pty: the real terminal is not tested');

const folder = mkdtempSync(join(tmpdir(), 'r386-terminal-'));
const trace = join(folder, 'run.r386');
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs it in a terminal, its progress shown at once. Colours are left out. */
async function inTerminal(columns: number, ...argv: string[]) {
  const command = [PTY, String(columns), process.execPath, join(ROOT, 'bin/rewind386.js'), ...argv];
  const env = { ...process.env, REWIND386_PATIENCE_MS: '0', TERM: 'xterm-256color', NO_COLOR: '1' };
  const { status, stdout } = spawnSync('python3', command, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const terminal = new EmulatedTerminal(columns);
  terminal.write(stdout);
  return { status, raw: stdout, lines: await terminal.lines() };
}

const RECORD = ['record', '--workload', 'selftest', '--seed', '1', '-n', '8M', '--force', '-o', trace];

describe.runIf(hasPython)('a real terminal', () => {
  let piped: string[];
  beforeAll(() => {
    piped = runBuilt(...RECORD).stdout;
  });

  it.each([80, 120, 200])('of %i columns keeps what a recorded guest says', async (columns) => {
    const { raw, lines } = await inTerminal(columns, ...RECORD);
    expect(raw).toContain('recording: ');
    expect(raw).not.toMatch(/\ds left/);
    expect(lines).toEqual(piped);
    expect(lines.filter((line) => line.startsWith('  | ')).length).toBeGreaterThan(4);
  });

  it('keeps what a replayed guest says', async () => {
    const { raw, lines } = await inTerminal(80, 'replay', '--console', trace);
    expect(raw).toMatch(/replaying .*%/);
    expect(lines).toEqual(runBuilt('replay', '--console', trace).stdout);
  });

  it('keeps the answer of who-wrote', async () => {
    const { raw, lines } = await inTerminal(200, 'who-wrote', trace, '0x100000');
    expect(raw).toMatch(/indexing stores .*%/);
    expect(lines).toEqual(runBuilt('who-wrote', trace, '0x100000').stdout);
  });

  it('keeps what debug says first', async () => {
    const { lines } = await inTerminal(80, 'debug', trace, '--at', '4M', '--socket', path('nobody/listens'));
    expect(lines.at(-1)).toMatch(/^(?:rewind386|next): /);
    expect(lines.join('\n')).not.toMatch(/replaying/);
  });
});

describe('a pipe that is closed', () => {
  const piped = (command: string) =>
    spawnSync(
      'bash',
      ['-c', `set -o pipefail; ${process.execPath} ${join(ROOT, 'bin/rewind386.js')} ${command}`],
      {
        encoding: 'utf8',
      },
    );
  it('ends a recording in order', () => {
    const { status } = piped(`record --seed 117 -n 2G -o ${path('cut.r386')} | head -1; exit $PIPESTATUS`);
    expect([0, 1]).toContain(status);
    expect(runBuilt('info', path('cut.r386')).stdout.join('\n')).toMatch(/^run +/m);
  });

  it('is no success of anything else', () => {
    runBuilt('record', '-q', '-n', '1M', '-o', path('short.r386'));
    const sql = 'SELECT * FROM symbols, range(40)';
    const { status } = piped(`query ${path('short.r386')} --format csv --sql "${sql}" | head -1`);
    expect(status).toBe(141);
  });
});
