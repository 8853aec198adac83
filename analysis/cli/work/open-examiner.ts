import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Check, isDeath } from '../../check/catalog.ts';
import { checkNamed } from '../../check/names.ts';
import { DEFAULT_LIMITS } from '../../db/limits.ts';
import { unfinishedAt } from '../../db/unfinished.ts';
import type { Examiner } from '../../explore/examiner.ts';
import { isHeard, type Target } from '../../explore/target.ts';
import type { Sign } from '../../explore/window-judge.ts';

/** Verdicts by checks that a judge of events does not know: each run is written as a trace, which the SQL of the check asks. */

/** Undefined for a target that needs none. `scratch`: a folder for the traces, of which one is there at a time for each process. */
export function openExaminer(target: Target | undefined, scratch: string | undefined): Examiner | undefined {
  if (target === undefined || isHeard(target)) return undefined;
  const check = checkNamed(target);
  if (!check || scratch === undefined)
    throw new Error(`--target ${target}: ${check ? 'nowhere to record runs' : 'no such check'}`);
  const path = join(scratch, `${process.pid}.r386`);
  return {
    restsOnMemory: isDeath(check),
    examine: async (write) => {
      await write(path);
      return await findingsIn(path, check);
    },
  };
}

async function findingsIn(path: string, check: Check): Promise<readonly Sign[]> {
  // Loaded on demand, because DuckDB takes a while.
  const { TraceDatabase } = await import('../../db/trace-database.ts');
  // Each processor may have one.
  const memoryBytes = Math.floor(DEFAULT_LIMITS.memoryBytes / availableParallelism());
  const db = await TraceDatabase.open([path], { cache: false, limits: { memoryBytes } });
  try {
    const sql = `SELECT icount, code, process, summary FROM (${check.sql}) ORDER BY icount, summary`;
    const rows = (await db.query(sql)).getRowObjectsJson();
    const kind = check.title.toLowerCase();
    return rows.map(({ icount, code, process, summary }) => ({
      ...{ kind, icount: Number(icount), summary: String(summary) },
      text: code === null ? String(summary) : `in ${code}`,
      ...(process === null ? {} : { process: String(process) }),
    }));
  } finally {
    db.close();
  }
}

/** A folder for recordings of runs, which goes with the process if `remove` is not called before. */
export interface Scratch {
  readonly folder: string;
  remove(): void;
}

export function makeScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'rewind386-target-'));
  const finished = unfinishedAt(folder);
  return {
    folder,
    remove() {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      finished();
    },
  };
}

/** Has a scratch folder while `work` goes on; undefined for a target that records no runs. */
export async function withScratch<Result>(
  target: Target | undefined,
  work: (scratch: string | undefined) => Promise<Result>,
): Promise<Result> {
  if (isHeard(target)) return await work(undefined);
  const scratch = makeScratch();
  try {
    return await work(scratch.folder);
  } finally {
    scratch.remove();
  }
}

/** For people, before a search that takes longer than others; empty if it does not. */
export function targetNote(target: Target | undefined): string[] {
  const check = target === undefined || isHeard(target) ? undefined : checkNamed(target);
  if (!check) return [];
  const which = isDeath(check) ? 'one of each class' : 'every boundary at which the interrupt is taken';
  return [
    `note: --target ${target} is judged by its check, in a recording of each run (${which}): a few runs a second`,
  ];
}
