import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exploreTrace } from '../../analysis/cli/work/explore.ts';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { runGuest } from '../guest/built-in.ts';
import { isHijacked } from './is-hijacked.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const WITHIN = 10_000;

describe.each(['buggy', 'fixed'] as const)('an earlier disk interrupt in ftpd, %s kernel', (kernel) => {
  it('fails where the SQL finds a hijack in the recording of that placement, and nowhere else', async () => {
    const file = join(folder, `${kernel}.r386`);
    await runGuest({ kernel, workload: 'ftpd', seed: 5, output: file, instructions: 5e6 });
    const { explored } = await exploreTrace({
      ...{ file, irq: 14, sql: undefined, any: false, disks: undefined },
      ...{ between: { from: 4_600_000, to: 4_800_000 }, within: WITHIN },
      signal: new AbortController().signal,
    });
    const { outcomes, complete } = explored;
    expect(complete).toBe(true);
    const failing = outcomes.filter(({ failed }) => failed);
    expect(failing.length > 0).toBe(kernel === 'buggy');
    const good = outcomes.filter(({ failed }) => !failed);
    const sample = [...spread(failing, 4), ...spread(good, 4)];
    for (const { at, option, failed } of sample) {
      const path = join(folder, 'placement.r386');
      await writePlacement({ file, option, path, until: at + WITHIN, disks: undefined });
      expect(await isHijacked(path), option).toBe(failed);
    }
  });
});

/** Some of a list, evenly from all of it. */
const spread = <One>(list: readonly One[], count: number): One[] =>
  list.filter((_, n) => n % Math.max(1, Math.floor(list.length / count)) === 0);
