import type { Argv } from 'yargs';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { printableJson } from '../../../schemas/untrusted.ts';
import { traceFacts } from '../report/trace-facts.ts';
import { traceRows } from '../report/trace-rows.ts';
import { hanging, shellWord } from '../terminal/format.ts';
import { print, printLines, terminalWidth } from '../terminal/output.ts';

/** `rewind386 info`: shows the contents of a trace without executing it. */
export const addInfo = (cli: Argv): Argv =>
  cli.command('info <file>', 'show the contents of a trace', options, ({ file, json }) => {
    const reader = TraceReader.open(file);
    try {
      if (json) return printLines(printableJson(traceFacts(reader), 2).split('\n'));
      printLines(describe(reader, terminalWidth()));
    } finally {
      reader.close();
    }
    print(`next: rewind386 check ${shellWord(file)}`);
  });

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'print JSON: one object, with names as they are in the trace',
    })
    .example('$0 info run.r386', 'machine, guest, how the run ended, events by kind');

function describe(reader: TraceReader, columns = Number.POSITIVE_INFINITY): string[] {
  const rows = traceRows(reader);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) => hanging(`${name.padEnd(width)}  `, text, columns));
}
