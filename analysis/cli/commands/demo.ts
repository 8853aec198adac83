import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { DEFAULT_CONFIG } from '../../../recorder/machine/config.ts';
import { HIJACK } from '../../check/catalog.ts';
import { formatResult } from '../../db/results.ts';
import { QUERIES } from '../../sql/catalog.ts';
import { BUILTIN_GUEST } from '../options/builtin-guest.ts';
import { openGuest } from '../options/guest.ts';
import { parseSeed } from '../options/values.ts';
import { EXIT } from '../report/exit-status.ts';
import { shellWord } from '../terminal/format.ts';
import { interruptedStatus } from '../terminal/interruptible.ts';
import { complainLines, print, printLines, terminalWidth } from '../terminal/output.ts';
import { checkTraces, describeReport } from '../work/check-report.ts';
import { endingOf } from '../work/guest-ending.ts';
import { openDatabase } from '../work/open-database.ts';
import { recordGuest, recordingSummary } from '../work/record-guest.ts';
import { divergenceReport, replaySummary, replayTrace } from '../work/replay-trace.ts';
import { tellWhy } from '../work/tell-why.ts';

/** `rewind386 demo`: records the built-in guest with its bug and without, and checks both. */
export const addDemo = (cli: Argv): Argv =>
  cli.command(
    'demo',
    'record the bug of 1996, replay it, find it, and compare the fixed kernel',
    options,
    async (args) => {
      process.exitCode = await tellTheStory(args.dir, args.seed);
    },
  );

const options = (yargs: Argv) =>
  yargs
    .options({
      dir: { type: 'string', default: 'rewind386-demo', describe: 'where to write the two traces' },
      seed: { type: 'string', default: '117', describe: 'seed of both runs' },
    })
    .example(
      '$0 demo',
      'record the buggy kernel, replay it, find the interleaving, and find none on the fixed kernel',
    );

const INSTRUCTIONS = 2e9;
const SHOWN = 1;
/** Steps of the value's origin: as many as one short stretch of the run shows without the index of stores. */
const WAY_BACK = 4;

/** Everything below is computed: another seed gives another crash, or none. */
async function tellTheStory(folder: string, seedText: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const buggy = join(folder, 'buggy.r386');
  const fixed = join(folder, 'fixed.r386');

  // Recordings of an earlier demo may be overwritten.
  const again = (file: string) => (existsSync(file) ? ' --force' : '');
  say(
    '1. A file server runs on a BSD kernel of 1996. Processes fork while the disk is busy.',
    `$ rewind386 record --kernel buggy --workload ftpd --seed ${seedText}${again(buggy)} -o ${shellWord(buggy)}`,
  );
  if (!(await recordOne('buggy', seedText, buggy))) return interruptedStatus();

  say(
    '2. The same run again, from its inputs alone. Every event and state hash is compared.',
    `$ rewind386 replay ${shellWord(buggy)}`,
  );
  const replayed = await replayTrace(buggy, { showConsole: false });
  if (replayed.divergence) {
    complainLines(divergenceReport(buggy, replayed));
    return EXIT.divergence;
  }
  printLines(replaySummary(buggy, replayed));

  say(
    '3. What went wrong? Every invariant is a query over the trace.',
    `$ rewind386 check ${shellWord(buggy)}`,
  );
  const report = await checkTraces([buggy], { executes: { disks: [] } });
  printLines(describeReport(report, SHOWN));
  const hijacks = report.findings.filter(({ check }) => check.class === HIJACK).length;
  if (hijacks > 0) {
    say('   The interleaving, column by column.', `$ rewind386 query ${shellWord(buggy)} foreign-pmap`);
    await show(buggy, 'foreign-pmap');
  }

  say(
    '4. The fixed kernel unmaps the pages of a buffer before its I/O starts. Same workload, same seed.',
    `$ rewind386 record --kernel fixed --workload ftpd --seed ${seedText}${again(fixed)} -o ${shellWord(fixed)}`,
  );
  if (!(await recordOne('fixed', seedText, fixed))) return interruptedStatus();
  printLines(['', `$ rewind386 check ${shellWord(fixed)}`]);
  const fixedReport = await checkTraces([fixed], { executes: { disks: [] } });
  printLines(describeReport(fixedReport, SHOWN));
  const fixedFindings = fixedReport.findings;

  if (report.findings.length > 0) {
    say(
      '5. Why did it end this way? The story backwards, and the origin of the value that was stored in the wrong place.',
      `$ rewind386 why ${shellWord(buggy)} --hops ${WAY_BACK} --no-what-if`,
    );
    await tellWhy(buggy, { asked: {}, disks: [], hops: WAY_BACK, whatIf: false }, printLines);
  }

  print('');
  print(
    `The buggy kernel: ${hijacks === 1 ? '1 hijack' : `${hijacks} hijacks`} of the alternate page table map. The fixed kernel: ${fixedFindings.length === 0 ? 'none' : `${fixedFindings.length} findings`}.`,
  );
  if (hijacks === 0) print(`This seed has no hijack; one that has: rewind386 demo --seed 117`);
  else print(`next: rewind386 why ${shellWord(buggy)}`);
  return fixedFindings.length === 0 ? EXIT.ok : EXIT.findings;
}

function say(text: string, command: string): void {
  printLines(['', text, command]);
}

/** False when the user interrupted it. */
async function recordOne(kernel: string, seedText: string, output: string): Promise<boolean> {
  const seed = parseSeed(seedText);
  const guest = openGuest({ guest: BUILTIN_GUEST, kernel, workload: 'ftpd', seed, modules: [] });
  const request = { seed, output, instructions: INSTRUCTIONS, config: DEFAULT_CONFIG, quiet: false };
  const result = await recordGuest(guest, request);
  printLines(recordingSummary(output, guest, result));
  printLines(endingOf(output).lines);
  return result.exit.kind !== 'interrupted';
}

async function show(file: string, name: string): Promise<void> {
  const db = await openDatabase([file]);
  try {
    const sql = QUERIES.find((query) => query.name === name)?.sql ?? '';
    printLines(formatResult(await db.query(sql), 'table', { rows: 3, width: terminalWidth() }));
  } finally {
    db.close();
  }
}
