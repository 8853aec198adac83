import type { Argv } from 'yargs';
import { VERSION } from '../../../host/tool-version.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import type { ReplayResult } from '../../../replayer/verify/replay.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { TraceBundle } from '../../../schemas/trace/bundle.ts';
import { TraceDamage } from '../../../schemas/trace/framing.ts';
import { checkComplete, type Verification, verifyExpectations } from '../../bundle/expectations.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../../db/limits.ts';
import { TraceDatabase } from '../../db/trace-database.ts';
import { DISKS } from '../options/disk-option.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { EXIT } from '../report/exit-status.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { complain, complainLines, printLines } from '../terminal/output.ts';
import { divergenceReport, replaySummary, replayTrace } from '../work/replay-trace.ts';

/** `rewind386 verify`: executes a bundle and compares every hash, event and answer. */
export const addVerify = (cli: Argv): Argv =>
  cli.command(
    'verify <file>',
    'execute a bundle again and compare every hash, event and query row',
    options,
    async ({ file, runSql, disk: disks, ...limits }) => {
      process.exitCode = await verify(file, { runSql, disks, limits: queryLimits(limits) });
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'a bundle' })
    .options({
      'run-sql': {
        type: 'boolean',
        default: false,
        describe: 'also run SQL that the bundle carries: SELECTs that can read nothing but the bundle',
      },
      ...DISKS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 verify bug.r386', 'exit 0: as reported; 1: a query has other rows; 3: the run differs');

export interface VerifyRequest {
  readonly runSql?: boolean;
  readonly limits?: QueryLimits;
  /** Images of disks that are not in the trace. */
  readonly disks?: readonly string[];
}

/** Returns the exit status. */
export async function verify(file: string, request: VerifyRequest = {}): Promise<number> {
  // The replay reports any damage and its place.
  const replayed = await replayTrace(file, { showConsole: false, disks: request.disks ?? [] });
  if (replayed.divergence) {
    complainLines(divergenceReport(file, replayed));
    return EXIT.divergence;
  }
  const unproven = whyUnproven(replayed);
  if (unproven) {
    complain(`${file}: NOT VERIFIED: ${unproven}`);
    complain(`next: rewind386 info ${shellWord(file)}`);
    return EXIT.divergence;
  }
  try {
    const bundle = openBundle(file);
    checkComplete(bundle);
    printLines(replaySummary(file, replayed));
    const verification = await askAgain(file, bundle, request);
    printLines(describe(file, bundle, verification, replayed));
    return verification.mismatches.length > 0 ? EXIT.findings : EXIT.ok;
  } catch (error) {
    if (!(error instanceof TraceDamage)) throw error;
    complain(`${file}: DIVERGENCE in trace: ${error.message}`);
    complain(`next: ${error.next}`);
    return EXIT.divergence;
  }
}

/** The reason that a replay without a difference proves nothing: nothing was executed, or the end is missing. */
function whyUnproven({
  torn,
  reachedEnd,
  icount,
  verified,
  hashesCompared,
}: ReplayResult): string | undefined {
  if (torn) return `it is torn: ${torn.what}`;
  if (!reachedEnd) return 'the replay did not come to the end that it records';
  if (icount === 0) return 'not one instruction is executed';
  return hashesCompared && verified.rungs === 0 ? 'it has no state hash to compare' : undefined;
}

function openBundle(file: string): TraceBundle {
  const reader = TraceReader.open(file);
  try {
    const bundle = reader.bundle();
    if (bundle) return bundle;
  } finally {
    reader.close();
  }
  throw new BadInput(
    `${file} is a trace, but not a bundle: it has no rows to verify`,
    `rewind386 replay ${shellWord(file)}`,
  );
}

async function askAgain(
  file: string,
  { expectations }: TraceBundle,
  { runSql = false, limits = DEFAULT_LIMITS }: VerifyRequest,
): Promise<Verification> {
  // From the bundle alone.
  const db = await TraceDatabase.open([file], { cache: false, limits });
  try {
    return await verifyExpectations(db, expectations, runSql);
  } finally {
    db.close();
  }
}

function describe(
  file: string,
  { toolVersion }: TraceBundle,
  verification: Verification,
  { detail }: ReplayResult,
): string[] {
  const { mismatches, queries, rows, notRun } = verification;
  const then = toolVersion.raw === VERSION ? VERSION : `${toolVersion} (this is ${VERSION})`;
  const wrong = mismatches.map(({ name, what }) => `DIFFERENT ${name}: ${what}`);
  const asked = plural(queries, 'query', 'queries');
  const verdict =
    wrong.length > 0
      ? `${wrong.length} of ${asked} have other rows than in rewind386 ${then}`
      : `verified (detail ${detail}): ${plural(rows, 'row')} of ${asked} match those of rewind386 ${then}`;
  const own = `${plural(notRun, 'query is', 'queries are')} SQL of the bundle's own, which was not run`;
  return [
    ...wrong,
    `${file}: ${verdict}`,
    ...(notRun > 0 ? [`${own}; to run it: rewind386 verify --run-sql ${shellWord(file)}`] : []),
    `next: rewind386 check ${shellWord(file)}`,
  ];
}
