import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { printable } from '../../../schemas/untrusted.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { reportPage } from '../../report/page.ts';
import { pageData } from '../../report/page-facts.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { describeExit } from '../report/describe-exit.ts';
import { machineText } from '../report/machine-text.ts';
import { bytes, grouped } from '../terminal/format.ts';
import { print } from '../terminal/output.ts';
import { checkTraces, nextCommands, verdict } from '../work/check-report.ts';
import { openDatabase } from '../work/open-database.ts';
import { checkOutput, FORCE, writeError } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 report`: a trace as one page that is looked at in a browser. */
export const addReport = (cli: Argv): Argv =>
  cli.command(
    'report <file>',
    'a page to look at: timeline and findings',
    options,
    async ({ file, ...asked }) => {
      const output = asked.output ?? `${file.replace(/\.r386$/, '')}.html`;
      checkOutput(output, { force: asked.force, makes: 'other', inputs: [file] });
      const names = givenNames(asked);
      const limits = queryLimits(asked);
      const found = await checkTraces([file], { limits, names });
      const db = await openDatabase([file], { limits, names });
      try {
        const data = await pageData(db, {
          file,
          facts: runFacts(file),
          verdict: verdict(found),
          findings: found.findings,
          commandsOf: (finding) =>
            nextCommands(finding.check, finding, file).map((line) => line.replace(/^ *next: /, '')),
        });
        const page = reportPage(data);
        writeBeside(output, page);
        print(`${output}: ${bytes(Buffer.byteLength(page))}; open it in a browser`);
      } catch (error) {
        throw writeError(error, output);
      } finally {
        db.close();
      }
    },
  );

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

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'the page (default: the name of the trace with .html)',
      },
      ...FORCE,
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 report run.r386', 'run.html, which needs no network: send it, or open it from disk');
