import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotTheRecordedRun } from '../../../recorder/capture/changed-nondet.ts';
import type { Names } from '../../../replayer/trace/trace-reader.ts';
import type { Finding } from '../../check/run-checks.ts';
import { compareFindings, type Verdict } from '../../what-if/verdict.ts';
import { type Step, step } from '../../why/step.ts';
import type { Taken } from '../../why/story.ts';
import { describeExit } from '../report/describe-exit.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped } from '../terminal/format.ts';
import { checkTraces } from './check-report.ts';
import { changedRun, guestOf, stoppedAt } from './what-if.ts';

/** The counterfactual of a story: the run with interrupts held off. */

/** Maximum instructions of the other run after the end of the recording. */
const AFTERWARDS = 100e6;

/** The counterfactual of a taken window: the run with interrupts held off while it was in use, and its outcome. */
export async function maskedRun(
  file: string,
  { window, from, until }: Taken,
  { disks, names }: { readonly disks: readonly string[]; readonly names: Names | undefined },
): Promise<Step> {
  const cli = `${from}:${until}`;
  const folder = mkdtempSync(join(tmpdir(), 'rewind386-why-'));
  const output = join(folder, 'masked.r386');
  const common = {
    icount: from,
    what: 'what if',
    next: ['replay', '--cli', cli, '-o', 'masked.r386'],
  } as const;
  const held = `with interrupts held off from here to ${grouped(until)}, while ${window} was in use`;
  try {
    const result = await changedRun(file, {
      ...{ output, disks, showConsole: false, until: traceLength(file) + AFTERWARDS },
      changes: { inject: [], delay: [], poke: [], cli: [cli] },
    });
    const { findings } = await checkTraces([file, output], { names, executes: { disks } });
    const verdict = compareFindings(findings, result.changes.changedAt, result.parentEnd, stoppedAt(result));
    const { name, profile } = guestOf(output);
    const end = `${name} ${describeExit(result.exit, profile)} at icount ${grouped(result.final.icount)}`;
    return step({ ...common, because: `${held}: ${fates(verdict).join('; ')}; ${end}` });
  } catch (error) {
    if (!(error instanceof NotTheRecordedRun)) throw error;
    return step({ ...common, because: `${held}: not known, ${error.message}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The fates of the errors, in the words of `replay --cli`. */
function fates({ vanished, unreached, still, arisen, later }: Verdict): string[] {
  const said = (word: string, found: readonly Finding[]) => {
    const errors = found.filter(({ check }) => check.severity === 'error');
    const titles = new Set(errors.map(({ check }) => `the ${check.title.toLowerCase()}`));
    return titles.size > 0 ? [`${word} ${[...titles].join(', ')}`] : [];
  };
  const all = [
    ...said('VANISHED', vanished),
    ...said('NOT REACHED', unreached),
    ...said(
      'STILL THERE',
      still.map(({ now }) => now),
    ),
    ...said('NEW', arisen),
    ...said('LATER', later),
  ];
  return all.length > 0 ? all : ['no error after the change in either run'];
}
