import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { multibootElf } from '../replay/tiny-kernel.ts';
import { runCli } from './run-cli.ts';

/** The text screen: what a guest writes to it is seen by scripts, at the end, and at any time of the trace. */

const folder = mkdtempSync(join(tmpdir(), 'r386-screen-'));
const path = (name: string) => join(folder, name);
const trace = path('screen.r386');
const u32 = (n: number) => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];

/** Writes "A>" and an e acute, yellow on blue, then the letter W for a key that goes down, and leaves at a second one. */
const KERNEL = [
  ...[0xc7, 0x05, ...u32(0xb8000), ...u32(0x1e3e1e41)], //        mov dword [b8000h], "A>" in 1eh
  ...[0x66, 0xc7, 0x05, ...u32(0xb8004), 0x82, 0x1e], //          mov word [b8004h], 1e82h
  ...[0xbb, ...u32(0xb80a0)], //                                  mov ebx, b80a0h
  ...[0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa, 0xe4, 0x60], //   wait: in al, 64h; test al, 1; jz wait; in al, 60h
  ...[0x84, 0xc0, 0x78, 0xf4], //                                 test al, al; js wait
  ...[0x80, 0x3b, 0x57, 0x74, 0x07], //                           cmp byte [ebx], 'W'; je leave
  ...[0x66, 0xc7, 0x03, 0x57, 0x07, 0xeb, 0xe8], //               mov word [ebx], 0757h; jmp wait
  ...[0x31, 0xc0, 0xe6, 0xf4, 0xeb, 0xfe], //              leave: xor eax, eax; out f4h, al; jmp $
];

const SCRIPT = `expect screen "A>é "
key "a"
expect screen "W"
wait 1M
key "b"
`;

let shown: readonly string[] = [];

beforeAll(async () => {
  writeFileSync(path('kernel.elf'), multibootElf(KERNEL));
  writeFileSync(path('script'), SCRIPT);
  const options = ['--script', path('script'), '--screen', '-n', '50M', '-o', trace];
  const { status, stdout } = await runCli('record', path('kernel.elf'), ...options);
  expect(status).toBe(0);
  shown = stdout;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the text screen', () => {
  it('is shown at the end of a recording with --screen', () => {
    expect(shown.slice(0, 2)).toEqual(['A>é', 'W']);
    expect(shown.join('\n')).toMatch(/exit code 0x0/);
  });

  it('replays', async () => {
    expect((await runCli('replay', trace)).status).toBe(0);
  });

  it('is checked, and what cannot apply to its kernel is said', async () => {
    const { status, stdout } = await runCli('check', trace);
    expect(status).toBe(0);
    expect(stdout.at(-1)).toMatch(
      /clean: \d+ of \d+ checks could apply \(\d+ concern an alternate map, which the profile does not have.*\), no finding/,
    );
  });

  it('can be seen at any time', async () => {
    const early = await runCli('screen', trace, '--at', '100');
    expect(early.stdout).toEqual(['A>é']);
    const late = await runCli('screen', trace);
    expect(late.stdout).toEqual(['A>é', 'W']);
  });

  it('becomes a picture, text with colours, or plain text', async () => {
    for (const name of ['shot.svg', 'shot.ans', 'shot.txt'])
      expect((await runCli('screen', trace, '-o', path(name))).status).toBe(0);
    const svg = readFileSync(path('shot.svg'), 'utf8');
    expect(svg).toMatch(/^<svg .*viewBox="0 0 720 400"/);
    expect(svg).toMatch(
      /<rect [^>]*fill="rgb\(0,0,170\)"\/>\n<text [^>]*fill="rgb\(255,255,85\)"[^>]*>A&gt;é<\/text>/,
    );
    expect(readFileSync(path('shot.ans'), 'utf8')).toMatch(/\[38;2;255;255;85;48;2;0;0;170m\S*A\S*>é/);
    expect(readFileSync(path('shot.txt'), 'utf8')).toMatch(/^A>é\nW\n/);
  });

  it('is quoted when a script waits for something else in vain', async () => {
    writeFileSync(path('vain'), 'timeout 2M\nexpect screen "login:"\n');
    const record = ['record', path('kernel.elf'), '-q', '--script', path('vain'), '-n', '50M'];
    const quoted = await runCli(...record, '-o', path('vain.r386'));
    expect(quoted.status).toBe(1);
    expect(quoted.stderr).toEqual([
      expect.stringMatching(/vain:2: the screen did not say "login:" in 2000000 instructions; it shows$/),
      '  | A>é',
      '  | ',
    ]);
    const shown = await runCli(...record, '--screen', '--force', '-o', path('vain.r386'));
    expect(shown.stderr).toEqual([expect.stringMatching(/in 2000000 instructions$/)]);
    expect(shown.stdout[0]).toBe('A>é');
    expect((await runCli('replay', path('vain.r386'))).status).toBe(0);
  });

  it('says what is wrong', async () => {
    const beyond = await runCli('screen', trace, '--at', '9G');
    expect([beyond.status, beyond.stderr[0]]).toEqual([2, expect.stringMatching(/ends at icount/)]);
    const format = await runCli('screen', trace, '-o', path('shot.gif'));
    expect([format.status, format.stderr[1]]).toEqual([2, expect.stringMatching(/\.svg, \.txt, \.ans/)]);
  });
});
