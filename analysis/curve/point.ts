import {
  type Exposure,
  type Frequency,
  frequency,
  kaplanMeier,
  type Lifetime,
  median,
  type PowerLaw,
  powerLaw,
  type Step,
} from './survival.ts';
import type { Trial } from './trial.ts';

/** The runs of a curve, gathered: of each kernel and load how often it dies, and how long it lives. */

export interface Load {
  /** Of the kernel, as the command line and the figure name it. */
  readonly kernel: string;
  /** Sessions per virtual second. */
  readonly sessions: number;
}

export interface Run extends Load {
  readonly seed: bigint;
  readonly trial: Trial;
}

/** All runs of one kernel under one load. Times are virtual seconds. */
export interface LoadPoint extends Load {
  readonly runs: number;
  /** Interrupts of the disk in a virtual second. */
  readonly transfers: number;
  readonly misused: Frequency;
  readonly corrupted: Frequency;
  readonly died: Frequency;
  /** The share that lives, and the time by which half have died. */
  readonly survival: readonly Step[];
  readonly median: ReturnType<typeof median>;
}

export interface CurveLine {
  readonly kernel: string;
  readonly points: readonly LoadPoint[];
  /** Deaths against transfers. */
  readonly law: PowerLaw | undefined;
}

/** A run's time to something, or as long as it was watched. */
const lifetimes = (
  runs: readonly Run[],
  of: (trial: Trial) => number | undefined,
  perSecond: number,
): Lifetime[] =>
  runs.map(({ trial }) => ({ time: (of(trial) ?? trial.until) / perSecond, event: of(trial) !== undefined }));

/** Lines and points in the order in which the runs name them first. */
export function curveLines(runs: readonly Run[], instructionsPerSecond: number): CurveLine[] {
  return [...grouped(runs, ({ kernel }) => kernel)].map(([kernel, all]) => {
    const points = [...grouped(all, ({ sessions }) => sessions).values()].map((some) =>
      pointOf(some, instructionsPerSecond),
    );
    return { kernel, points, law: powerLaw(points.map(exposure)) };
  });
}

const exposure = ({ transfers, died }: LoadPoint): Exposure => ({
  ...{ x: transfers, events: died.events, time: died.time },
});

function pointOf(runs: readonly Run[], perSecond: number): LoadPoint {
  const deaths = lifetimes(runs, ({ died }) => died, perSecond);
  const survival = kaplanMeier(deaths);
  const seconds = runs.reduce((sum, { trial }) => sum + trial.until, 0) / perSecond;
  const transfers = runs.reduce((sum, { trial }) => sum + trial.transfers, 0);
  return {
    ...{ kernel: runs[0].kernel, sessions: runs[0].sessions, runs: runs.length },
    ...{ transfers: transfers / seconds, survival, median: median(survival), died: frequency(deaths) },
    misused: frequency(lifetimes(runs, ({ misused }) => misused, perSecond)),
    corrupted: frequency(lifetimes(runs, ({ corrupted }) => corrupted, perSecond)),
  };
}

function grouped<One, Key>(list: readonly One[], keyOf: (one: One) => Key): Map<Key, One[]> {
  const groups = new Map<Key, One[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one)) ?? [];
    groups.set(keyOf(one), group);
    group.push(one);
  }
  return groups;
}
