import { describe, expect, it } from 'vitest';
import { runGuest } from './built-in.ts';

const EXIT_OK = 0x10;
const EXIT_PANIC = 0x11;

describe('the fixed kernel', () => {
  it('passes its self-test: each system call, in a known order', async () => {
    const { exit, lines } = await runGuest({ kernel: 'fixed', workload: 'selftest', seed: 1 });
    expect(exit).toEqual({ kind: 'exit', code: EXIT_OK, message: '' });
    expect(lines.at(-1)).toBe('selftest: 0 failed, OK');
    expect(lines.filter((line) => line.endsWith(': ok')).length).toBeGreaterThan(25);
  });

  for (const [workload, what] of [
    ['ftpd', '60 requests'],
    ['forkstorm', '4 trees'],
    ['pageio', '12 rounds'],
  ]) {
    it(`runs ${workload} without a wrong word`, async () => {
      const { exit, lines } = await runGuest({ kernel: 'fixed', workload, seed: 3, scale: 25 });
      expect(lines.at(-1)).toBe(`${workload}: ${what}, 0 corrupt, OK`);
      expect(exit.code).toBe(EXIT_OK);
    });
  }
});

describe('the buggy kernel', () => {
  it('panics when a disk interrupt hijacks a fork (seed 117)', async () => {
    const { exit, lines } = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117 });
    expect(exit.code).toBe(EXIT_PANIC);
    expect(lines).toContain('panic: pmap_enter: no page table for efbfe000');
  });

  it('is the same run each time, and another with another seed', async () => {
    const first = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 2, scale: 10 });
    const again = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 2, scale: 10 });
    const other = await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 3, scale: 10 });
    expect(again).toEqual(first);
    expect(other.final).not.toEqual(first.final);
  });

  it('does not depend on whether it is recorded', async () => {
    const run = { kernel: 'buggy', workload: 'ftpd', seed: 2, scale: 10 } as const;
    const watched = await runGuest(run);
    const stores = await runGuest({ ...run, config: { detail: 'stores' } });
    const alone = await runGuest({ ...run, config: { detail: 'off' } });
    expect(stores.final).toEqual(watched.final);
    expect(alone.final.icount).toBe(watched.final.icount);
    expect(alone.final.hashes.ram).toEqual(watched.final.hashes.ram);
    expect(alone.final.hashes.tlb).toEqual(watched.final.hashes.tlb);
  });
});
