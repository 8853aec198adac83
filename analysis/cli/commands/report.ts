import type { Argv } from 'yargs';
import { reportPage } from '../../report/page.ts';
import { givenNames } from '../options/guest-names.ts';
import { PAGE_OPTIONS } from '../options/page-options.ts';
import { queryLimits } from '../options/query-limits.ts';
import { bytes } from '../terminal/format.ts';
import { print } from '../terminal/output.ts';
import { checkOutput, FORCE, writeError } from '../work/output-file.ts';
import { runPage } from '../work/run-page.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 report`: writes a trace as one page for a browser. */
export const addReport = (cli: Argv): Argv =>
  cli.command('report <file>', 'write a page with the timeline and the findings', options, async (asked) => {
    const { file } = asked;
    const output = asked.output ?? `${file.replace(/\.r386$/, '')}.html`;
    checkOutput(output, { force: asked.force, makes: 'other', inputs: [file] });
    const [names, limits] = [givenNames(asked), queryLimits(asked)];
    const executes = asked.replay ? { disks: asked.disk } : undefined;
    const page = reportPage(await runPage(file, { limits, names, executes }));
    try {
      writeBeside(output, page);
    } catch (error) {
      throw writeError(error, output);
    }
    print(`${output}: ${bytes(Buffer.byteLength(page))}; open it in a browser`);
  });

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
      ...PAGE_OPTIONS,
    })
    .example('$0 report run.r386', 'run.html, which needs no network: send it, or open it from disk');
