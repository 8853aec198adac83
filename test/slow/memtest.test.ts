import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runBuilt } from '../linux/built-cli.ts';
import { unpacked } from '../linux/debian.ts';

/** Debian's memtest86+: patterns through every byte of memory, and through the window in which it sees itself moved. */

const CD_6 = '/usr/lib/memtest86+/memtest86+ia32.iso';
if (!existsSync(CD_6)) console.warn('memtest: 6 skipped, no memtest86+ here (.ci/run installs it)');
const package5 = unpacked('memtest86+_5', '*.iso');
const CD_5 = package5 && join(package5, 'usr/lib/memtest86+/memtest86+.iso');
if (!CD_5) console.warn('memtest: 5 skipped, no package of it here (.ci/guest-packages downloads it)');

describe('memtest86+', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-memtest-'));
  afterAll(() => {
    for (const made of [folder, package5]) if (made) rmSync(made, { recursive: true });
  });

  /** Records it on so many megabytes, from the CD, until the screen has said these things, one after the other. */
  function recorded(cd: string, megabytes: number, ...until: readonly string[]) {
    const trace = join(folder, `${basename(cd)}-${megabytes}.r386`);
    writeFileSync(
      `${trace}.script`,
      `timeout 20G\n${until.map((text) => `expect screen "${text}"\n`).join('')}quit\n`,
    );
    const options = [
      '--ram',
      String(megabytes),
      '--cpu',
      'pentium',
      '--screen',
      '--script',
      `${trace}.script`,
    ];
    const result = runBuilt('record', cd, ...options, '-n', '25G', '-q', '-o', trace);
    expect(result.stderr).toEqual([]);
    expect(result.status).toBe(0);
    return { trace, screen: result.stdout.join('\n') };
  }

  function expectReplay(trace: string) {
    const replayed = runBuilt('replay', trace);
    expect(replayed.stderr).toEqual([]);
    expect(replayed.stdout[0]).toMatch(/the final state agree/);
    expect(replayed.status).toBe(0);
  }

  it.skipIf(!CD_5)('5.01 runs a whole pass on 4 MB without an error, which replays bit for bit', () => {
    const { trace, screen } = recorded(CD_5 as string, 4, 'Pass complete');
    expect(screen).toMatch(/Testing: +1024K - 4080K/);
    expect(screen).toMatch(/Pass: +1 +Errors: +0\s/);
    expect(screen).toMatch(/Pass complete, no errors/);
    expectReplay(trace);
  });

  // Version 6 moves between memory below 4 MB and above: 5 MB are the least it runs on, here and elsewhere (docs/guests.md).
  describe.skipIf(!existsSync(CD_6))('6.10', () => {
    it('runs a whole pass on 5 MB, of which it tests 4.6, without an error, which replays bit for bit', () => {
      const { trace, screen } = recorded(CD_6, 5, 'Pass:  1', 'of 4.6MB]');
      expect(screen).toMatch(/Memory {2}: {4}5MB/);
      expect(screen).toMatch(/of 4\.6MB\]/);
      expect(screen).toMatch(/Pass: {2}1 +Errors: 0\s/);
      expectReplay(trace);
    });

    it('says on 4 MB what it misses', () => {
      const { screen } = recorded(CD_6, 4, 'Cannot relocate program');
      expect(screen).toMatch(/Memory {2}: {4}4MB/);
      expect(screen).toMatch(/Insufficient free space in range 0x400000 to 0x7fffffff/);
    });
  });
});
