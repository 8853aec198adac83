import { unwind } from '../../../replayer/debug/unwind.ts';
import { ESP, RETURN } from '../../../replayer/dwarf/call-frames.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { readCount } from '../../../schemas/count.ts';
import type { DatabaseOptions, TraceDatabase } from '../../db/trace-database.ts';
import { grouped } from '../terminal/format.ts';
import { type StacksOf, visitInstants } from './call-stacks.ts';
import { checkTraces } from './check-report.ts';
import { openDatabase } from './open-database.ts';

/** `--stacks`: call stacks at instants of the user's choice in the view `stacks`, found by executing the run up to each. */

export const STACKS = {
  stacks: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      'fill the view stacks by replay at an icount, at `findings`, or where a SELECT has a column icount',
  },
} as const;

/** Instants for which a run is executed: each may be seconds from its checkpoint. */
const MOST_INSTANTS = 1000;

interface Instant {
  readonly run: number;
  readonly icount: number;
}

/** As openDatabase, with the view `stacks` filled for the instants that `stacks` asks for. */
export async function openWithStacks(
  files: readonly string[],
  stacks: readonly string[],
  options: DatabaseOptions & { readonly disks: readonly string[] },
): Promise<TraceDatabase> {
  if (stacks.length === 0) return await openDatabase(files, options);
  const instants: Instant[] = [];
  for (const asked of stacks) instants.push(...(await instantsOf(files, asked, options)));
  if (instants.length > MOST_INSTANTS)
    throw new BadInput(
      `--stacks: ${grouped(instants.length)} instants are too many`,
      `ask for at most ${grouped(MOST_INSTANTS)} icounts: add a LIMIT`,
    );
  const rows: number[][] = [];
  for (const [run, file] of files.entries()) rows.push(...(await rowsOf(file, run, instants, options)));
  if (rows.length === 0) return await openDatabase(files, options);
  const definitions = new Map([...(options.definitions ?? []), ['unwound', viewOf(rows)] as const]);
  return await openDatabase(files, { ...options, definitions });
}

async function instantsOf(
  files: readonly string[],
  asked: string,
  options: DatabaseOptions & { readonly disks: readonly string[] },
): Promise<Instant[]> {
  if (asked === 'findings') {
    const { findings } = await checkTraces(files, {
      names: options.names,
      executes: { disks: options.disks },
    });
    return findings.map(({ run, icount }) => ({ run, icount }));
  }
  const icount = readCount(asked);
  if (icount !== undefined) return files.map((_, run) => ({ run, icount }));
  if (!/\b(select|from)\b/i.test(asked))
    throw new BadInput(
      `--stacks ${asked}: neither an icount, nor findings, nor SQL`,
      'write --stacks 1.5M, --stacks findings or --stacks "SELECT run_id, icount FROM failures"',
    );
  return await instantsBySql(files, asked, options);
}

async function instantsBySql(
  files: readonly string[],
  sql: string,
  options: DatabaseOptions,
): Promise<Instant[]> {
  const db = await openDatabase(files, options);
  try {
    const found = (await db.query(sql)).getRowObjects();
    return found.flatMap(({ run_id: run, icount }) => {
      if (icount === null) return [];
      const instant = { run: Number(run ?? (files.length > 1 ? Number.NaN : 0)), icount: Number(icount) };
      if (instant.run in files && Number.isSafeInteger(instant.icount) && instant.icount >= 0)
        return [instant];
      const missing =
        icount === undefined ? 'icount' : run === undefined && files.length > 1 ? 'run_id' : undefined;
      throw new BadInput(
        missing
          ? `--stacks: the rows have no column ${missing}`
          : `--stacks: ${icount} is no icount of run ${run ?? 0}`,
        'for example --stacks "SELECT run_id, icount FROM exceptions"',
      );
    });
  } finally {
    db.close();
  }
}

async function rowsOf(
  file: string,
  run: number,
  instants: readonly Instant[],
  of: StacksOf,
): Promise<number[][]> {
  const icounts = instants.filter((one) => one.run === run).map(({ icount }) => icount);
  const rows: number[][] = [];
  if (icounts.length === 0) return rows;
  await visitInstants(file, icounts, of, (icount, debuggee, code) => {
    for (const [level, { registers, pc, interrupted }] of unwind(debuggee, code).entries())
      rows.push([
        run,
        icount,
        level,
        (registers[RETURN] ?? 0) >>> 0,
        (registers[ESP] ?? 0) >>> 0,
        pc >>> 0,
        interrupted ? 1 : 0,
      ]);
  });
  return rows;
}

/** Numbers alone: names come from the functions that read the trace, and nothing of a trace becomes SQL. */
function viewOf(rows: readonly (readonly number[])[]): string {
  const values = rows.map((row) => `(${row.join(', ')})`).join(', ');
  return `CREATE OR REPLACE VIEW unwound AS
    SELECT run_id::USMALLINT AS run_id, icount::BIGINT AS icount, level::UINTEGER AS level,
      eip::UINTEGER AS eip, esp::UINTEGER AS esp, pc::UINTEGER AS pc, interrupted::UTINYINT AS interrupted
    FROM (VALUES ${values}) AS frames (run_id, icount, level, eip, esp, pc, interrupted)`;
}
