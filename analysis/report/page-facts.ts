import type { GuestCode } from '../../replayer/debug/guest-code.ts';
import type { TraceDatabase } from '../db/trace-database.ts';
import type { PageData, StoryStep } from '../web/page-data.ts';
import type { Step } from '../why/step.ts';
import { tell } from '../why/story.ts';
import { subjectOf } from '../why/subject.ts';
import { type FindingOptions, findingFacts, moreFindings } from './finding-facts.ts';
import { type Execution, instructionsOf, Stacks } from './instruction-facts.ts';
import type { InterruptsOff } from './interrupts-off.ts';
import { nearFindings, nearText } from './near.ts';
import { ownersOf, pagingOf } from './paging-facts.ts';
import { Places } from './places.ts';
import { framesOf, tracksOf } from './track-facts.ts';

/** The facts of a report page, from a trace's tables, its findings, and its run where that may be executed. */

export interface PageOptions extends FindingOptions {
  readonly file: string;
  readonly facts: PageData['facts'];
  readonly verdict: string;
  /** Debugs the trace; `--at ICOUNT` may follow. */
  readonly debugCommand: string;
  /** Lists all findings. */
  readonly checkCommand: string;
  /** The command of a step of the story. */
  readonly commandOf: (step: Step) => string;
  /** Names of the guest's code. */
  readonly code: GuestCode;
  /** Absent where the run is not to be executed. */
  readonly execution?: Execution | undefined;
  readonly interruptsOff: InterruptsOff;
}

export async function pageData(db: TraceDatabase, options: PageOptions): Promise<PageData> {
  const [run] = (
    await db.answer(
      'SELECT instructions::DOUBLE AS instructions, instructions_per_second::DOUBLE AS ips FROM run',
    )
  ).rows;
  const end = Math.max(1, Number(run.instructions));
  const { file, facts, verdict, debugCommand, findings, code, execution } = options;
  const [places, stacks] = [new Places(code), new Stacks(code)];
  const near = nearFindings(findings);
  const asked = { places, end, near: nearText(near), off: options.interruptsOff };
  const frames = await framesOf(db, asked);
  const told = { places, stacks, frames };
  const instructions = await execution?.attempt(() => instructionsOf(findings, execution, told));
  const found = await findingFacts(db, options, instructions ?? new Map());
  return {
    file,
    end,
    instructionsPerSecond: Number(run.ips),
    facts,
    verdict,
    executed: execution !== undefined,
    debugCommand,
    near,
    story: await storyOf(db, options),
    findings: found,
    ...moreFindings(findings, options.checkCommand),
    tracks: await tracksOf(db, asked),
    frames,
    paging: await pagingOf(db, { end, near, places }),
    owners: await ownersOf(db),
    places: places.all,
    stacks: stacks.all,
  };
}

/** The story that `why` tells, as far as the tables have it. */
async function storyOf(
  db: TraceDatabase,
  { findings, commandOf }: Pick<PageOptions, 'findings' | 'commandOf'>,
): Promise<StoryStep[]> {
  const subject = await subjectOf(db, findings, {});
  if (!subject) return [];
  const { steps } = await tell({ db, windows: db }, subject);
  return steps.map((step) => ({ at: step.icount, text: step.because, command: commandOf(step) }));
}
