import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { kindsOf, WindowJudge } from '../../analysis/explore/window-judge.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { EVENT_KIND_NAMES, type EventBatch, type EventTable } from '../../schemas/events.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { madeTrace } from './made-trace.ts';
import { STORIES, type Story } from './stories.ts';

/** The verdict made while a run goes on is that of the SQL, in every story that the checks are held to. */

const folder = mkdtempSync(join(tmpdir(), 'r386-judge-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Classes that the judge must find, and that it may: a handler under another thread (15) hijacks the map as well. */
const MUST = ['1', '13'];
const MAY = [...MUST, '15'];

/** The findings of some classes: first and last icount. */
const hijacksOf = ({ findings }: Story, classes: readonly string[]): number[][] =>
  findings
    .map((finding) => finding.split(' '))
    .filter(([number]) => classes.includes(number))
    .map(([, from, icount]) => [Number(from), Number(icount)]);

function judged({ events, exit, hasAlternateMap, windows }: Story, n: number) {
  const profile = {
    recursiveSlot: 959,
    alternateSlot: hasAlternateMap ? 1023 : -1,
    windows,
    source: untrusted(''),
  };
  const reader = TraceReader.open(madeTrace(join(folder, `${n}.r386`), profile, events, { exit }));
  const judge = new WindowJudge(kindsOf(windows));
  for (const index of reader.chunks.keys()) {
    const chunk = reader.readChunk(index);
    const tables = Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, chunk.table(kind)]));
    judge.flush({ tables: tables as Record<string, EventTable>, firstSeq: 0, endSeq: 0 } as EventBatch);
  }
  reader.close();
  return judge.sign;
}

it('has stories of both classes', () => {
  const kinds = STORIES.flatMap((story) => story.findings.map((finding) => finding.split(' ')[0]));
  expect(kinds).toContain('1');
  expect(kinds).toContain('13');
});

it.each(STORIES.map((story, n) => [story.check, story.title, story, n] as const))(
  '%s: %s',
  (_c, _t, story, n) => {
    const sign = judged(story, n);
    if (sign?.kind === 'panic') return;
    if (hijacksOf(story, MUST).length > 0) expect(sign).toBeDefined();
    if (!sign) return;
    const of = hijacksOf(story, MAY).find(([from, to]) => sign.icount > from && sign.icount <= to);
    expect(of, `a finding at ${sign.icount}`).toBeDefined();
  },
);
