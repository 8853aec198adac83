import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli, runBuilt } from '../linux/built-cli.ts';

/**
 * Debian's memtest86+ 6.10: patterns through every byte of memory, and through the window in which it sees itself moved. It
 * wants to move between memory below 4 MB and above, so that 5 MB are the least it runs on, here and elsewhere
 * (docs/guests.md): of them it tests 4.6.
 */

const CD = '/usr/lib/memtest86+/memtest86+ia32.iso';
const there = existsSync(CD);
if (!there) console.warn('memtest: skipped, no memtest86+ here (.ci/run installs it)');

describe.skipIf(!there)('memtest86+', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-memtest-'));
  beforeAll(buildCli);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Records it on so many megabytes, from the CD, until the screen says something. */
  function recorded(megabytes: number, until: string) {
    const trace = join(folder, `${megabytes}.r386`);
    writeFileSync(`${trace}.script`, `timeout 20G\nexpect screen "${until}"\nquit\n`);
    const options = [
      '--ram',
      String(megabytes),
      '--cpu',
      'pentium',
      '--screen',
      '--script',
      `${trace}.script`,
    ];
    const result = runBuilt('record', CD, ...options, '-n', '25G', '-q', '-o', trace);
    expect(result.stderr).toEqual([]);
    expect(result.status).toBe(0);
    return { trace, screen: result.stdout.join('\n') };
  }

  it('runs a whole pass without an error, which replays bit for bit', () => {
    const { trace, screen } = recorded(5, 'Pass:  1');
    expect(screen).toMatch(/Memory {2}: {4}5MB/);
    expect(screen).toMatch(/of 4\.6MB\]/);
    expect(screen).toMatch(/Pass: {2}1 +Errors: 0\s/);

    const replayed = runBuilt('replay', trace);
    expect(replayed.stderr).toEqual([]);
    expect(replayed.stdout[0]).toMatch(/the final state agree/);
    expect(replayed.status).toBe(0);
  });

  it('says on 4 MB what it misses', () => {
    const { screen } = recorded(4, 'Cannot relocate program');
    expect(screen).toMatch(/Memory {2}: {4}4MB/);
    expect(screen).toMatch(/Insufficient free space in range 0x400000 to 0x7fffffff/);
  });
});
