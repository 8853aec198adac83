import { numberedFinding } from '../../schemas/numbered-finding.ts';
import { tellsOfDeath } from '../check/rank.ts';
import type { Finding } from '../check/run-checks.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import { commandSql } from '../sql/catalog.ts';

/** The end of the story, from which it is told backwards. */

/** A failure or an exception. */
export interface Failure {
  /** As `failures.kind` has it, or `exception`. */
  readonly kind: string;
  readonly icount: number;
  readonly seq: number | null;
  readonly eip: number | null;
  readonly code: string | null;
  readonly process: string | null;
  /** Physical address of the directory that was live. */
  readonly cr3: number | null;
  readonly vector: number | null;
  /** Linear address that it names. */
  readonly address: number | null;
  readonly undelivered: boolean;
  readonly words: string;
}

export type Subject =
  | { readonly failure: Failure; readonly findings: readonly Finding[] }
  | { readonly finding: Finding; readonly findings: readonly Finding[] };

export interface Asked {
  /** The last failure, exception or finding up to this icount. */
  readonly at?: number | undefined;
  /** The finding of this number, from 1, as `check` lists them. */
  readonly finding?: number | undefined;
}

/** The classes of checks that tell of a failure, by the kind of it. */
const KIND_OF_CLASS: Readonly<Record<string, string>> = {
  'kernel-fault': 'kernel_fault',
  'triple-fault': 'triple_fault',
  panic: 'panic',
  'bad-exit': 'exit_code',
  'exception-loop': 'exception_loop',
  halted: 'halted',
};

/** The subject that is asked about: by default what the machine died of, else the worst finding. Undefined when there is neither. */
export async function subjectOf(
  db: TraceDatabase,
  findings: readonly Finding[],
  asked: Asked,
): Promise<Subject | undefined> {
  const failures = await failuresOf(db, asked.at ?? -1);
  if (asked.finding !== undefined) return numbered(findings, failures, asked.finding);
  if (asked.at !== undefined) return latest(findings, failures, asked.at);
  if (failures.length > 0) return { failure: failures[0], findings };
  return findings.length > 0 ? { finding: findings[0], findings } : undefined;
}

async function failuresOf(db: TraceDatabase, at: number): Promise<Failure[]> {
  const { rows } = await db.answer(commandSql('why-failures'), { at });
  const text = (value: unknown) => (value === null ? null : String(value));
  const number = (value: unknown) => (value === null ? null : Number(value));
  return rows.map((row) => ({
    kind: String(row.kind),
    icount: Number(row.icount),
    seq: number(row.seq),
    eip: number(row.eip),
    code: text(row.code),
    process: text(row.process),
    cr3: number(row.cr3),
    vector: number(row.vector),
    address: number(row.address),
    undelivered: row.undelivered === true,
    words: String(row.words),
  }));
}

function numbered(findings: readonly Finding[], failures: readonly Failure[], number: number): Subject {
  const finding = numberedFinding(findings, number);
  const failure = failures.find(({ kind }) => kind === KIND_OF_CLASS[finding.check.class]);
  return failure ? { failure, findings } : { finding, findings };
}

/** At one icount a failure says more than the exception that it began with, and that more than a finding. */
function latest(findings: readonly Finding[], failures: readonly Failure[], at: number): Subject | undefined {
  const newest = <Dated extends { readonly icount: number }>(of: readonly Dated[]) =>
    of.filter(({ icount }) => icount <= at).sort((a, b) => b.icount - a.icount)[0] as Dated | undefined;
  const failure = newest(failures);
  const finding = newest(findings.filter((one) => !tellsOfDeath(one)));
  if (finding && finding.icount > (failure?.icount ?? -1)) return { finding, findings };
  return failure && { failure, findings };
}
