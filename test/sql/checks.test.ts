import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../analysis/check/catalog.ts';
import { type Finding, runChecks } from '../../analysis/check/run-checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { madeTrace } from './made-trace.ts';
import { STORIES, type Story, strayFiles } from './stories.ts';

/** Each check finds its stories, and is silent on the same told right. Several are one database: no check mixes its traces up. */

const folder = mkdtempSync(join(tmpdir(), 'r386-checks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RECURSIVE_SLOT = 959;
const ALTERNATE_SLOT = 1023;
const AT_ONCE = 16;
const findings: Finding[] = [];

beforeAll(async () => {
  const traces = STORIES.map(({ events, exit, hasAlternateMap, windows }, n) => {
    const alternateSlot = hasAlternateMap ? ALTERNATE_SLOT : -1;
    const profile = { recursiveSlot: RECURSIVE_SLOT, alternateSlot, windows, source: untrusted('') };
    return madeTrace(join(folder, `${n}.r386`), profile, events, { exit });
  });
  for (let first = 0; first < traces.length; first += AT_ONCE) {
    const db = await TraceDatabase.open(traces.slice(first, first + AT_ONCE), { cache: false });
    try {
      findings.push(...(await runChecks(db)).map((one) => ({ ...one, run: one.run + first })));
    } finally {
      db.close();
    }
  }
}, 600_000);

const findingsOf = (story: Story): string[] =>
  findings
    .filter(({ run }) => STORIES[run] === story)
    .map(({ check, fromIcount, icount, summary }) =>
      `${check.class} ${fromIcount} ${icount} ${summary}`.trimEnd(),
    );

describe.each(CHECKS.map((check) => [check.name, check] as const))('%s', (name, check) => {
  const stories = STORIES.filter((story) => story.check === name);
  const isOwn = (finding: string) => finding.startsWith(`${check.class} `);

  it('has a story that it finds, and one that it does not', () => {
    expect(stories.some(({ fires }) => fires)).toBe(true);
    expect(stories.some(({ fires }) => !fires)).toBe(true);
    for (const { title, fires, findings } of stories) expect(findings.some(isOwn), title).toBe(fires);
  });

  it.each(stories.map((story) => [story.fires ? 'finds' : 'does not find', story.title, story] as const))(
    '%s: %s',
    (_does, _title, story) => {
      expect(findingsOf(story)).toEqual(story.findings);
    },
  );
});

it('no file lies beside a check that nobody reads', () => {
  expect(strayFiles()).toEqual([]);
});
