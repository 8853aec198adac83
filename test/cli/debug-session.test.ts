import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HijackTrace, hijackTrace } from '../replay/timeline-fixture.ts';
import { DebugServer, printedSession } from './printed-sessions.ts';

/** The session that docs/time-travel.md prints, with the real gdb and the server that the command line starts. */

const hasGdb = spawnSync('gdb', ['--version']).status === 0;

describe.runIf(hasGdb)('the session of docs/time-travel.md', () => {
  let trace: HijackTrace;
  let server: DebugServer;

  beforeAll(async () => {
    trace = await hijackTrace();
    server = new DebugServer(trace.file, process.cwd());
  });
  afterAll(() => {
    server.close();
    trace.remove();
  });

  it('goes as printed', async () => {
    await server.script();
    expect(server.output).toContain('at icount 22,714,190 of 22,714,190\n');
    const session = printedSession('docs/time-travel.md', '(gdb) ');
    expect(session.length).toBeGreaterThan(6);
    await server.expectSession(session);
  });

  it('has a script that lets no file run anything in gdb, and a server for the next gdb', async () => {
    const script = await server.script();
    expect(statSync(join(script, '..')).mode & 0o777).toBe(0o700);
    const lines = readFileSync(script, 'utf8').split('\n');
    const off = lines.indexOf('set auto-load no');
    expect(off).toBeGreaterThanOrEqual(0);
    expect(off).toBeLessThan(lines.findIndex((line) => line.startsWith('file ')));
    // Also where the user trusts everything.
    const shown = await server.gdb(
      '-iex',
      'set auto-load safe-path /',
      '-x',
      script,
      '-ex',
      'show auto-load',
    );
    expect(shown).toMatch(/python-scripts: {2}Auto-loading of Python scripts is off/);
    expect(shown).toContain('kernel/vm/pmap.c');
  });
});
