import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { DebugServer } from '../cli/printed-sessions.ts';
import { runCli } from '../cli/run-cli.ts';
import { type WindowKernel, windowKernel } from '../replay/window-kernel.ts';

/** Windows that no profile declares: `check` finds them, and executes the run again to see what was done with them. */

const folder = mkdtempSync(join(tmpdir(), 'r386-discover-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const POST = resolve(import.meta.dirname, '../guests/post/post.elf');
const PAGE = '{"name":"page-e0000000","linear":"0xe0000000","pages":1}';

describe('of a kernel with a slot for passing mappings', () => {
  const trace = path('post.r386');
  beforeAll(async () => {
    await runCli('record', POST, '-q', '-o', trace);
  });

  it('tells the hijack, and the line of a profile', async () => {
    const { status, stdout } = await runCli('check', trace);
    const said = stdout.join('\n');
    expect(status).toBe(1);
    expect(said).toMatch(
      /ERROR window hijack \(class 13\) in .* at icount 3,507,895\n {2}IRQ 0 \(clock_entry\) interrupted write_letter\+0x27 at icount 3507739; kmap\+0x9 switched the window page-e0000000 \(e0000000\) from frame 00803000 to 00802000; back in write_letter\+0x27, it was stored through: 0 reads and 29 writes/,
    );
    expect(said).toContain(`\n  "windows": [${PAGE}]\n`);
    expect(said).toContain(`next: rewind386 replay ${trace} --window '${PAGE}' -o windows.r386`);
    const { stdout: json } = await runCli('check', trace, '--json');
    const { findings } = JSON.parse(json.join('\n'));
    expect(findings.map(({ window }: { window?: object }) => window)).toContainEqual(JSON.parse(PAGE));
  });

  it('gives the trace that its next command makes', async () => {
    const declared = path('declared.r386');
    expect((await runCli('replay', trace, '--window', PAGE, '-o', declared)).status).toBe(0);
    expect((await runCli('replay', declared)).status).toBe(0);
    const { stdout } = await runCli('query', declared, 'window-hijack', '--format', 'csv');
    expect(stdout).toHaveLength(2);
    // Once recorded, a window is not recorded again, and one over it is refused.
    const again = await runCli('replay', declared, '--window', PAGE, '-o', path('again.r386'));
    expect(again.status).toBe(0);
    const over = '{"name":"all","slot":896}';
    const refused = await runCli('replay', declared, '--window', over, '-o', path('over.r386'));
    expect(refused.status).toBe(2);
    expect(refused.stderr.join()).toMatch(/window "all" overlaps window "page-e0000000"/);
  });

  it('counts out what a replay records besides, where the trace has windows and stores of its own', async () => {
    const more = path('more.r386');
    const cr3 = '{"name":"cr3","register":"cr3"}';
    const declared = path('declared.r386');
    const made = await runCli(
      'replay',
      declared,
      '--window',
      cr3,
      '--detail',
      'stores',
      '--from',
      '3.4M',
      '-o',
      more,
    );
    expect([made.status, made.stderr]).toEqual([0, []]);
    const { stdout } = await runCli('query', more, '--sql', 'SELECT name FROM windows', '--format', 'csv');
    expect(stdout).toEqual(['name', 'page-e0000000', 'cr3']);
    expect((await runCli('replay', more)).status).toBe(0);
  });

  it('numbers its findings for debug and report as check does', async () => {
    const { stdout: json } = await runCli('check', trace, '--json');
    const { findings } = JSON.parse(json.join('\n'));
    const of = findings.findIndex(({ window }: { window?: object }) => window !== undefined);
    const server = new DebugServer(trace, folder, '--finding', String(of + 1));
    try {
      await server.script();
      expect(server.output).toContain(`at icount ${findings[of].icount.toLocaleString('en')} of `);
    } finally {
      server.close();
    }
    expect((await runCli('report', trace, '-o', path('post.html'))).status).toBe(0);
    expect(readFileSync(path('post.html'), 'utf8')).toContain(findings[of].summary.slice(0, 40));
  });

  it('says what it did not look for without a replay', async () => {
    const { stdout } = await runCli('check', trace, '--no-replay');
    expect(stdout.join('\n')).not.toContain('window hijack');
    expect(stdout.at(-1)).toMatch(/3 concern windows, and the profile declares none/);
  });
});

it('is clean of the same kernel when its handler leaves the slot as it was', async () => {
  const trace = path('careful.r386');
  await runCli('record', POST, '-q', '--append', 'careful', '-o', trace);
  const { status, stdout } = await runCli('check', trace);
  expect([status, stdout]).toEqual([0, [expect.stringMatching(/: clean: /)]]);
});

const HIJACK = 'window hijack (class 13)';
const LOST = 'dirty and accessed bits lost (class 14)';
describe.each<[WindowKernel['round'], WindowKernel['handler'], string[], string[]]>([
  ['stores through the window', 'changes the window', ['pages e0000000 3'], [`ERROR ${HIJACK}`]],
  // Put back without the bits that the processor had set in it: true of this handler.
  ['stores through the window', 'puts the window back', [], [`WARNING ${LOST}`]],
  ['reads through the window', 'changes the window', ['pages e0000000 3'], ['WARNING window misread']],
  ['sets the window again', 'changes the window', ['pages e0000000 3'], [`WARNING ${LOST}`]],
  ['writes CR3 back', 'loads CR3', ['cr3 00000000 3'], ['ERROR change written back over']],
  ['loads CR3 anew', 'loads CR3', ['cr3 00000000 3'], []],
  ['changes CR4', 'sets a bit of CR4', ['cr4 00000000 3'], ['ERROR change written back over']],
])('of a kernel that %s, whose handler %s', (round, handler, candidates, found) => {
  it('are looked into, and told if they did harm', async () => {
    const name = path(`${round} ${handler}`);
    writeFileSync(`${name}.elf`, windowKernel({ round, handler }));
    await runCli('record', `${name}.elf`, '-q', '-n', '100k', '-o', `${name}.r386`);
    const db = await TraceDatabase.open([`${name}.r386`], { cache: false });
    const rows = await db.query('SELECT kind, hex32(linear) AS linear, incidents FROM window_candidates');
    db.close();
    expect(rows.getRowObjectsJson().map((row) => `${row.kind} ${row.linear} ${row.incidents}`)).toEqual(
      candidates,
    );
    const { stdout } = await runCli('check', `${name}.r386`);
    const titles = stdout.flatMap((line) => /^((?:ERROR|WARNING) .*) in \S/.exec(line)?.[1] ?? []);
    expect([...new Set(titles)]).toEqual(found);
  });
});
