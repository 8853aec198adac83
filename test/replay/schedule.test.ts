import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { parseChanges } from '../../analysis/cli/options/changes.ts';
import { parseSchedule } from '../../analysis/cli/options/schedule.ts';
import { raisesOf } from '../../analysis/what-if/recorded-interrupts.ts';
import { whatIf } from '../../analysis/what-if/what-if.ts';
import { type RecordResult, record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { diskKernel } from './disk-kernel.ts';

/** Interrupts at the times of a schedule: in a recording from the seed, and in a what-if of one. */

const folder = mkdtempSync(join(tmpdir(), 'r386-schedule-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const recorded = (name: string, schedule?: string): Promise<RecordResult> =>
  record({
    ...{ toolVersion: 'test', guestName: 'disk', profile: NO_PROFILE, profileSource: '', labels: {} },
    boot: {
      ...{ kind: 'multiboot', name: 'disk', commandLine: 'disk', modules: [] },
      image: diskKernel(8, 250_000),
    },
    disk: { kind: 'image', image: new Uint8Array(64 * 512).fill(7) },
    ...{ build: buildMachine, seed: 3n, instructions: 1e6, output: path(name), config: DEFAULT_CONFIG },
    moves: schedule ? parseSchedule(schedule).moves : [],
  });

const changed = (name: string, schedule: string) =>
  whatIf({
    ...{ path: path('plain'), output: path(name), toolVersion: 'test', build: buildMachine, builtinDisk },
    changes: (run) => parseChanges({ inject: [], delay: [], poke: [], cli: [], schedule }, run),
  });

function raises(name: string): number[] {
  const reader = TraceReader.open(path(name));
  const found = raisesOf(reader, 14);
  reader.close();
  return found;
}

describe('a schedule', () => {
  let plain: number[];
  beforeAll(async () => {
    await recorded('plain');
    plain = raises('plain');
  });

  it('makes the same run of the seed and of its recording', async () => {
    // The second is named as it would come when the first has moved.
    const schedule = `irq14=${plain[1] - 500}@${plain[1]},irq14=${plain[3] + 700}@${plain[3] - 500}`;
    const { final, unmoved } = await recorded('scheduled', schedule);
    expect(unmoved).toEqual([]);
    expect((await changed('changed', schedule)).final).toEqual(final);
    expect(raises('scheduled')).toEqual(plain.map((at, n) => (n === 0 ? at : n < 3 ? at - 500 : at + 700)));
    const again = await replay({ path: path('scheduled'), build: buildMachine, builtinDisk });
    expect([again.divergence, again.reachedEnd]).toEqual([undefined, true]);
  });

  it('says what never came up', async () => {
    const { unmoved } = await recorded('vain', `irq14=5000@${plain[2] + 1}`);
    expect(unmoved).toEqual([{ line: 14, from: plain[2] + 1, to: 5000 }]);
    await expect(changed('none', `irq14=5000@${plain[2] + 1}`)).rejects.toThrow(
      `no IRQ 14 whose time is an input comes at icount`,
    );
  });

  it('refuses times that the device cannot take', async () => {
    await expect(recorded('early', `irq14=${plain[0] + 1}@${plain[1]}`)).rejects.toThrow(
      /it can only come from/,
    );
  });

  it.each(['irq14', 'irq14=5', 'irq16@5', 'irq1=5@6', 'irq14=x@6', ''])('is not %j', (text) => {
    expect(() => parseSchedule(text)).toThrow('--schedule');
  });
});
