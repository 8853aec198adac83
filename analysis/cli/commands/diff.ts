import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { formatResult } from '../../db/results.ts';
import { type Difference, type FirstDifferences, firstDifferences } from '../../diff/first-difference.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { commandSql } from '../../sql/catalog.ts';
import { parseCount } from '../options/values.ts';
import { describeExit } from '../report/describe-exit.ts';
import { EXIT } from '../report/exit-status.ts';
import { grouped, shellWord } from '../terminal/format.ts';
import { print, printLines, terminalWidth } from '../terminal/output.ts';
import { openDatabase } from '../work/open-database.ts';

/** `rewind386 diff`: the first difference between two runs, and counts of the events after it. */
export const addDiff = (cli: Argv): Argv =>
  cli.command(
    'diff <a> <b>',
    'find where two runs first differ, and what follows',
    options,
    async ({ a, b, ...asked }) => {
      process.exitCode = await diff([a, b], asked);
    },
  );

interface Asked {
  readonly json: boolean;
  readonly limit: string;
}

async function diff(files: readonly [string, string], { json, limit }: Asked): Promise<number> {
  const rows = parseCount(limit, '--limit');
  const [a, b] = files.map((file) => TraceReader.open(file));
  try {
    const first = firstDifferences(a, b);
    const { event, input } = first;
    const endings = [a, b].map((reader) => ending(reader));
    // Only the common length is compared; the rest only shows that one run is longer.
    const until = Math.min(a.endIcount, b.endIcount);
    const shape = (format: 'table' | 'json') =>
      event ? shapeOf(files, { after: event.icount, until }, format, rows) : [];
    if (json) {
      const following = JSON.parse((await shape('json')).join('\n') || '[]');
      printLines(JSON.stringify({ ...first, endings, following }, null, 2).split('\n'));
    } else {
      printLines(describe(files, first));
      if (!event && !input) return EXIT.ok;
      if (event) {
        print(`events from there to icount ${grouped(until)} whose numbers differ:`);
        printLines(await shape('table'));
      }
      printLines(files.map((file, n) => `${file} ${endings[n]}`));
      printLines(next(files, first));
    }
    return event || input ? EXIT.findings : EXIT.ok;
  } finally {
    a.close();
    b.close();
  }
}

function ending({ header, footer, endIcount }: TraceReader): string {
  const end = footer ? describeExit(footer.exit, profileOf(header)) : 'has no end';
  return `${end} at icount ${grouped(endIcount)}`;
}

function describe(files: readonly string[], { event, input, onlyOne }: FirstDifferences): string[] {
  const lines =
    onlyOne.length > 0 ? [`not compared, because only one of them records it: ${onlyOne.join(', ')}`] : [];
  if (input) lines.push(...sides('input', input));
  if (event) lines.push(...sides(`event (${event.kind})`, event));
  if (!event && !input) lines.push(`${files.join(' and ')} have the same inputs and the same events`);
  else if (!event) lines.push('every event is the same');
  else if (!input) lines.push('every input is the same');
  return lines;
}

const sides = (what: string, { icount, a, b }: Difference): string[] => [
  `the first different ${what} is at icount ${grouped(icount)}`,
  `  a: ${a?.text ?? 'none more'}`,
  `  b: ${b?.text ?? 'none more'}`,
];

async function shapeOf(
  files: readonly string[],
  between: { readonly after: number; readonly until: number },
  format: 'table' | 'json',
  rows: number,
): Promise<string[]> {
  const db = await openDatabase(files, {});
  try {
    const result = await db.query(commandSql('difference-shape'), between);
    const lines = formatResult(result, format, { rows, width: terminalWidth() });
    return lines;
  } finally {
    db.close();
  }
}

/** Commands that show what happened just before. */
function next([a, b]: readonly string[], { event, input }: FirstDifferences): string[] {
  const icount = Math.min(event?.icount ?? Infinity, input?.icount ?? Infinity);
  return [a, b].map((file) => `next: rewind386 debug ${shellWord(file)} --at ${icount}`);
}

const options = (yargs: Argv) =>
  yargs
    .positional('a', { type: 'string', demandOption: true, describe: 'a trace' })
    .positional('b', { type: 'string', demandOption: true, describe: 'another' })
    .options({
      limit: {
        type: 'string',
        default: '20',
        requiresArg: true,
        describe: 'rows of the table that are shown',
      },
      json: { type: 'boolean', default: false, describe: 'as JSON' },
    })
    .example('$0 diff buggy.r386 fixed.r386', 'where two kernels first differ under the same seed')
    .example('$0 diff run.r386 masked.r386', 'what a what-if changed first');
