import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenNames } from '../../analysis/cli/options/guest-names.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import type { FactKind } from '../../schemas/events.ts';
import type { ProbeValue, TraceFacts } from '../../schemas/trace/facts.ts';
import { decodeHeader, encodeHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { anyHeader } from '../unit/trace-fixture.ts';
import { runCli } from './run-cli.ts';

/** `--trace`, `--probe` and `--detail calls`: what they record of a kernel with symbols, what they refuse, and what a reader refuses. */

const folder = mkdtempSync(join(tmpdir(), 'r386-calls-'));
const trace = join(folder, 'run.r386');
const made = join(folder, 'made.r386');
const kernel = join(import.meta.dirname, '../guests/post/post.elf');
beforeAll(() => runCli('record', kernel, '-q', '-n', '300k', '--probe', 'kmap', '-o', trace));
afterAll(() => rmSync(folder, { recursive: true }));

async function query(file: string, sql: string): Promise<unknown[]> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await db.query(sql)).getRowObjectsJson();
  } finally {
    db.close();
  }
}
const replayed = (...argv: string[]) => runCli('replay', trace, '-o', made, '--force', ...argv);

describe('a recording', () => {
  it('without events has no calls', async () => {
    const { status, stderr } = await runCli(
      'record',
      kernel,
      '--detail',
      'off',
      '--probe',
      'kmap',
      '-o',
      `${made}.off`,
    );
    expect([status, stderr[0]]).toEqual([2, expect.stringContaining('--detail off records no events')]);
  });

  it('has the calls of a function by its name, with parameters by their DWARF', async () => {
    const sql = `SELECT name, count(*) > 1 AS called, bool_and(arguments['frame'] % 4096 = 0) AS frames, min(hex32(result)) AS result FROM calls GROUP BY name`;
    expect(await query(trace, sql)).toEqual([
      { name: 'kmap', called: true, frames: true, result: 'e0000000' },
    ]);
  });
});

describe('the DWARF of a kernel', () => {
  it('gives source lines, and the functions that were inlined', async () => {
    const sql =
      'SELECT DISTINCT line(run_id, callee) AS line, inlined(run_id, callee) AS functions FROM calls';
    expect(await query(trace, sql)).toEqual([{ line: 'kmap.c:7', functions: 'kmap:7' }]);
    const callers = await query(
      trace,
      'SELECT DISTINCT inlined(run_id, caller - 1) AS functions FROM calls ORDER BY 1',
    );
    expect(callers).toContainEqual({ functions: 'charge:7 < clock_interrupt:20' });
  });

  it('names a program that runs elsewhere', async () => {
    const names = givenNames({ program: [`${kernel}@0x40000000`] });
    const db = await TraceDatabase.open([trace], { cache: false, names });
    const sql = `SELECT symbol(0, a) AS s, line(0, a) AS l, instruction(0, a) AS i, symbol(0, a - 0x40000000) AS kernel
      FROM (SELECT address + 0x40000001 AS a FROM symbols WHERE name = 'kmap')`;
    expect((await db.query(sql)).getRowObjectsJson()).toEqual([
      { s: 'kmap+0x1', l: 'kmap.c:7', i: expect.any(String), kernel: 'kmap+0x1' },
    ]);
    db.close();
    const { status, stderr } = await runCli(
      'query',
      trace,
      '--program',
      import.meta.filename,
      '--sql',
      'SELECT 1',
    );
    expect([status, stderr[0]]).toEqual([2, expect.stringContaining('is not an ELF file')]);
  });
});

describe('a replay', () => {
  it('has values by name, and says how to ask for them', async () => {
    const { status, stdout } = await replayed('--trace', 'print: text, u8(text)', '--until', '200k');
    expect(status).toBe(0);
    expect(stdout.at(-1)).toMatch(/^next: rewind386 query .* FROM tracepoint_hits'$/);
    const sql = `SELECT chr(arguments['u8(text)']::INTEGER) AS first, arguments['text'] = value0 AS same FROM tracepoint_hits WHERE name = 'print' LIMIT 1`;
    expect(await query(made, sql)).toEqual([{ first: expect.stringMatching(/^[ -~\n]$/), same: true }]);
    expect((await runCli('replay', made)).status).toBe(0);
  });

  it('has all calls, or those of a pattern', async () => {
    await replayed('--detail', 'calls', '--until', '100k');
    expect(await query(made, 'SELECT count(DISTINCT name) > 5 AS many FROM probes')).toEqual([
      { many: true },
    ]);
    expect(await query(made, `SELECT count(*) > 0 AS any FROM calls WHERE name = 'main'`)).toEqual([
      { any: true },
    ]);
    await replayed('--probe', 'print*', '--until', '100k');
    const some = await query(made, 'SELECT name FROM probes WHERE probe > 1 ORDER BY name');
    expect(some).toEqual([{ name: 'print' }, { name: 'print_hex' }]);
  });

  it.each([
    [['--trace', 'prinnt: text'], "the guest's kernel has no symbol prinnt (did you mean print?)"],
    [['--trace', 'print: txt'], '--trace print: txt: txt: no such name in scope (did you mean text?)'],
    [['--trace', 'print: text/2'], '--trace print: text/2: text/2: not an expression: unexpected "/"'],
    [['--trace', `print: ${'eax,'.repeat(9)}`], '9 values are too many'],
    [['--trace', ': eax'], 'the place is missing'],
    [['--probe', 'vm_*'], '--probe vm_*: the kernel has no such function'],
    [['--probe', 'print', '--cli', '1:2'], 'a what-if records as the trace did: leave --probe out'],
    [['--from', '10'], '--from is for --detail, --probe and --trace'],
  ])('refuses %s', async (argv, what) => {
    const { status, stderr } = await replayed(...argv);
    expect([status, stderr.join('\n')]).toEqual([2, expect.stringContaining(what)]);
  });

  it('is told of by info', async () => {
    await replayed('--detail', 'port_io', '--probe', 'print', '--from', '100k', '--until', '110k');
    const { stdout } = await runCli('info', made);
    expect(
      stdout.filter((line) => line.startsWith('asked for')).map((line) => line.replace(/^asked for +/, '')),
    ).toEqual(['kmap; from icount 0', 'port_io, print; from icount 100,000']);
    expect(JSON.parse((await runCli('info', made, '--json')).stdout.join('\n')).facts[1]).toMatchObject({
      from_icount: 100_000,
      kinds: ['port_io'],
      probes: [{ name: 'print', values: ['text'] }],
    });
  });

  it('needs a file to write to', async () => {
    const { status, stderr } = await runCli('replay', trace, '--trace', 'print');
    expect([status, stderr[0]]).toEqual([2, expect.stringContaining('--trace needs -o FILE2')]);
  });
});

describe('a header', () => {
  const facts = ({ values = [] as ProbeValue[], ...rest }): TraceFacts[] => [
    { from: 0, probes: [{ name: untrusted('f'), address: 1, isFunction: true, values, ...rest }] },
  ];
  const value = (expression: string) => ({ name: untrusted('v'), expression: untrusted(expression) });
  const read = (of: TraceFacts[]) => decodeHeader(encodeHeader({ ...anyHeader(), facts: of }));

  it('is read as it was written', () => {
    expect(read(facts({ values: [value('u32(esp+4)')] })).facts).toEqual(
      facts({ values: [value('u32(esp+4)')] }),
    );
  });

  it.each([
    ['an expression that is none', facts({ values: [value('1+')] }), 'an expression of registers and memory'],
    [
      'a name that is no register',
      facts({ values: [value('pmap')] }),
      'an expression of registers and memory',
    ],
    ['types', facts({ values: [value('p->q')] }), 'an expression of registers and memory'],
    [
      'more than eight values',
      facts({ values: Array.from({ length: 9 }, () => value('eax')) }),
      'Probe.values',
    ],
    ['a probe without a name', facts({ name: untrusted('') }), 'facts.probes.name'],
    ['a kind that there is not', [{ from: 0, probes: [], kinds: ['x' as FactKind] }], 'facts.kinds'],
    [
      'too many probes at one place',
      Array.from({ length: 5 }, () => ({
        from: 0,
        probes: Array.from({ length: 13 }, () => facts({})[0].probes[0]),
      })),
      'the number of probes at one place',
    ],
    ['too many requests', Array.from({ length: 65 }, () => ({ from: 0, probes: [] })), 'Header.facts'],
  ])('with %s is refused', (_, of, what) => {
    expect(() => read(of)).toThrow(what);
  });
});
