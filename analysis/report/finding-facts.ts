import type { Finding } from '../check/run-checks.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import type { FindingFacts, Instruction, PageData, Step } from '../web/page-data.ts';
import { grouped, rowsOf } from './rows.ts';

/** The findings of a page: as `check` has them, with the steps of those that are hijacks. */

export interface FindingOptions {
  readonly findings: readonly Finding[];
  /** Commands that tell more of a finding; `number` from 1. */
  readonly commandsOf: (finding: Finding, number: number) => readonly string[];
}

/** Findings that go into a page: the worst. */
const MOST = 1000;

/** Findings that a page has not; nothing where it has all. */
export const moreFindings = (findings: readonly Finding[], command: string): Pick<PageData, 'more'> =>
  findings.length > MOST ? { more: { findings: findings.length - MOST, command } } : {};

/** `instructions` by the place in `findings`. */
export async function findingFacts(
  db: TraceDatabase,
  { findings, commandsOf }: FindingOptions,
  instructions: ReadonlyMap<number, readonly Instruction[]>,
): Promise<FindingFacts[]> {
  const hijacks = await stepsOfHijacks(db);
  return findings.slice(0, MOST).map((finding, n) => ({
    number: n + 1,
    title: finding.check.title,
    className: finding.check.class,
    severity: finding.check.severity,
    from: finding.fromIcount,
    at: finding.icount,
    summary: String(finding.summary),
    commands: commandsOf(finding, n + 1),
    steps: finding.check.severity === 'error' ? (hijacks.get(finding.fromIcount) ?? []) : [],
    instructions: instructions.get(n) ?? [],
  }));
}

/** The steps of every hijack of a window, by the icount at which its code set the window. */
async function stepsOfHijacks(db: TraceDatabase): Promise<ReadonlyMap<number, readonly Step[]>> {
  const rows = await rowsOf(db, 'report-hijacks');
  return new Map(
    [...grouped(rows, ({ set_icount }) => Number(set_icount))].map(([from, of]) => [
      from,
      of.map(
        ({ icount, lane, text, slot, is_wrong }): Step => ({
          at: Number(icount),
          lane: lane === 'base' ? 'base' : 'handler',
          text: String(text),
          ...(slot == null ? {} : { slot: String(slot) }),
          ...(is_wrong ? { wrong: true } : {}),
        }),
      ),
    ]),
  );
}
