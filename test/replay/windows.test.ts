import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, type ResolvedProfile } from '../../recorder/machine/config.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { queryRows } from './query-rows.ts';
import {
  FRAME,
  HANDLER_FRAME,
  WINDOW,
  WINDOW_TABLE,
  type WindowKernel,
  WORD,
  windowKernel,
} from './window-kernel.ts';

/** Recordings with declared windows: what they hold, and that they replay. */

const folder = mkdtempSync(join(tmpdir(), 'r386-windows-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NONE: ResolvedProfile = { name: 'none', recursiveSlot: -1, alternateSlot: -1 };
const KMAP = { name: 'kmap', kind: 'pages', linear: WINDOW, pages: 1 } as const;
let traces = 0;

async function recorded(kernel: WindowKernel, windows: ResolvedProfile['windows']): Promise<string> {
  const output = join(folder, `${++traces}.r386`);
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'windows',
    boot: { kind: 'multiboot', name: 'windows', image: windowKernel(kernel), commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: { ...NONE, windows: windows ?? [] },
    seed: 1n,
    ladderInterval: 1000,
    instructions: 100_000,
    output,
  });
  return output;
}

describe('a recording with a declared window', () => {
  it('has its switches and accesses in the order of the run, and replays', async () => {
    const file = await recorded(
      { round: 'stores through the window', handler: 'changes the window', rounds: 2 },
      [KMAP],
    );
    const [set, entered, used] = [
      { n: 1, what: 'set', name: 'kmap', depth: 0, frame: FRAME },
      { n: 1, what: 'set', name: 'kmap', depth: 1, frame: HANDLER_FRAME },
      { n: 1, what: 'used', name: 'kmap' },
    ];
    const round = [
      set,
      { ...used, depth: 0, frame: FRAME },
      entered,
      { ...used, depth: 1, frame: HANDLER_FRAME },
      { ...used, depth: 0, frame: HANDLER_FRAME },
    ];
    const sql = `FROM (SELECT seq, 'set' AS what, window_id, depth, new & 0xfffff000 AS frame FROM window_switches WHERE op = 'write'
      UNION ALL SELECT seq, 'used', window_id, depth, used & 0xfffff000 FROM window_accesses WHERE access = 'write')
      JOIN windows USING (window_id) SELECT window_id AS n, what, name, depth, frame ORDER BY seq`;
    expect(await queryRows(file, sql)).toEqual([...round, ...round]);
    expect(await queryRows(file, 'SELECT DISTINCT entry, page FROM window_switches')).toEqual([
      { entry: WINDOW_TABLE, page: WINDOW },
    ]);
    expect(await queryRows(file, 'SELECT count(*)::INTEGER AS n FROM apt_accesses')).toEqual([{ n: 0 }]);
    expect((await replay({ path: file, build: buildMachine })).divergence).toBeUndefined();
  });

  it('has reads and loads of CR3, and of a word', async () => {
    const file = await recorded({ round: 'writes CR3 back', handler: 'loads CR3', rounds: 1 }, [
      { name: 'cr3', kind: 'cr3', linear: 0, pages: 0 },
      { name: 'word', kind: 'word', linear: WORD, pages: 0 },
    ]);
    expect(
      await queryRows(file, 'SELECT op, old, new, depth FROM window_switches WHERE cr3 <> 0 ORDER BY seq'),
    ).toEqual([
      { op: 'check', old: 0x300000, new: 0x300000, depth: 0 },
      { op: 'write', old: 0x300000, new: 0x303000, depth: 1 },
      { op: 'write', old: 0x303000, new: 0x300000, depth: 0 },
    ]);
    expect((await replay({ path: file, build: buildMachine })).divergence).toBeUndefined();
  });

  const all = [
    KMAP,
    { name: 'cr3', kind: 'cr3', linear: 0, pages: 0 },
    { name: 'cr4', kind: 'cr4', linear: 0, pages: 0 },
    { name: 'word', kind: 'word', linear: WORD, pages: 0 },
  ] as const;
  it.each<[WindowKernel['round'], WindowKernel['handler'], unknown]>([
    [
      'stores through the window',
      'changes the window',
      { verdict: 'corruption', window_name: 'kmap', writes: 1, reads: 0 },
    ],
    ['stores through the window', 'puts the window back', undefined],
    ['stores through the window', 'nothing', undefined],
    [
      'reads through the window',
      'changes the window',
      { verdict: 'wrong read', window_name: 'kmap', writes: 0, reads: 1 },
    ],
    ['sets the window again', 'changes the window', undefined],
    ['writes CR3 back', 'loads CR3', { verdict: 'written back', window_name: 'cr3', writes: 1, reads: 0 }],
    ['loads CR3 anew', 'loads CR3', undefined],
    [
      'changes CR4',
      'sets a bit of CR4',
      { verdict: 'written back', window_name: 'cr4', writes: 1, reads: 0 },
    ],
    ['changes CR4', 'sets and clears it', undefined],
    ['adds to the word', 'nothing', undefined],
  ])('of a kernel that %s, whose handler %s', async (round, handler, hijack) => {
    const file = await recorded({ round, handler, rounds: 1 }, all);
    const sql = `SELECT verdict, window_name, reads::INTEGER AS reads, writes::INTEGER AS writes FROM window_hijack`;
    expect(await queryRows(file, sql)).toEqual(hijack === undefined ? [] : [hijack]);
  });

  it('without windows has neither table', async () => {
    const file = await recorded({ round: 'stores through the window', handler: 'nothing' }, []);
    for (const table of ['windows', 'window_switches', 'window_accesses', 'aptd_switches'])
      expect(await queryRows(file, `SELECT * FROM ${table}`)).toEqual([]);
  });
});
