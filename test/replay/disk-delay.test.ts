import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { parseChanges } from '../../analysis/cli/options/changes.ts';
import { raisesOf } from '../../analysis/what-if/recorded-interrupts.ts';
import { endsAlike } from '../../analysis/what-if/verdict.ts';
import { type WhatIf, whatIf } from '../../analysis/what-if/what-if.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, type MachineConfig, NO_PROFILE } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { runCli } from '../cli/run-cli.ts';
import { ALL_READ, diskKernel } from './disk-kernel.ts';

/** Changes inside a transfer of several sectors, each of which has an interrupt and a time of its own. */

const folder = mkdtempSync(join(tmpdir(), 'r386-delay-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const SECTORS = 8;

async function recorded(name: string, config: Partial<MachineConfig> = {}) {
  const result = await record({
    ...{ toolVersion: 'test', guestName: 'disk', profile: NO_PROFILE, profileSource: '', labels: {} },
    boot: {
      ...{ kind: 'multiboot', name: 'disk', commandLine: 'disk', modules: [] },
      image: diskKernel(SECTORS, 250_000),
    },
    disk: { kind: 'image', image: new Uint8Array(64 * 512).fill(7) },
    ...{ build: buildMachine, seed: 3n, instructions: 1e6, output: path(name) },
    config: { ...DEFAULT_CONFIG, ...config },
  });
  const reader = TraceReader.open(path(name));
  const inputs = reader.inputs();
  const raises = raisesOf(reader, 14);
  reader.close();
  return { ...result, recordedInputs: inputs, raises };
}

const delayed = (parent: string, name: string, delay: string[]): Promise<WhatIf> =>
  whatIf({
    ...{ path: path(parent), output: path(name), toolVersion: 'test', build: buildMachine, builtinDisk },
    changes: (run) => parseChanges({ inject: [], delay, poke: [], cli: [] }, run),
  });

describe('a transfer of several sectors', () => {
  it('has a time for each, and a what-if moves the interrupt that it names and no other', async () => {
    const { exit, recordedInputs, raises } = await recorded('parent');
    expect(exit).toMatchObject({ kind: 'exit', code: ALL_READ });
    expect(recordedInputs.map(({ kind }) => kind)).toEqual([
      ...['rtc_start', 'disk_latency'],
      ...Array(SECTORS - 1).fill('disk_block'),
    ]);
    expect(raises).toHaveLength(SECTORS);
    for (const nth of [0, 3, 7]) {
      const name = `moved${nth}`;
      const { arrivals } = await delayed('parent', name, [`irq14=+1000@${raises[nth] - 5}`]);
      expect(arrivals).toMatchObject([{ line: 14, from: raises[nth], to: raises[nth] + 1000 }]);
      const reader = TraceReader.open(path(name));
      expect(raisesOf(reader, 14)).toEqual(raises.map((at, n) => (n < nth ? at : at + 1000)));
      reader.close();
      const again = await replay({ path: path(name), build: buildMachine, builtinDisk });
      expect([again.divergence, again.reachedEnd]).toEqual([undefined, true]);
    }
  });

  it('may come earlier too, down to the shortest time of the machine', async () => {
    const { raises, recordedInputs } = await recorded('earlier');
    const { arrivals } = await delayed('earlier', 'first', [`irq14=-1000000@${raises[2]}`]);
    const asked = recordedInputs.filter(({ kind }) => kind === 'disk_block')[1].icount;
    expect(arrivals[0].to).toBe(asked + DEFAULT_CONFIG.diskLatencyMin);
  });

  it('old traces: the further sectors follow at a fixed time, and a what-if there is refused', async () => {
    const { recordedInputs, raises } = await recorded('old', { chipsetRevision: 0 });
    expect(recordedInputs.map(({ kind }) => kind)).toEqual(['rtc_start', 'disk_latency']);
    expect(new Set(raises.slice(1).map((at, n) => at - raises[n])).size).toBe(1);
    await expect(delayed('old', 'x', [`irq14=+1000@${raises[3]}`])).rejects.toThrow(
      /IRQ 14 comes next at icount [\d,]+, at a time that is not an input/,
    );
    const { arrivals } = await delayed('old', 'y', [`irq14=+1000@${raises[0]}`]);
    expect(arrivals).toMatchObject([{ from: raises[0], to: raises[0] + 1000 }]);
  });
});

describe('a delay that moves nothing is refused', () => {
  it('after the last interrupt, and of a line that nobody raises', async () => {
    const { raises } = await recorded('last');
    await expect(delayed('last', 'x', [`irq14=+9@${raises[7] + 1}`])).rejects.toThrow(
      /IRQ 14 does not come after icount/,
    );
    await expect(delayed('last', 'x', ['irq15=+9@5'])).rejects.toThrow(/IRQ 15 does not come after/);
  });

  it('when the time is the shortest already', async () => {
    await recorded('short', { diskLatencyMin: 5000, diskLatencyMax: 5000 });
    await expect(delayed('short', 'x', ['irq14=-1@5'])).rejects.toThrow(
      /already comes as early as possible, 5,000/,
    );
  });

  it('without events, which tell when interrupts came', async () => {
    await recorded('off', { detail: 'off' });
    await expect(delayed('off', 'x', ['irq14=+9@5'])).rejects.toThrow(/recorded with --detail off/);
  });
});

describe('the ends of both runs', () => {
  it('are compared: the run that the delay crashes is not the same as before', async () => {
    const { raises } = await recorded('alive');
    const result = await delayed('alive', 'dead', [`irq14=+300000@${raises[4]}`]);
    expect([result.parentExit?.kind, result.exit.kind]).toEqual(['exit', 'shutdown']);
    expect(endsAlike(result.parentExit, result.exit)).toBe(false);
    expect(endsAlike(result.exit, result.exit)).toBe(true);
    expect(endsAlike(undefined, result.exit)).toBe(false);
  });

  it('are told, with the interrupt that moved', async () => {
    const { raises } = await recorded('told');
    const late = ['--delay', `irq14=+300000@${raises[4]}`, '-o', path('late')];
    const { status, stdout } = await runCli('replay', path('told'), ...late);
    expect(stdout.join('\n')).toContain(
      `IRQ 14, in the recording at icount ${raises[4].toLocaleString('en')}, does not come`,
    );
    expect(stdout.join('\n')).toMatch(/OTHER END: the recorded run ended with exit code 0x0 at icount/);
    expect(status).toBe(1);
    const little = ['--delay', `irq14=+10@${raises[4]}`, '-o', path('little')];
    const same = await runCli('replay', path('told'), ...little);
    expect(same.stdout.join('\n')).toContain(`comes at icount ${(raises[4] + 10).toLocaleString('en')}`);
    expect(same.stdout.join('\n')).not.toContain('OTHER END');
    expect(same.status).toBe(0);
  });
});
