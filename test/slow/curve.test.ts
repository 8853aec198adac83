import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const name = (one: string) => join(folder, one);
const curve = (output: string, ...more: string[]) =>
  runCli('curve', '--kernels', 'buggy', '--rates', '20', '--time', '0.2s', '-o', output, ...more);

/** Three short runs: a few seconds. */
describe('curve', () => {
  it('writes its runs and figures, and goes on where it was', async () => {
    const { status, stdout } = await curve(name('short'), '--runs', '1', '--jobs', '1');
    expect(status).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([...['short-buggy.svg', 'short.csv', 'short.svg']]);
    expect(stdout[1]).toMatch(
      /^ {2}20 sessions\/s, \d+\.\d disk interrupts\/s: of 1 run 0 with a hijack, none died/,
    );
    const csv = readFileSync(name('short.csv'), 'utf8').split('\n');
    expect(csv[1]).toMatch(/^buggy,20,1,6,50,5000-120000,0,10,0\.2,\d+,,,,$/);
    expect(Number(csv[1].split(',')[9])).toBeGreaterThan(1);

    expect((await curve(name('short'), '--runs', '2')).status).toBe(2);
    expect((await curve(name('short'), '--runs', '2', '--jobs', '1', '--continue')).status).toBe(0);
    const more = readFileSync(name('short.csv'), 'utf8').split('\n');
    expect(more).toHaveLength(4);
    expect(more[1]).toBe(csv[1]);
    expect(more[2]).toMatch(/^buggy,20,2,6,50,/);
  });
});
