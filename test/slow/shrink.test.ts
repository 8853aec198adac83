import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePlacement } from '../../analysis/cli/work/write-placement.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** A failing run made small: 5 million instructions of ftpd, of which one interrupt's time matters. About 40 s. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);
/** A completion in the window of pmap_change_wiring. */
const NEEDED = 'irq14=4758667@4790286';

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: path('run'), instructions: 5e6 });
});

describe('shrink', () => {
  it('leaves the one time that is needed, nothing behind the failure, and a bundle that verifies', async () => {
    // A request of a line that nobody serves comes besides.
    await writePlacement({
      ...{ file: path('run'), path: path('failed'), disks: undefined },
      ...{ option: `--schedule irq5@4000000,${NEEDED}`, until: 4_900_000 },
    });
    const { status, stdout } = await runCli('shrink', path('failed'), '-o', path('small'));
    expect([status, stdout[0], stdout[1]]).toEqual([
      0,
      expect.stringMatching(/^interrupt hijack at icount 4,761,\d+, after \d runs$/),
      `--seed 5 --schedule ${NEEDED}`,
    ]);
    expect(stdout[2]).toBe("needed: 1 of 1 time other than the seed's, 0 of 1 input");
    const reader = TraceReader.open(path('small'));
    expect(reader.endIcount).toBeLessThan(4_762_000);
    expect(String(reader.header.parent?.changes)).toBe(`schedule ${NEEDED}`);
    reader.close();
    expect((await runCli('verify', path('small'))).status).toBe(0);
    expect((await runCli('check', path('small'))).status).toBe(1);
  });

  it('is the run that record makes of the schedule', async () => {
    const reader = TraceReader.open(path('small'));
    const { final } = reader.footer as NonNullable<typeof reader.footer>;
    reader.close();
    const recorded = await runCli(
      ...['record', 'bsd96', '--kernel', 'buggy', '--workload', 'ftpd', '--seed', '5', '--quiet'],
      ...['--schedule', NEEDED, '-n', String(final.icount), '-o', path('again')],
    );
    expect(recorded.status).toBe(0);
    const again = TraceReader.open(path('again'));
    expect(again.footer?.final).toEqual(final);
    again.close();
  });

  it('says so where nothing fails', async () => {
    const { status, stderr } = await runCli('shrink', path('run'), '-o', path('none'));
    expect([status, stderr[0]]).toEqual([2, expect.stringContaining('there is no failure to reproduce')]);
  });
});
