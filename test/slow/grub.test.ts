import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runBuilt } from '../linux/built-cli.ts';

/** GRUB from Debian's rescue images: SeaBIOS, real mode, its switches to protected mode and back, and somebody who types. */

const IMAGES = '/usr/lib/grub-rescue';
const there = existsSync(IMAGES);
if (!there) console.warn('grub: skipped, no grub-rescue-pc here (.ci/run installs it)');

interface Medium {
  readonly options: readonly string[];
  readonly typed: readonly string[];
  /** Texts of the screen then, line by line. */
  readonly answers: readonly RegExp[];
  /** Stands on the screen when the last line has been answered. */
  readonly last: string;
}

const MEDIA: Record<string, Medium> = {
  'a floppy': {
    options: ['--floppy', `${IMAGES}/grub-rescue-floppy.img`, '--ram', '32'],
    typed: ['set x=ty', 'echo for$' + '{x}two'],
    answers: [/^grub> set x=ty$/, /^grub> echo for\$\{x\}two$/, /^fortytwo$/, /^grub>$/],
    last: 'fortytwo',
  },
  'a CD': {
    options: [`${IMAGES}/grub-rescue-cdrom.iso`, '--ram', '64', '--mips', '50'],
    typed: ['ls'],
    answers: [/^grub> ls$/, /^\(cd\)/, /^grub>$/],
    last: '(cd)',
  },
  'a CD, on a 486 without PCI': {
    options: ['--cdrom', `${IMAGES}/grub-rescue-cdrom.iso`, '--ram', '8', '--cpu', '486', '--isa'],
    typed: ['set y=le', 'echo with$' + '{y}ast'],
    answers: [/^grub> set y=le$/, /^grub> echo with\$\{y\}ast$/, /^withleast$/, /^grub>$/],
    last: 'withleast',
  },
};

describe.skipIf(!there)('GRUB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'r386-grub-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('waits for half a minute in less than half a megabyte: what repeats itself is folded', () => {
    const menu = (name: string, instructions: string) => {
      const trace = join(folder, name);
      const medium = ['--floppy', `${IMAGES}/grub-rescue-floppy.img`, '--ram', '32'];
      const { status, stdout } = runBuilt(
        ...['record', ...medium, '-n', instructions, '-q', '-o', trace],
        ...['--checkpoint-every', 'off'],
      );
      expect(status).toBe(0);
      const [, events] = /([\d,]+) events/.exec(stdout[0]) ?? [];
      return { trace, bytes: statSync(trace).size, events: Number(events.replaceAll(',', '')) };
    };
    const early = menu('menu-early.r386', '150M');
    const late = menu('menu-late.r386', '450M');
    expect(late.bytes - early.bytes).toBeLessThan(5e5);
    expect(late.events - early.events).toBeLessThan(10_000);
    const replayed = runBuilt('replay', late.trace, '--until', '250M');
    expect(replayed.stderr).toEqual([]);
    expect(replayed.status).toBe(0);
    expect(runBuilt('check', late.trace).status).toBe(0);
  });

  for (const [name, { options, typed, answers, last }] of Object.entries(MEDIA)) {
    it(`from ${name} answers what is typed, and replays bit for bit`, () => {
      const trace = join(folder, `${name.replaceAll(/\W+/g, '-')}.r386`);
      const keys = typed.map((line) => `key "${line}\\n"`);
      const script = [
        'timeout 2G',
        'expect screen "command-line"',
        'wait 5M',
        'key "c"',
        'expect screen "grub>"',
      ];
      writeFileSync(
        `${trace}.script`,
        [...script, ...keys, `expect screen "${last}"`, 'wait 5M', 'quit'].join('\n'),
      );

      const recorded = runBuilt(
        ...['record', ...options, '--screen', '-n', '4G', '-q'],
        '--script',
        `${trace}.script`,
        '-o',
        trace,
      );
      expect(recorded.stderr).toEqual([]);
      expect(recorded.status).toBe(0);
      const screen = recorded.stdout.map((line) => line.trimEnd());
      const lines = screen.slice(screen.findIndex((line) => line.startsWith('grub> ')));
      for (const [n, answer] of answers.entries()) expect(lines[n]).toMatch(answer);

      const replayed = runBuilt('replay', trace);
      expect(replayed.stderr).toEqual([]);
      expect(replayed.stdout[0]).toMatch(/the final state agree/);
      expect(replayed.status).toBe(0);
      expect(runBuilt('screen', trace).stdout.map((line) => line.trimEnd())).toEqual(
        screen.slice(
          0,
          screen.findIndex((line) => /instructions,.*events/.test(line)),
        ),
      );
    });
  }
});
