import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConsoleLines } from '../../analysis/cli/terminal/console-lines.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { replay } from '../../replayer/verify/replay.ts';

/** A kernel of ours that knows what the manuals say of paging (test/conformance/paging), run as a guest. */
const image = readFileSync(resolve(import.meta.dirname, 'paging.elf'));
const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** The kernel's word for it. */
const ALL_RIGHT = 0x10;

/** Combinations of entries, access and privilege, times the settings of WP, PSE and PGE that the processor has. */
const COMBINATIONS = 32 * 32 * 6;

describe.each([
  { cpuModel: '386', has: '386', settings: 1, tlb: 28 },
  { cpuModel: '486', has: 'WP INVLPG', settings: 2, tlb: 31 },
  { cpuModel: 'pentium', has: 'WP INVLPG PSE', settings: 4, tlb: 36 },
  { cpuModel: 'pentiumpro', has: 'WP INVLPG PSE PGE', settings: 8, tlb: 60 },
] as const)('paging on a $cpuModel', ({ cpuModel, has, settings, tlb }) => {
  it('does what the manuals say, and replays', async () => {
    const path = join(folder, `${cpuModel}.r386`);
    const lines: string[] = [];
    const consoleLines = new ConsoleLines((line) => lines.push(String(line)));
    const { exit } = await record({
      build: buildMachine,
      toolVersion: 'test',
      guestName: 'paging',
      boot: { kind: 'multiboot', name: 'paging.elf', image, commandLine: '', modules: [] },
      config: { ...DEFAULT_CONFIG, ramBytes: 8 << 20, cpuModel },
      profile: NO_PROFILE,
      seed: 1n,
      instructions: 1e9,
      output: path,
      onEvents: (batch) => consoleLines.take(batch),
    });
    consoleLines.end();
    expect(lines).toEqual([
      `processor: ${has}`,
      `rights: ${COMBINATIONS * settings} checks`,
      `tlb: ${tlb} checks`,
      '0 wrong',
    ]);
    expect(exit).toMatchObject({ kind: 'exit', code: ALL_RIGHT });
    const result = await replay({ path, build: buildMachine });
    expect(result.divergence).toBeUndefined();
    expect(result.reachedEnd).toBe(true);
  });
});
