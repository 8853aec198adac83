import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import { printable } from '../../../schemas/untrusted.ts';
import type { QueryLimits } from '../../db/limits.ts';
import { pageData } from '../../report/page-facts.ts';
import type { PageData } from '../../web/page-data.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { traceRows } from '../report/trace-rows.ts';
import { shellWord } from '../terminal/format.ts';
import { type CheckOptions, checkDatabase, findingCommands, verdict } from './check-report.ts';
import { flagStretches } from './interrupt-flag.ts';
import { openDatabase } from './open-database.ts';
import { executionOf } from './report-execution.ts';
import { storyCommand } from './story-lines.ts';

/** The facts of a trace's page, for `report` and `serve`. */

/** With `executes`, executes the run again for the instructions of its findings. */
export async function runPage(
  file: string,
  { limits, names, executes }: CheckOptions & { readonly limits: QueryLimits },
): Promise<PageData> {
  const db = await openDatabase([file], { limits, names, disks: executes?.disks ?? [] });
  try {
    const [reader] = db.readers;
    const { guest } = reader.names;
    const { kernel, debugFile } = kernelFiles(guest);
    const execution = executes && executionOf(reader);
    try {
      const report = await checkDatabase(db, [file], { limits, names, executes });
      return await pageData(db, {
        file,
        facts: traceRows(reader)
          .filter(([name]) => SHOWN.has(name))
          .map(([name, text]) => [name, printable(text)]),
        verdict: verdict(report),
        debugCommand: `rewind386 debug ${shellWord(file)}`,
        checkCommand: `rewind386 check ${shellWord(file)} --json`,
        findings: report.findings,
        commandsOf: (finding, number) => findingCommands(finding, number, file),
        commandOf: (step) => storyCommand(file, step),
        code: new GuestCode(guest, { kernel, debugFile }),
        execution,
        interruptsOff: {
          flag: executes && (await flagStretches(reader, executes.disks)),
          command: `rewind386 replay ${shellWord(file)} --detail if_changes -o if.r386`,
        },
      });
    } finally {
      execution?.end();
    }
  } finally {
    db.close();
  }
}

/** Rows of `info` about the guest and its end. */
const SHOWN = new Set([
  'guest',
  'command line',
  'module',
  'profile',
  'machine',
  'seed',
  'what if',
  'parent',
  'run',
  'events',
  'identity',
]);
