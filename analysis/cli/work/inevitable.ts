import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { cells } from '../../db/results.ts';
import { type Chance, type Step, stepsOf, worthALook } from '../../inevitable/chance.ts';
import type { Redrawn } from '../../inevitable/redraw.ts';
import { commandSql } from '../../sql/catalog.ts';
import { progressBar } from '../terminal/progress.ts';
import { endingOf } from './guest-ending.ts';
import { ProcessPool } from './on-processes.ts';
import { openDatabase } from './open-database.ts';
import { closeRedrawer, type RedrawRequest, redrawRuns } from './redraw-runs.ts';

/** `rewind386 inevitable`: reruns a failed run from instants along it with new latencies, and counts the failures. */

export interface InevitableAsked {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
  /** Initial number of instants along the run. */
  readonly points: number;
  /** Runs from each instant. */
  readonly draws: number;
  /** Instructions for which runs continue after the recorded failure. */
  readonly within: number;
  /** Shortest stretch that is divided. */
  readonly finest: number;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

export interface Inevitable {
  readonly asked: InevitableAsked;
  /** icount at which the recorded run ended. */
  readonly end: number;
  /** In icount order. */
  readonly chances: readonly Chance[];
  readonly steps: readonly (Step & { readonly events: readonly StepEvent[]; readonly leftOut: number })[];
}

export interface StepEvent {
  readonly icount: number;
  readonly happened: ReturnType<typeof untrusted>;
}

const entry = new URL('./redraw-worker.js', import.meta.url);
/** Maximum stretches divided in one round. */
const AT_ONCE = 2;
/** Maximum events shown of a step: the last ones before the rise. */
const SHOWN = 12;

export async function inevitable(asked: InevitableAsked): Promise<Inevitable> {
  const end = failedEnd(asked);
  const search = new Search(asked, end);
  const { points, finest, signal } = asked;
  try {
    const first = Array.from({ length: points }, (_, n) => Math.floor((end * n) / points));
    // Just before the end nothing is left to be drawn: a step is between two instants.
    await search.look([...new Set([...first, Math.max(0, end - 1)])]);
    while (!signal.aborted) {
      const next = worthALook(search.chances, finest).slice(0, AT_ONCE);
      if (next.length === 0) break;
      await search.look(next);
    }
  } finally {
    search.end();
    closeRedrawer();
  }
  return { asked, end, chances: search.chances, steps: await withEvents(asked.file, search.chances) };
}

/** The icount of the failure. Throws BadInput if the run did not fail. */
function failedEnd({ file, disks }: InevitableAsked): number {
  if (!endingOf(file).failed)
    throw new BadInput(
      `the run in ${file} did not fail`,
      'give a run that failed; `record --until-fail` looks for one',
    );
  const reader = TraceReader.open(file, { disks });
  try {
    return reader.endIcount;
  } finally {
    reader.close();
  }
}

class Search {
  private readonly asked: InevitableAsked;
  private readonly until: number;
  private readonly found = new Map<number, Redrawn[]>();
  private readonly progress = progressBar('drawing anew', 1);
  private readonly pool: ProcessPool<RedrawRequest, readonly Redrawn[]>;
  private done = 0;

  constructor(asked: InevitableAsked, end: number) {
    const { jobs, signal } = asked;
    this.asked = asked;
    this.pool = new ProcessPool({ entry, jobs, signal, here: redrawRuns });
    this.until = end + asked.within;
  }

  end(): void {
    this.pool.end();
    this.progress.end();
  }

  /** The results so far, in icount order. */
  get chances(): Chance[] {
    return [...this.found]
      .filter(([, runs]) => runs.length > 0)
      .map(([at, runs]) => ({
        ...{ at, runs: runs.length },
        failed: runs.filter(({ failed }) => failed !== undefined).length,
      }))
      .sort((a, b) => a.at - b.at);
  }

  /** Makes the runs from each of these icounts, distributed to processes. */
  async look(icounts: readonly number[]): Promise<void> {
    const { file, disks, draws, jobs } = this.asked;
    // A process has to execute the run up to each instant of which it gets a piece.
    const pieces = Math.min(draws, Math.ceil(jobs / icounts.length));
    const requests = icounts.flatMap((at) =>
      Array.from({ length: pieces }, (_, piece) => ({
        ...{ file, disks, until: this.until, at },
        seeds: seedsOf(draws).filter((_, n) => n % pieces === piece),
      })),
    );
    await this.pool.answer(requests, ({ at }, runs) => {
      this.found.set(at, [...(this.found.get(at) ?? []), ...runs]);
      this.done += runs.length;
      this.progress.at(0, `${this.done} runs, from ${this.found.size} instants`);
    });
  }
}

/** The seeds, the same for every instant, so that only the state differs. */
const seedsOf = (draws: number): bigint[] => Array.from({ length: draws }, (_, n) => BigInt(n + 1));

async function withEvents(file: string, chances: readonly Chance[]): Promise<Inevitable['steps']> {
  const steps = stepsOf(chances);
  if (steps.length === 0) return [];
  const db = await openDatabase([file]);
  try {
    const described = [];
    for (const step of steps) {
      const between = { from: step.before.at, to: step.after.at };
      const rows = cells(await db.query(commandSql('inevitable-events'), between));
      const events = rows
        .slice(-SHOWN)
        .map(([icount, happened]) => ({ icount: Number(icount), happened: untrusted(String(happened)) }));
      described.push({ ...step, events, leftOut: rows.length - events.length });
    }
    return described;
  } finally {
    db.close();
  }
}
