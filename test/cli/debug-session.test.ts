import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HijackTrace, hijackTrace } from '../replay/timeline-fixture.ts';

/** The session that docs/time-travel.md prints, with the real gdb and the server that the command line starts. */

const root = join(import.meta.dirname, '../..');
const hasGdb = spawnSync('gdb', ['--version']).status === 0;

/** Commands that the page has, and what it prints behind each. */
function printedSession(): { command: string; shown: string[] }[] {
  const page = readFileSync(join(root, 'docs/time-travel.md'), 'utf8');
  const session: { command: string; shown: string[] }[] = [];
  for (const line of page.split('\n')) {
    const [, command] = /^ {4}\(gdb\) (.*)$/.exec(line) ?? [];
    if (command !== undefined) session.push({ command, shown: [] });
    else if (line.startsWith('    ') && session.length > 0)
      session[session.length - 1].shown.push(line.trim());
  }
  return session;
}

/** Of a printed line, where … stands for anything, and spaces and ends of lines are alike. */
const pattern = (line: string): RegExp =>
  new RegExp(
    line
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+'))
      .join('[^#]*?'),
  );

describe.runIf(hasGdb)('the session of docs/time-travel.md', () => {
  let trace: HijackTrace;
  let server: ChildProcess;
  let output = '';

  const until = async (found: RegExp): Promise<string> => {
    for (;;) {
      const match = found.exec(output);
      if (match) return match[1] ?? '';
      await new Promise((resolve) => server.stdout?.once('data', resolve));
    }
  };
  /** Both streams in one: gdb writes what the server says to the other. */
  const gdb = (...given: string[]) =>
    new Promise<string>((resolve) => {
      const args = ['-c', 'exec gdb -nx -batch "$@" 2>&1', 'gdb', ...given];
      execFile('sh', args, { timeout: 50_000 }, (_, stdout) => resolve(stdout));
    });

  beforeAll(async () => {
    trace = await hijackTrace();
    server = spawn(process.execPath, [join(root, 'bin/rewind386.js'), 'debug', trace.file]);
    server.stdout?.on('data', (bytes) => {
      output += bytes;
    });
  });
  afterAll(() => {
    server.kill();
    trace.remove();
  });

  it('goes as printed', async () => {
    const script = await until(/next: gdb -x (\S+)\n/);
    expect(output).toContain('at icount 22,714,190 of 22,714,190\n');
    const session = printedSession();
    expect(session.length).toBeGreaterThan(6);
    const commands = session.flatMap(({ command }) => ['-ex', 'echo \\n@@\\n', '-ex', command]);
    const shown = await gdb('-x', script, ...commands);
    const answers = shown.split('\n@@\n').slice(1);
    for (const [n, { command, shown: printed }] of session.entries()) {
      let rest = answers[n] ?? '';
      for (const line of printed.filter((one) => one !== '…')) {
        const match = pattern(line).exec(rest);
        expect(match?.[0], `${command}\n${line}\nin\n${answers[n]}`).toBeDefined();
        rest = rest.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
      }
    }
  });

  it('has a script that lets no file run anything in gdb, and a server for the next gdb', async () => {
    const script = await until(/next: gdb -x (\S+)\n/);
    expect(statSync(join(script, '..')).mode & 0o777).toBe(0o700);
    const lines = readFileSync(script, 'utf8').split('\n');
    const off = lines.indexOf('set auto-load no');
    expect(off).toBeGreaterThanOrEqual(0);
    expect(off).toBeLessThan(lines.findIndex((line) => line.startsWith('file ')));
    // Also where the user trusts everything.
    const shown = await gdb('-iex', 'set auto-load safe-path /', '-x', script, '-ex', 'show auto-load');
    expect(shown).toMatch(/python-scripts: {2}Auto-loading of Python scripts is off/);
    expect(shown).toContain('kernel/vm/pmap.c');
  });
});
