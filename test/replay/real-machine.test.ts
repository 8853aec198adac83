import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { columnIndex } from '../../schemas/events.ts';
import { tinyKernel } from './tiny-kernel.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('records a kernel on the real machine and replays it', async () => {
  const rounds = 1000;
  const path = join(folder, 'tiny.r386');
  const { exit } = await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'tiny',
    boot: { kind: 'multiboot', name: 'tiny', image: tinyKernel(rounds), commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    ladderInterval: 1000,
    instructions: 1e6,
    output: path,
  });
  expect(exit).toEqual({ kind: 'exit', code: 0, message: '' });

  const reader = TraceReader.open(path);
  const totals = reader.totals();
  const table = reader.readChunk(0).table('paging_writes');
  const physical = table.columns[columnIndex('paging_writes', 'physical')].subarray(0, table.count);
  // Every round rewrites the entry of page 380000h, in the table at 301000h.
  expect(physical.filter((at) => at === 0x301000 + 4 * 0x380).length).toBeGreaterThanOrEqual(rounds);
  // One INVLPG a round, and the flush when paging goes on.
  expect(totals.tlb_events).toBe(rounds + 1);
  expect(totals.console).toBe('hi'.length);

  const result = await replay({ path, build: buildMachine });
  expect(result.divergence).toBeUndefined();
  expect(result.reachedEnd).toBe(true);
});
