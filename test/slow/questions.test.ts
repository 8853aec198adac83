import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../analysis/cli/work/open-database.ts';
import type { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { runCli } from '../cli/run-cli.ts';

/** The SQL of docs/questions.md, on the recording that it speaks of: each is short, and has an answer. 15 seconds. */

const page = readFileSync(new URL('../../docs/questions.md', import.meta.url), 'utf8');
const questions = [...page.matchAll(/^(\S[^\n]*\?)\n\n```sql\n([^`]*)```/gm)].map(([, question, sql]) => ({
  question,
  sql,
}));
const commands = [...page.matchAll(/^ {4}rewind386 (.*)$/gm)].map(([, words]) => words.split(/\s+/));

const folder = mkdtempSync(join(tmpdir(), 'r386-questions-'));
let db: TraceDatabase;
beforeAll(async () => {
  for (const words of commands) {
    const { status, stderr } = await runCli(
      ...words.map((word) => (word.endsWith('.r386') ? join(folder, word) : word)),
    );
    expect([status, words, stderr.filter((line) => line.startsWith('rewind386:'))]).toEqual([0, words, []]);
  }
  db = await openDatabase([join(folder, 'facts.r386')], { cache: false });
}, 120_000);
afterAll(() => {
  db?.close();
  rmSync(folder, { recursive: true });
});

describe('docs/questions.md', () => {
  it('has questions', () => expect(questions.length).toBeGreaterThanOrEqual(12));

  it.each(questions)('$question', async ({ sql }) => {
    expect(sql.trim().split('\n').length).toBeLessThanOrEqual(3);
    expect((await db.query(sql)).getRowObjectsJson()).not.toEqual([]);
  });
});
