import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { printable } from '../../../schemas/untrusted.ts';
import type { QueryLimits } from '../../db/limits.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { pageData } from '../../report/page-facts.ts';
import type { PageData } from '../../web/page-data.ts';
import { describeExit } from '../report/describe-exit.ts';
import { machineText } from '../report/machine-text.ts';
import { grouped } from '../terminal/format.ts';
import { type CheckOptions, checkTraces, nextCommands, verdict } from './check-report.ts';
import { openDatabase } from './open-database.ts';

/** All that a page shows of one run, for `report` and `serve`: its facts, what `check` finds, the timeline. */
export async function runPage(
  file: string,
  { limits, names, executes }: CheckOptions & { readonly limits: QueryLimits },
): Promise<PageData> {
  const found = await checkTraces([file], { limits, names, executes });
  const db = await openDatabase([file], { limits, names });
  try {
    return await pageData(db, {
      file,
      facts: runFacts(file),
      verdict: verdict(found),
      findings: found.findings,
      commandsOf: (finding) =>
        nextCommands(finding.check, finding, file).map((line) => line.replace(/^ *next: /, '')),
    });
  } finally {
    db.close();
  }
}

function runFacts(file: string): [string, string][] {
  const reader = TraceReader.open(file);
  try {
    const { header, footer, torn, endIcount } = reader;
    const labels = Object.entries(header.labels).map(([name, value]) => `, ${name} ${value}`);
    const end = footer ? describeExit(footer.exit, profileOf(header)) : 'has no end';
    const rows: [string, string][] = [
      ['guest', `${header.guest.name}${labels.join('')}`],
      ['command line', String(header.guest.commandLine) || '(none)'],
      ['machine', machineText(header.machine)],
      ['seed', String(header.seed)],
      ['end', `${torn ? `TORN: ${torn.what}` : end} at icount ${grouped(endIcount)}`],
      ['events', grouped(reader.events)],
      ['identity', reader.identity()],
    ];
    return rows.map(([name, value]) => [name, printable(value)]);
  } finally {
    reader.close();
  }
}
