import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { FRAME, frame, preamble } from '../../schemas/trace/framing.ts';
import { encodeHeader, SCHEMA_VERSION } from '../../schemas/trace/header.ts';
import { anyHeader } from '../unit/trace-fixture.ts';
import { runCli } from './run-cli.ts';

/** Bad input gets one line that says what and where, one that says what to do, status 2, and leaves nothing behind. */

const folder = mkdtempSync(join(tmpdir(), 'r386-cli-'));
const path = (name: string) => join(folder, name);
const text = path('text.txt');
const elf64 = path('elf64');
const plain = path('plain.elf');
const newer = path('newer.r386');
const trace = path('run.r386');
const torn = path('torn.r386');
const pipe = path('pipe');

/** An ELF header and nothing else: `bits` 32 or 64, executable, machine i386 or x86-64. */
function elfHeader(bits: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF', 0, 'latin1');
  bytes.set([bits / 32, 1, 1], 4);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(bits === 32 ? 3 : 62, 18);
  bytes.writeUInt32LE(1, 20);
  return bytes;
}

beforeAll(async () => {
  execFileSync('mkfifo', [pipe]);
  writeFileSync(text, 'this is a shell script\n');
  writeFileSync(elf64, elfHeader(64));
  writeFileSync(plain, elfHeader(32));
  const header = encodeHeader({ ...anyHeader(), schemaVersion: SCHEMA_VERSION + 1 });
  writeFileSync(newer, Buffer.concat([preamble(), frame(FRAME.header, header)]));
  await runCli('record', '-q', '-n', '1500k', '--ladder', '30k', '-o', trace);
  const bytes = readFileSync(trace);
  writeFileSync(torn, bytes.subarray(0, bytes.length - 2000));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['not an ELF', ['record', text, '-o', path('x')], /text\.txt is not an ELF file/],
  ['an ELF of another machine', ['record', elf64, '-o', path('x')], /not a 32-bit/],
  ['no Multiboot header', ['record', plain, '-o', path('x')], /Multiboot header/],
  ['an unknown workload', ['record', '--workload', 'nope', '-o', path('x')], /unknown workload "nope"/],
  ['an unknown kernel', ['record', '--kernel', 'nope', '-o', path('x')], /unknown kernel "nope"/],
  ['no such guest', ['record', path('none'), '-o', path('x')], /cannot read guest .*none: no such file/],
  ['no output', ['record'], /-o FILE/],
  ['an output that is a device', ['record', '-o', '/dev/null'], /not a regular file/],
  ['a result that is a pipe', ['query', trace, '--sql', 'SELECT 1', '-o', pipe], /not a regular file/],
  ['a page that is a pipe', ['report', trace, '--force', '-o', pipe], /not a regular file/],
  ['memory that is a pipe', ['memory', trace, '0x1000+64', '-o', pipe], /not a regular file/],
  ['an output in no folder', ['record', '-o', path('no/x')], /cannot write .*no such file or folder/],
  [
    'a processor that SeaBIOS does not run on',
    ['record', '--floppy', text, '--cpu', '386', '-o', path('x')],
    /--cpu 386: SeaBIOS executes BSWAP/,
  ],
  ['bad memory size', ['record', '--ram', '1.5', '-o', path('x')], /--ram/],
  ['bad TLB', ['record', '--tlb', '33x4', '-o', path('x')], /--tlb/],
  ['not a trace', ['replay', text], /text\.txt is not a rewind386 trace/],
  ['a newer schema', ['info', newer], /schema version 2.* reads up to 1/],
  ['an SQL syntax error', ['query', trace, '--sql', 'selec 1'], /SQL error at line 1, column 1/],
  ['an unknown column', ['query', trace, '--sql', 'SELECT\n nope FROM run'], /line 2, column 2.*"nope"/],
  ['an unknown query', ['query', trace, 'nope'], /nope is neither a file nor a named query/],
  ['a query without its parameter', ['query', trace, 'pte-history'], /pte-history/],
  ['an unknown command', ['frob'], /unknown command: frob$/],
  ['a mistyped command', ['chek', trace], /unknown command: chek \(did you mean check\?\)/],
  ['a mistyped option', ['info', trace, '--jsn'], /unknown option: --jsn \(did you mean --json\?\)/],
  ['an argument too many', ['info', trace, 'more'], /unknown argument: more/],
  ['a mistyped query', ['query', trace, 'foregn-pmap'], /did you mean foreign-pmap\?/],
  ['a mistyped symbol', ['query', trace, 'pte-history', 'pmap_entr'], /did you mean pmap_enter\?/],
  [
    'a limit that is no number',
    ['query', trace, 'aptd-timeline', '--limit', 'abc'],
    /--limit abc: not a count/,
  ],
  ['a time beyond the end', ['debug', trace, '--at', '99G'], /--at 99G: .* ends at icount 1,500,000/],
  [
    'a change beyond the end',
    ['replay', trace, '--at', '99G', '--inject', 'irq4', '-o', path('x')],
    /ends at icount/,
  ],
  [
    'a question beyond the end',
    ['who-wrote', trace, '0x1000', '--before', '99G'],
    /--before 99G: .* ends at/,
  ],
  ['a question about nothing', ['who-wrote', trace], /give a range or a symbol, or --pte-of/],
  ['a folder for a trace', ['info', folder], /cannot read .*: it is a folder/],
  ['a recording over a trace', ['record', '-n', '1M', '-o', trace], /run\.r386 already exists/],
  ['a replay over its own trace', ['replay', trace, '-o', trace], /is the trace itself/],
  ['a result over a trace', ['query', trace, 'aptd-timeline', '-o', torn], /torn\.r386 already exists/],
  ['an unknown option', ['info', trace, '--frob'], /frob/],
  ['a missing argument', ['replay'], /not enough/],
  ['a time given twice', ['replay', trace, '--until', '3', '--until', '4'], /--until has one value: 2 were/],
  ['SQL given twice', ['query', trace, '--sql', 'a', '--sql', 'b'], /--sql has one value: 2 were/],
  ['a form given twice', ['check', trace, '--format', 'json', '--format', 'csv'], /--format has one/],
  ['an output given twice', ['record', '-o', path('x'), '-o', path('y')], /--output has one value/],
])('%s', async (_, argv, message) => {
  const before = readdirSync(folder);
  const { status, stdout, stderr } = await runCli(...argv);
  expect(status).toBe(2);
  expect(stdout).toEqual([]);
  expect(stderr[0]).toMatch(message);
  expect(stderr[0]).toMatch(/^rewind386: /);
  expect(stderr.join('\n')).not.toMatch(/^\s+at /m);
  expect(readdirSync(folder)).toEqual(before);
  expect(existsSync(path('x'))).toBe(false);
  expect(statSync(pipe).isFIFO()).toBe(true);
});

it('a torn trace replays and is queried up to where it is whole, and everyone is told', async () => {
  for (const argv of [
    ['replay', torn],
    ['check', torn],
    ['query', torn, '--sql', 'SELECT torn FROM run'],
    ['info', torn],
  ]) {
    const { status, stdout, stderr } = await runCli(...argv);
    expect(status, argv[0]).toBe(0);
    expect([...stdout, ...stderr].join('\n'), argv[0]).toMatch(/complete up to icount [1-9][\d,]+/);
  }
});

it('a torn trace is never clean, and one with nothing in it is nothing to check', async () => {
  const { stdout } = await runCli('check', torn);
  expect(stdout.at(-1)).toMatch(/: no finding, but the trace is incomplete: \d+ of \d+ checks could apply/);
  expect(stdout.at(-1)).not.toContain('clean');
  const empty = path('empty.r386');
  const reader = TraceReader.open(trace);
  const [{ offset }] = reader.chunks;
  reader.close();
  writeFileSync(empty, readFileSync(trace).subarray(0, offset + 100));
  const { status, stderr } = await runCli('check', empty);
  expect(status).toBe(2);
  expect(stderr.join('\n')).toMatch(/empty\.r386: nothing recorded to check: .*complete up to icount 0/);
});

it('a trace without events is nothing to check, whatever its guest did', async () => {
  const off = path('off.r386');
  await runCli('record', '-q', '-n', '1M', '--detail', 'off', '-o', off);
  const { status, stderr } = await runCli('check', off);
  expect(status).toBe(2);
  expect(stderr[0]).toMatch(/off\.r386: nothing recorded to check: --detail off/);
});

it('writes a result of any format to a file, as it is', async () => {
  const sql = "SELECT 'a' || chr(10) || 'b' AS line, 1 AS n";
  for (const [format, text] of [
    ['csv', 'line,n\n"a\nb",1\n'],
    ['json', '[{"line":"a\\nb","n":1}]\n'],
    ['table', 'line    n\n------  -\na\\x0ab  1\n1 row\n'],
  ]) {
    const { status, stdout } = await runCli(
      'query',
      trace,
      '--format',
      format,
      '-o',
      path('o'),
      '--sql',
      sql,
    );
    expect([status, stdout[0]], format).toEqual([0, expect.stringMatching(/o: \d+ bytes$/)]);
    expect(readFileSync(path('o'), 'utf8'), format).toBe(text);
  }
  rmSync(path('o'));
});

it('lists the named queries without a trace', async () => {
  const { status, stdout } = await runCli('query', '--list');
  expect(status).toBe(0);
  expect(stdout.some((line) => /^pte-history ADDRESS +Every write/.test(line))).toBe(true);
});

it('ends a history with the newest, whatever the limit', async () => {
  const { stdout } = await runCli('query', trace, 'pte-history', '0xf0100000', '--limit', '1');
  const all = await runCli('query', trace, 'pte-history', '0xf0100000', '--format', 'json');
  const last = JSON.parse(all.stdout.join('\n')).at(-1);
  expect(stdout.at(-2)).toContain(String(last.icount));
});

it('tells programs what a trace holds', async () => {
  const { stdout } = await runCli('info', trace, '--json');
  const facts = JSON.parse(stdout.join('\n'));
  expect(facts).toMatchObject({
    file: trace,
    guest: { name: 'bsd96', kind: 'multiboot' },
    end: { icount: 1.5e6 },
  });
  expect(facts.events.console).toBeGreaterThan(0);
});

it('tells programs what the checks found', async () => {
  const { status, stdout } = await runCli('check', trace, '--json');
  const report = JSON.parse(stdout.join('\n'));
  const people = await runCli('check', trace, '--all');
  expect(report.clean).toBe(status === 0);
  expect(report.findings).toHaveLength(report.errors + report.warnings);
  expect(people.status).toBe(status);
  for (const { summary } of report.findings) expect(people.stdout.join('\n')).toContain(summary);
});

it('runs the functions of the documentation alone', async () => {
  const { status, stdout } = await runCli(
    'query',
    trace,
    '--sql',
    'SELECT process_text(pid, comm) AS who FROM processes',
  );
  expect([status, stdout[0]]).toEqual([0, 'who']);
});

it.each(['bash', 'zsh', 'fish'])('has a completion script for %s', async (shell) => {
  const { status, stdout } = await runCli('completion', shell);
  expect(status).toBe(0);
  expect(stdout.join('\n')).toContain('rewind386 --get-yargs-completions');
});

it.each([
  [['who-wrote', '--p'], ['--pte-of'], []],
  [['info', ''], [], ['--json']],
  [['query', '--format', ''], ['csv', 'parquet'], ['--json']],
  [['re'], ['record', 'replay'], []],
])('completes %j', async (words, some, none) => {
  const { stdout } = await runCli('--get-yargs-completions', 'rewind386', ...words);
  for (const word of some) expect(stdout).toContain(word);
  for (const word of none) expect(stdout).not.toContain(word);
});
