import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { InlineLane, threadsAvailable } from '../../recorder/capture/writer-lane.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { icount } from '../../schemas/units.ts';
import { anyBatch, anyChanges, anyHeader, lastIcount } from '../unit/trace-fixture.ts';

/**
 * The writer thread needs compiled files, so these tests compile the recorder into a folder of their own and run it
 * there. The process that records never returns to its event loop, as the recording loop does not.
 */
const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const BATCHES = 40;
/** The first batch after which there is a checkpoint: those before it are written by the recording thread. */
const LONG = 10;

const PROGRAM = `
import { TraceWriter } from './built/recorder/capture/trace-writer.js';
import { threadsAvailable } from './built/recorder/capture/writer-lane.js';
import { anyBatch, anyChanges, anyHeader, lastIcount } from './built/test/unit/trace-fixture.js';

const [path, ending] = process.argv.slice(2);
if (!threadsAvailable()) throw new Error('no thread');
const header = anyHeader();
let seq = 0;
let now = 0;
let writer;
try {
  writer = new TraceWriter(path, header);
  const start = anyChanges(0);
  writer.beginCheckpoints(start);
  for (const unit of start.areas[0].units) unit.fill(0);
  for (let i = 0; i < ${BATCHES}; i++) {
    const batch = anyBatch(i, 200, seq, now);
    writer.flush(batch);
    for (const table of Object.values(batch.tables)) for (const column of table.columns) column.fill(0);
    seq = batch.endSeq;
    now = Math.max(now, lastIcount(anyBatch(i, 200, seq, now)));
    if (i < ${LONG}) continue;
    const changes = anyChanges(i + 1);
    writer.checkpoint(changes);
    for (const unit of changes.areas[0].units) unit.fill(0);
    if (ending === 'kill' && i === 20) { writer.lane.thread.thread.drainTo(0); process.kill(process.pid, 'SIGKILL'); }
  }
  writer.finish({ kind: 'limit', code: 0, message: '' }, { icount: 2 ** 50, hashes: { cpu: { low: 1, high: 2 } } });
  console.log('done');
} catch (error) {
  writer?.abandon();
  console.log(error.name + ': ' + error.message);
}
`;

/** The bytes that the program writes, written on this thread. */
function inline(file: string): Buffer {
  const header = anyHeader();
  const writer = new TraceWriter(file, header, new InlineLane(file, header));
  writer.beginCheckpoints(anyChanges(0));
  let seq = 0;
  let now = 0;
  for (let i = 0; i < BATCHES; i++) {
    const batch = anyBatch(i, 200, seq, now);
    writer.flush(batch);
    seq = batch.endSeq;
    now = Math.max(now, lastIcount(anyBatch(i, 200, seq, now)));
    if (i >= LONG) writer.checkpoint(anyChanges(i + 1));
  }
  writer.finish(
    { kind: 'limit', code: 0, message: '' },
    { icount: icount(2 ** 50), hashes: { cpu: { low: 1, high: 2 } } },
  );
  return readFileSync(file);
}

beforeAll(() => {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      allowImportingTsExtensions: false,
      outDir: path('built'),
      rootDir: root,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: [
      'recorder/capture/trace-writer.ts',
      'recorder/capture/writer-worker.ts',
      'test/unit/trace-fixture.ts',
    ].map((file) => join(root, file)),
  };
  writeFileSync(path('tsconfig.json'), JSON.stringify(config));
  execFileSync(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    path('tsconfig.json'),
  ]);
  copyFileSync(join(root, 'schemas/trace/trace.proto'), path('built/schemas/trace/trace.proto'));
  writeFileSync(path('package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), path('node_modules'));
  writeFileSync(path('program.mjs'), PROGRAM);
});

const runProgram = (...args: string[]) =>
  spawnSync(process.execPath, [path('program.mjs'), ...args], { encoding: 'utf8', timeout: 60_000 });

describe('the writer thread', () => {
  it('is not used from sources', () => {
    expect(threadsAvailable()).toBe(false);
  });

  it('writes the bytes that the recording thread would have written', () => {
    const { stdout, stderr } = runProgram(path('thread.r386'));
    expect(stdout + stderr).toBe('done\n');
    expect(readFileSync(path('thread.r386')).equals(inline(path('inline.r386')))).toBe(true);
    expect(existsSync(path('thread.r386.partial'))).toBe(false);
    const reader = TraceReader.open(path('thread.r386'));
    expect(reader.checkpoints.map(({ icount: at }) => at)).toEqual(
      Array.from({ length: BATCHES - LONG }, (_, i) => LONG + i + 1),
    );
    reader.close();
  });

  it('leaves a trace that can be read when the process is killed', () => {
    expect(runProgram(path('killed.r386'), 'kill').signal).toBe('SIGKILL');
    const reader = TraceReader.open(path('killed.r386.partial'));
    expect(reader.chunks.length).toBe(21);
    expect(reader.torn).toBeDefined();
    for (let i = 0; i < reader.chunks.length; i++) reader.readChunk(i).table('stores');
    reader.close();
  });

  it.each([
    { kilobytes: 300, where: 'the recording thread' },
    { kilobytes: 2000, where: 'its own' },
  ])('says what went wrong on $where', ({ kilobytes }) => {
    const limited = `trap "" XFSZ; ulimit -f ${kilobytes}; exec "$@"`;
    const args = ['-c', limited, '-', process.execPath, path('program.mjs'), path(`${kilobytes}.r386`)];
    const { stdout } = spawnSync('bash', args, { encoding: 'utf8', timeout: 60_000 });
    expect(stdout).toMatch(
      /^BadInput: cannot write .*\d+\.r386: the file is too large for its file system; the recording up to then/,
    );
    const reader = TraceReader.open(path(`${kilobytes}.r386.partial`));
    expect(reader.torn?.lostBytes).toBe(0);
    expect(reader.chunks.length).toBeGreaterThan(0);
    reader.close();
  });

  it('says that it cannot begin', () => {
    const { stdout } = runProgram(path('nowhere/x.r386'));
    expect(stdout).toMatch(/^BadInput: cannot write .*x\.r386: no such file or folder/);
  });
});
