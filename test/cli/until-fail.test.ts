import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { exitWith, flatKernel } from '../replay/flat-kernel.ts';
import { runCli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const output = join(folder, 'run.r386');
const kernel = join(folder, 'kernel.elf');
const record = (...more: string[]) =>
  runCli('record', kernel, '--seed', '3', '-n', '50k', '-o', output, ...more);

beforeAll(() => writeFileSync(kernel, flatKernel({ body: exitWith(0) })));

describe('record --until-fail', () => {
  it('tries so many seeds, and keeps none that did not fail', async () => {
    const { status, stdout } = await record('--until-fail', '2');
    expect(status).toBe(0);
    expect(stdout).toEqual([
      'seed 3: no failure',
      'seed 4: no failure',
      '2 seeds from 3 on, none failed; no trace is kept',
    ]);
    expect(existsSync(output)).toBe(false);
  });

  it('ends at the first that fails, and keeps it', async () => {
    const { status, stdout } = await record('--until-fail', '2', '--expect-exit', '0x2a');
    expect(status).toBe(1);
    expect(stdout[0]).toBe('seed 3: FAILED; 1 seed tried');
    expect(stdout).toContainEqual(expect.stringMatching(/^FAILED the guest ended with exit code 0x0/));
    const reader = TraceReader.open(output);
    expect(reader.header.seed).toBe(3n);
    reader.close();
  });

  it('does not wait for somebody to type', async () => {
    const { status, stderr } = await record('--force', '--until-fail', '2', '--interactive');
    expect(status).toBe(2);
    expect(stderr[0]).toContain('--until-fail');
  });

  it('a file that was there stays until there is one to take its place', async () => {
    writeFileSync(output, 'precious');
    await record('--force', '--until-fail', '1');
    expect(readFileSync(output, 'utf8')).toBe('precious');
    rmSync(output);
  });

  it('--jobs is for --until-fail', async () => {
    const { status, stderr } = await record('--jobs', '2');
    expect([status, stderr[0]]).toEqual([2, 'rewind386: --jobs 2: one recording is one job']);
    expect((await record('--until-fail', '2', '--jobs', '0')).status).toBe(2);
  });
});
