import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flagStretches } from '../../analysis/cli/work/interrupt-flag.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { interruptsOffTrack } from '../../analysis/report/interrupts-off.ts';
import { Places } from '../../analysis/report/places.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** Stretches with interrupts held off, of a run whose trace has them and of the same run executed again. */

const folder = mkdtempSync(join(tmpdir(), 'r386-off-'));
const path = (name: string) => join(folder, name);
const SPL = '{"name":"spl","word":"cpl"}';
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 5, output: path('run.r386'), instructions: 1e6 });
  const asked = ['--detail', 'if_changes', '--window', SPL, '-o', path('off.r386')];
  expect((await runCli('replay', path('run.r386'), ...asked)).status).toBe(0);
});

async function trackOf(file: string, replays: boolean) {
  const reader = TraceReader.open(path(file));
  const db = await TraceDatabase.open([path(file)], { cache: false });
  try {
    const places = new Places(new GuestCode(reader.names.guest));
    const flag = replays ? await flagStretches(reader, []) : undefined;
    const off = { flag, command: 'rewind386 replay' };
    const { slices, missing, left } = await interruptsOffTrack(db, { places, most: 20_000, off });
    const told = slices.map(({ from, to, label, code, lane = 0, inside = 0 }) =>
      [from, to, label, code === undefined ? '' : places.all[code].name, lane, inside].join(' '),
    );
    return { told, missing, left };
  } finally {
    db.close();
    reader.close();
  }
}

it('of the flag are the same by either way, but for the start, of which a trace says nothing', async () => {
  const [seen, recorded] = [await trackOf('run.r386', true), await trackOf('off.r386', true)];
  const withoutLane = (text: string) => text.replace(/ \d+( \d+)$/, '$1');
  expect(recorded.told.length).toBeGreaterThan(100);
  expect(seen.told[0]).toMatch(/^0 \d+ IF = 0 {2}0 0$/);
  expect(seen.told.slice(1).map(withoutLane)).toEqual(
    recorded.told.filter((text) => text.includes('IF = 0')).map(withoutLane),
  );
  expect([seen.missing, recorded.missing, seen.left]).toEqual([undefined, undefined, 0]);
});

it('of the kernel’s level name the lines, in a lane of their own', async () => {
  const { told } = await trackOf('off.r386', false);
  const levels = told.filter((text) => text.includes('spl'));
  expect(levels.length).toBeGreaterThan(10);
  for (const text of levels) expect(text).toMatch(/^\d+ \d+ spl holds off (all IRQs|IRQ [\d, ]+) \S+ 0 \d+$/);
  expect(told.filter((text) => text.includes('IF')).every((text) => / 1 \d+$/.test(text))).toBe(true);
});

it('say how they are got where the trace has none and the run is not executed', async () => {
  expect(await trackOf('run.r386', false)).toEqual({
    told: [],
    missing: 'EFLAGS.IF was not recorded: rewind386 replay',
    left: 0,
  });
});
