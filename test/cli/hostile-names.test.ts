import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hexOfText } from '../../replayer/gdb/packets.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { rewrite } from '../replay/rewrite.ts';
import { runCli } from './run-cli.ts';

/** A trace whose every name sets the terminal's title, clears it, and forges lines of a log. */

const NASTY = '\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\n::error::forged\n##[error]forged';
const HIDDEN = /[\p{Cc}\p{Cf}]/u;

const folder = mkdtempSync(join(tmpdir(), 'r386-names-'));
const plain = join(folder, 'plain.r386');
const nasty = join(folder, 'nasty.r386');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await runCli('record', '-q', '-n', '3M', '-o', plain);
  rewrite(plain, nasty, { header: withNames });
});

function withNames(header: TraceHeader): TraceHeader {
  const name = untrusted(NASTY);
  return {
    ...header,
    toolVersion: name,
    guest: { ...header.guest, name, commandLine: name, modules: [] },
    profile: { ...header.profile, name },
    labels: { [NASTY]: name },
    parent: { identity: 'ab'.repeat(32), file: name, changedAt: 1, changes: [name] },
  };
}

const COMMANDS: readonly (readonly string[])[] = [
  ['info'],
  ['check'],
  ['replay', '--console'],
  ['query', '--sql', 'SELECT * FROM run'],
  ['query', '--format', 'csv', '--sql', 'SELECT * FROM run'],
  ['query', '--format', 'json', '--sql', 'SELECT * FROM run'],
  ['query', '--sql', `SELECT 1 AS "${NASTY}", '${NASTY}' AS b`],
  ['query', '--sql', `SELECT nothing("${NASTY}")`],
  ['who-wrote', '0x100000'],
];

it.each(COMMANDS)('%s shows none of it', async (command, ...rest) => {
  const { stdout, stderr } = await runCli(command, nasty, ...rest);
  const lines = [...stdout, ...stderr];
  expect(lines.length).toBeGreaterThan(0);
  // It is the names that are at stake, not a trace that is refused.
  expect(lines[0]).not.toMatch(/the trace is invalid/);
  for (const line of lines) {
    expect(line).not.toMatch(HIDDEN);
    expect(line).not.toMatch(/^\s*::/);
    expect(line).not.toContain('##[');
  }
});

it('keeps them exactly for programs that read JSON', async () => {
  const { stdout, stderr } = await runCli(
    'query',
    nasty,
    '--format',
    'json',
    '--sql',
    'SELECT guest FROM run',
  );
  expect(stderr).toEqual([]);
  expect(JSON.parse(stdout.join('\n'))).toEqual([{ guest: NASTY }]);
});

it('shows a file name of that kind in no other way', async () => {
  const { status, stderr } = await runCli('info', join(folder, NASTY));
  expect(status).toBe(2);
  for (const line of stderr) expect(line).not.toMatch(HIDDEN);
});

it('forges no line of an error either', async () => {
  const { stderr } = await runCli('query', plain, '--sql', `SELECT "${NASTY}"`);
  expect(stderr[0]).toMatch(/^rewind386: SQL error/);
  const broken = rewrite(plain, join(folder, 'profile.r386'), {
    header: (header) => ({
      ...header,
      profile: { ...header.profile, source: untrusted(`{"name": ${NASTY}`) },
    }),
  });
  for (const command of ['info', 'check', 'replay']) {
    const said = await runCli(command, broken);
    for (const line of [...said.stdout, ...said.stderr]) {
      expect(line).not.toMatch(HIDDEN);
      expect(line).not.toMatch(/^(?:\\x3a|:)/);
    }
  }
});

it('is shown by gdb as text', () => {
  expect(
    Buffer.from(hexOfText(`a\n${NASTY}`), 'hex')
      .toString()
      .replaceAll('\n', ''),
  ).not.toMatch(HIDDEN);
});
