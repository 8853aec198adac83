import type { Names } from '../../../replayer/trace/trace-reader.ts';
import type { Step } from '../../why/step.ts';
import { type Story, tell } from '../../why/story.ts';
import { type Asked, subjectOf } from '../../why/subject.ts';
import { type ValueStory, valueStory } from '../../why/value.ts';
import { shellWord } from '../terminal/format.ts';
import { checkTraces } from './check-report.ts';
import { discoveredTrace } from './discover-windows.ts';
import { maskedRun } from './masked-run.ts';
import { openDatabase } from './open-database.ts';
import { stepLines, storyLines, valueLines } from './story-lines.ts';
import { withWays } from './value-ways.ts';

/** The story of a failure backwards, for `why` and `demo`. */

export interface WhyRequest {
  readonly asked: Asked;
  readonly names?: Names | undefined;
  /** The user's files for disks that are not in the trace. */
  readonly disks: readonly string[];
  /** Maximum steps of the value's origin; 0 omits it. */
  readonly hops: number;
  /** Run it again with interrupts held off, if a window was taken. */
  readonly whatIf: boolean;
}

export interface WhyAnswer {
  readonly steps: Story['steps'];
  readonly value?: ValueStory | undefined;
  readonly masked?: Step | undefined;
}

/** Computes the story. `show` receives the lines of each part as soon as it is known, because later parts take longer. */
export async function tellWhy(
  file: string,
  { asked, names, disks, hops, whatIf }: WhyRequest,
  show: (lines: readonly string[]) => void,
): Promise<WhyAnswer> {
  const { findings } = await checkTraces([file], { names, executes: { disks } });
  const db = await openDatabase([file], { names });
  const isFound = findings.some(({ window }) => window !== undefined);
  const found = isFound ? discoveredTrace(file) : undefined;
  const windows = found === undefined ? db : await openDatabase([found], { names, cache: false });
  try {
    const subject = await subjectOf(db, findings, asked);
    if (!subject) {
      show(nothing(file));
      return { steps: [] };
    }
    const story = await tell({ db, windows }, subject);
    show(storyLines(file, story));
    const value =
      hops > 0
        ? await withWays(file, { names, disks, hops }, (ways) => valueStory(ways, subject, story))
        : undefined;
    if (value) show(valueLines(file, value));
    const masked = story.taken && whatIf ? await maskedRun(file, story.taken, { disks, names }) : undefined;
    if (masked) show(stepLines(file, masked));
    return { steps: story.steps, value, masked };
  } finally {
    if (windows !== db) windows.close();
    db.close();
  }
}

const nothing = (file: string): string[] => [
  `${file}: nothing failed, and no check found anything`,
  `next: rewind386 why ${shellWord(file)} --value ADDRESS@ICOUNT`,
];
