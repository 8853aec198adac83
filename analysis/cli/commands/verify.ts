import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { TraceDamage } from '../../../schemas/framing.ts';
import { VERSION } from '../../../schemas/tool-version.ts';
import type { TraceBundle } from '../../../schemas/trace-bundle.ts';
import { type Verification, verifyExpectations } from '../../bundle/expectations.ts';
import { TraceDatabase } from '../../db/trace-database.ts';
import { EXIT } from '../exit-status.ts';
import { plural, shellWord } from '../format.ts';
import { complain, complainLines, printLines } from '../output.ts';
import { divergenceReport, replaySummary, replayTrace } from './replay.ts';

/** `rewind386 verify` */
export const addVerify = (cli: Argv): Argv =>
  cli.command(
    'verify <file>',
    'execute a bundle again: every hash, event and query row must be what it says',
    options,
    async ({ file }) => {
      process.exitCode = await verify(file);
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'a bundle' })
    .example(
      '$0 verify bug.r386',
      'exit 0: it is as reported; 1: a query answers otherwise; 3: it runs otherwise',
    );

/** Returns the exit status. */
export async function verify(file: string): Promise<number> {
  // Whatever is damaged, the replay says so, and where.
  const replayed = await replayTrace(file, { showConsole: false });
  if (replayed.divergence) {
    complainLines(divergenceReport(file, replayed));
    return EXIT.divergence;
  }
  try {
    const bundle = openBundle(file);
    printLines(replaySummary(file, replayed));
    const verification = await askAgain(file, bundle);
    printLines(describe(file, bundle, verification));
    return verification.mismatches.length > 0 ? EXIT.findings : EXIT.ok;
  } catch (error) {
    if (!(error instanceof TraceDamage)) throw error;
    complain(`${file}: DIVERGENCE in trace: ${error.message}`);
    complain(`next: ${error.next}`);
    return EXIT.divergence;
  }
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

async function askAgain(file: string, { expectations }: TraceBundle): Promise<Verification> {
  // Not from tables that another version may have left beside the file.
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return await verifyExpectations(db, expectations);
  } finally {
    db.close();
  }
}

function describe(file: string, { toolVersion }: TraceBundle, verification: Verification): string[] {
  const { mismatches, queries, rows } = verification;
  const then = toolVersion.raw === VERSION ? VERSION : `${toolVersion} (this is ${VERSION})`;
  const wrong = mismatches.map(({ name, what }) => `DIFFERENT ${name}: ${what}`);
  if (wrong.length > 0)
    return [
      ...wrong,
      `${file}: ${mismatches.length} of ${plural(queries, 'query', 'queries')} answer otherwise than in rewind386 ${then}`,
      `next: rewind386 check ${shellWord(file)}`,
    ];
  return [
    `${file}: verified: ${plural(rows, 'row')} of ${plural(queries, 'query', 'queries')} are as rewind386 ${then} had them`,
    `next: rewind386 check ${shellWord(file)}`,
  ];
}
