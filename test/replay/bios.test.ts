import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { readTextScreen, screenLines } from '../../recorder/machine/devices/vga-text.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { expectKnownContents } from '../unit/fresh-memory.ts';
import { EXIT_CODE, MESSAGE } from './boot-sector.ts';
import { bootFloppy, firmware, PLAN, said } from './seabios.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

// From other drives: test/slow/bios.test.ts.
it('boots a floppy by SeaBIOS, records and replays it', async () => {
  const path = join(folder, 'floppy.r386');
  let machine: Machine | undefined;
  const { exit } = await record({
    ...PLAN,
    ...{ drives: [bootFloppy()], firmware: firmware('a'), instructions: 60e6, output: path },
    build: (options, boot) => {
      machine = buildMachine(options, boot);
      return machine;
    },
  });
  expect(exit).toEqual({ kind: 'exit', code: EXIT_CODE, message: '' });
  expect(said(path, 0)).toBe(MESSAGE);
  const screen = readTextScreen(machine!.mem)!;
  const lines = screenLines(screen);
  const at = lines.indexOf(MESSAGE.trim());
  expect(lines[0]).toMatch(/^SeaBIOS/);
  expect(at).toBeGreaterThan(0);
  expect(screen.cursor).toEqual({ column: 0, row: at + 1 });
  const result = await replay({
    path,
    build: (options, boot) => {
      const fresh = buildMachine(options, boot);
      expectKnownContents(fresh);
      return fresh;
    },
  });
  expect(result.divergence).toBeUndefined();
  expect(result.reachedEnd).toBe(true);
});
