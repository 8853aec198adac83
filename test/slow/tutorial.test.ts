import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DebugServer, expectAll, expectInOrder, printedSession, wordsOf } from '../cli/printed-sessions.ts';
import { runCli } from '../cli/run-cli.ts';

/** docs/tutorial.md, done: every command of it in a copy of the folder that it names, and what it prints. */

interface Script {
  readonly tutorialPicture: (folder: string) => Promise<string>;
}

const PAGE = 'docs/tutorial.md';
const root = resolve(import.meta.dirname, '../..');
const sources = join(root, 'test/guests/post');
const hasGdb = spawnSync('gdb', ['--version']).status === 0;
const hasPython =
  spawnSync('python3', ['-c', 'import pty, fcntl, os; os.waitstatus_to_exitcode']).status === 0;
const before = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'r386-tutorial-'));

beforeAll(() => {
  cpSync(sources, folder, { recursive: true });
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

describe('the tutorial', () => {
  const session = printedSession(PAGE, '$ rewind386 ');
  const isDebug = ({ command }: { command: string }) => command.startsWith('debug ');

  it('shows the profile that lies beside the kernel', () => {
    const page = readFileSync(join(root, PAGE), 'utf8');
    expect(page).toContain(readFileSync(join(sources, 'post.json'), 'utf8'));
  });

  it('has commands that print what it says', async () => {
    expect(session.length).toBeGreaterThan(9);
    for (const printed of session.filter((one) => !isDebug(one)))
      expectAll(printed, (await runCli(...wordsOf(printed.command))).shown);
  }, 150_000);

  it.runIf(hasPython)('has the picture that scripts/tutorial-picture.mjs makes', async () => {
    const picture = readFileSync(join(root, 'docs/tutorial.svg'), 'utf8');
    const script = (await import(join(root, 'scripts/tutorial-picture.mjs'))) as Script;
    expect(await script.tutorialPicture(folder)).toBe(picture);
  });

  it.runIf(hasGdb)('has a session of gdb that goes as printed', async () => {
    const printed = session.find(isDebug);
    const server = new DebugServer(wordsOf(printed?.command ?? '')[1], folder);
    try {
      await server.expectSession(printedSession(PAGE, '(gdb) '));
      expectInOrder(printed!, server.output);
    } finally {
      server.close();
    }
  });
});
