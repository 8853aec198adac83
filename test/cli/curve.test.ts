import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** Runs are made by test/slow/curve.test.ts. */
describe('curve', () => {
  it.each([
    [['--kernels', 'mended'], '--kernels mended: no such kernel'],
    [['--kernels', 'fixed:nothing'], '--kernels fixed:nothing: no such kernel'],
    [['--rates', '0'], '--rates 0: not a rate'],
    [['--rates', '0.005'], '--rates 0.005: not a rate'],
    [['--servers', '13'], '--servers 13: not a number of servers'],
    [['--think', '-1'], '--think -1: not a think time'],
    [['--runs', '0'], '--runs 0: not a number'],
  ])('%j is wrong usage', async (argv, line) => {
    const { status, stderr } = await runCli('curve', '-o', join(tmpdir(), 'never'), ...argv);
    expect([status, stderr[0]]).toEqual([2, `rewind386: ${line}`]);
  });
});
