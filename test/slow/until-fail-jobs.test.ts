import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flatKernel } from '../replay/flat-kernel.ts';

/** `record --until-fail --jobs`, by the built program: a few seconds. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const good = (name: string) => join(folder, `${name}.r386`);
const ROOT = join(import.meta.dirname, '../..');
const command = (...argv: string[]) => [join(ROOT, 'bin/rewind386.js'), 'record', ...argv];

/** Its exit code is odd when the millisecond timer's first interrupt, late by a jitter, finds an odd count. */
const byTiming = flatKernel({
  body: [
    ...[0xb0, 0x34, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x40, 0xb0, 4, 0xe6, 0x40], // 8254: mode 2, 1193
    ...[0x31, 0xc9, 0xb0, 0x0a, 0xe6, 0x20], //   xor ecx, ecx; OCW3: read the request register
    ...[0x41, 0xe4, 0x20, 0xa8, 0x01, 0x74, 0xf9], // inc ecx; in al, 20h; test al, 1; jz $-5
    ...[0x88, 0xc8, 0x24, 0x03, 0xe6, 0xf4], //   mov al, cl; and al, 3; out f4h, al
  ],
});

beforeAll(() => writeFileSync(join(folder, 'timing.elf'), byTiming));

describe('record --until-fail', () => {
  it('with --jobs says and keeps what one after the other does', () => {
    const run = (name: string, ...more: string[]) => {
      const argv = command(join(folder, 'timing.elf'), '--jitter', '30%', '--detail', 'off', '--seed', '1');
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          ...argv,
          '--until-fail',
          '12',
          '--expect-exit',
          '0',
          '--expect-exit',
          '1',
          '--expect-exit',
          '2',
          ...more,
          '-o',
          good(name),
        ],
        { encoding: 'utf8' },
      );
      return [status, stdout.replaceAll(good(name), 'FILE'), stderr];
    };
    const one = run('one');
    expect(one[0]).toBe(1);
    expect(one[1]).toMatch(/^(seed \d+: no failure\n)+seed \d+: FAILED/);
    expect(run('three', '--jobs', '3')).toEqual(one);
    expect(readFileSync(good('three'))).toEqual(readFileSync(good('one')));
    for (const name of ['one', 'three']) rmSync(good(name));
  });

  it('with --jobs leaves nothing when it is ended', async () => {
    writeFileSync(join(folder, 'forever.elf'), flatKernel({ body: [] }));
    const argv = command(join(folder, 'forever.elf'), '-n', '1000G', '--until-fail', '4', '--jobs', '2');
    const child = spawn(process.execPath, [...argv, '-o', good('never')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const partial = () =>
      readdirSync(folder, { recursive: true }).some(
        (name) => String(name).includes('never') && String(name).endsWith('.partial'),
      );
    while (!partial() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
  });
});
