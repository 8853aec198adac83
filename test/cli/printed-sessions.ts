import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Sessions that pages of docs/ print, and programs to hold them against. In what is printed … stands for anything. */

const ROOT = join(import.meta.dirname, '../..');

export interface Printed {
  readonly command: string;
  readonly lines: readonly string[];
}

/** Blocks of code of a page, indented or fenced. */
function codeBlocks(page: string): string[][] {
  const blocks: string[][] = [[]];
  let fenced = false;
  for (const line of readFileSync(join(ROOT, page), 'utf8').split('\n')) {
    const fence = line.startsWith('```');
    if (fence) fenced = !fenced;
    if (fenced && !fence) blocks.at(-1)?.push(line);
    else if (line.startsWith('    ')) blocks.at(-1)?.push(line.slice(4));
    else blocks.push([]);
  }
  return blocks;
}

/** Each command behind a prompt (`$ ` or `(gdb) `) and what stands under it; a quoted argument may go on for lines. */
export function printedSession(page: string, prompt: string): Printed[] {
  const session: { command: string; lines: string[] }[] = [];
  for (const block of codeBlocks(page)) {
    let last: { command: string; lines: string[] } | undefined;
    for (const line of block) {
      const open = last !== undefined && last.command.split('"').length % 2 === 0;
      if (last && open) last.command += `\n${line}`;
      else if (line.startsWith(prompt))
        session.push((last = { command: line.slice(prompt.length), lines: [] }));
      else last?.lines.push(line);
    }
  }
  return session;
}

/** The arguments of a command line; those in double quotes may hold blanks. */
export const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Every line shown must be printed; a line … stands for any number of them. */
export function expectAll({ command, lines }: Printed, shown: readonly string[]): void {
  const pattern = lines.map((line) =>
    line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escaped).join('.*?')}\\n`,
  );
  const text = shown.map((line) => `${line.trimEnd()}\n`).join('');
  if (!new RegExp(`^${pattern.join('')}$`).test(text)) expect(text, command).toBe(lines.join('\n'));
}

/** The lines printed must be shown, one behind the other; blanks and ends of lines are alike. */
export function expectInOrder({ command, lines }: Printed, shown: string): void {
  let rest = shown;
  for (const line of lines.filter((one) => one !== '…')) {
    const parts = line.trim().split('…');
    const match = new RegExp(
      parts.map((part) => escaped(part).replaceAll(/\s+/g, '\\s+')).join('[^#]*?'),
    ).exec(rest);
    expect(match?.[0], `${command}\n${line}\nin\n${shown}`).toBeDefined();
    rest = rest.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
  }
}

/** `rewind386 debug FILE`, as built, and gdb with the script that it printed. */
export class DebugServer {
  private readonly server: ChildProcess;
  private readonly cwd: string;
  output = '';

  constructor(trace: string, cwd: string, ...options: readonly string[]) {
    this.cwd = cwd;
    const args = [join(ROOT, 'bin/rewind386.js'), 'debug', trace, ...options];
    this.server = spawn(process.execPath, args, { cwd });
    this.server.stdout?.on('data', (bytes) => {
      this.output += bytes;
    });
  }

  async script(): Promise<string> {
    for (;;) {
      const match = /next: gdb -x (\S+)\n/.exec(this.output);
      if (match) return match[1];
      await new Promise((resolve) => this.server.stdout?.once('data', resolve));
    }
  }

  /** Both streams in one: gdb writes what the server says to the other. */
  async gdb(...given: string[]): Promise<string> {
    const args = ['-c', 'exec gdb -nx -batch "$@" 2>&1', 'gdb', ...given];
    return new Promise((resolve) => {
      execFile('sh', args, { timeout: 50_000, cwd: this.cwd }, (_, stdout) => resolve(stdout));
    });
  }

  /** A session that a page prints. */
  async expectSession(session: readonly Printed[]): Promise<void> {
    const commands = session.flatMap(({ command }) => ['-ex', 'echo \\n@@\\n', '-ex', command]);
    const answers = (await this.gdb('-x', await this.script(), ...commands)).split('\n@@\n').slice(1);
    for (const [n, printed] of session.entries()) expectInOrder(printed, answers[n] ?? '');
  }

  close(): void {
    this.server.kill();
  }
}
