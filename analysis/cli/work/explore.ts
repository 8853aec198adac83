import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { cells } from '../../db/results.ts';
import type { DatabaseOptions } from '../../db/trace-database.ts';
import type { Explored } from '../../explore/explore.ts';
import { type Late, LateRuns } from '../../explore/late-runs.ts';
import {
  boundariesOf,
  countOf,
  injected,
  type Stretch,
  steered,
  type Window,
} from '../../explore/placements.ts';
import type { Target } from '../../explore/target.ts';
import { commandSql } from '../../sql/catalog.ts';
import { type InterruptTime, interruptTimes, recordedOf } from '../../what-if/recorded-interrupts.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped, plural } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';
import { exploreByFleet, type FleetOptions } from './explore-fleet.ts';
import { exploreMany } from './explore-many.ts';
import type { ExploreProgress } from './explore-work.ts';
import { LateWindows } from './late-windows.ts';
import { openDatabase } from './open-database.ts';
import { withScratch } from './open-examiner.ts';

/** `rewind386 explore`: finds the windows of a trace, tries the placements in them, and reports the outcomes. */

export interface Asked {
  readonly file: string;
  /** Of the run in messages; default: the file. */
  readonly name?: string;
  readonly irq: number;
  /** Only placements inside this range are tried. */
  readonly between: { readonly from: number; readonly to: number } | undefined;
  /** SQL that selects from_icount and to_icount of each window. */
  readonly sql: string | undefined;
  readonly within: number;
  /** The only failure that counts; undefined: any. */
  readonly target?: Target | undefined;
  /** True to inject requests that a device might not have been able to make. */
  readonly any: boolean;
  /** Also has interrupts come later than they did. */
  readonly later?: boolean;
  /** Runs every placement of a class. */
  readonly unpruned?: boolean;
  readonly disks: readonly string[] | undefined;
  /** Number of processes; default: this process alone. */
  readonly jobs?: number;
  /** Distributes the work to other machines. */
  readonly fleet?: Pick<FleetOptions, 'redis' | 'folder'> | undefined;
  readonly signal: AbortSignal;
}

export interface Exploration {
  readonly asked: Asked;
  /** Windows with a boundary inside: of the recorded run, and of the runs in which one interrupt comes later. */
  readonly windows: number;
  readonly lateWindows: number;
  readonly explored: Explored;
  /** Names of code by its address. */
  readonly names: ReadonlyMap<number, string>;
}

export const exploreTrace = (asked: Asked): Promise<Exploration> =>
  withScratch(asked.target, (scratch) => explored(asked, scratch));

async function explored(asked: Asked, scratch: string | undefined): Promise<Exploration> {
  const windows = await windowsOf(asked);
  const { late, all } = asked.later ? await laterStretches(asked) : { late: [], all: true };
  const stretches = [...stretchesOf(asked, windows), ...late.map(({ stretch }) => stretch)].sort(
    (a, b) => a.forkAt - b.forkAt,
  );
  const { file, disks, within, target, unpruned, signal, fleet, jobs = 1 } = asked;
  const progress = progressBar('exploring', countOf(stretches.flatMap(({ boundaries }) => boundaries)));
  try {
    const work = {
      run: { file, disks, within, target, unpruned, scratch },
      ...{ stretches, signal },
      onProgress: ({ boundaries, classes, failures }: ExploreProgress) =>
        progress.at(boundaries, `${plural(classes, 'class', 'classes')}, ${grouped(failures)} fail`),
    };
    const found = await (fleet ? exploreByFleet({ ...work, ...fleet }) : exploreMany({ ...work, jobs }));
    const explored = { ...found, complete: found.complete && all };
    const lateWindows = late.reduce((sum, one) => sum + one.windows, 0);
    return { asked, windows: windows.length, lateWindows, explored, names: await namesOf(file, explored) };
  } finally {
    progress.end();
  }
}

async function windowsOf(
  { file, sql, between }: Pick<Asked, 'file' | 'sql' | 'between'>,
  options: DatabaseOptions = {},
): Promise<Window[]> {
  const run = { from: 0, to: traceLength(file) };
  const db = await openDatabase([file], options);
  try {
    const result = await db.query(sql ?? commandSql('explore-windows'));
    const columns = result.deduplicatedColumnNames();
    const [from, to] = ['from_icount', 'to_icount'].map((name) => columns.indexOf(name));
    if (from < 0 || to < 0)
      throw new BadInput(
        `--sql gives ${columns.join(', ')}`,
        'select the columns from_icount and to_icount (set, and last use)',
      );
    return cells(result)
      .map((row) => ({ from: Number(row[from]), to: Number(row[to]) }))
      .filter((one) => one.to > one.from)
      .map((one) => clipped(one, run))
      .map((one) => (between ? clipped(one, between) : one))
      .filter((one) => one.to > one.from);
  } finally {
    db.close();
  }
}

const clipped = ({ from, to }: Window, between: { readonly from: number; readonly to: number }): Window => ({
  from: Math.max(from, between.from),
  to: Math.min(to, between.to),
});

function stretchesOf(asked: Asked, windows: readonly Window[]): readonly Stretch[] {
  const inside = boundariesOf(windows);
  if (asked.any) return injected(asked.irq, inside);
  const reader = TraceReader.open(asked.file, { disks: asked.disks });
  try {
    const times = timesOf(reader, asked);
    if (times.length === 0 && isClockOrSerial(asked.irq))
      throw new BadInput(
        `${asked.name ?? asked.file} has no IRQ ${asked.irq} whose time is an input`,
        'record it with --jitter N%, or add --any',
      );
    // The smallest delay of the timer and the serial port is 0.
    const shortest = isClockOrSerial(asked.irq) ? 0 : recordedOf(reader).shortestDiskTime;
    return steered(asked.irq, times, inside, shortest);
  } finally {
    reader.close();
  }
}

/** Placements behind the interrupts' own times, in the order of these; not `all` of them if the signal came. */
async function laterStretches(
  asked: Asked,
): Promise<{ readonly late: readonly Late[]; readonly all: boolean }> {
  const { file, disks, irq, sql, within, signal } = asked;
  const reader = TraceReader.open(file, { disks });
  const asks =
    sql === undefined
      ? undefined
      : new LateWindows(asked, (trace) => windowsOf({ file: trace, sql, between }, { cache: false }));
  const runs = new LateRuns(
    { reader, build: buildMachine, builtinDisk, within },
    asks && ((command, latest) => asks.of(command, latest)),
  );
  const times = [...timesOf(reader, asked)].sort((a, b) => a.raisedAt - b.raisedAt);
  const between = asked.between ?? { from: 0, to: traceLength(file) };
  const progress = progressBar('delaying', times.length);
  const late: Late[] = [];
  try {
    for (const [n, command] of times.entries()) {
      if (signal.aborted) return { late, all: false };
      const one = await runs.of(irq, command, between);
      if (signal.aborted) return { late, all: false };
      if (one) late.push(one);
      progress.at(n + 1, plural(late.length, 'command'));
    }
    return { late, all: true };
  } finally {
    progress.end();
    runs.close();
    asks?.close();
  }
}

const isClockOrSerial = (irq: number): boolean => irq === 0 || irq === 4;

/** The times of the line's interrupts, each of which is an input. */
function timesOf(reader: TraceReader, { file, name = file, irq }: Asked): InterruptTime[] {
  const recorded = recordedOf(reader);
  const raises = recorded.raises(irq);
  if (raises) return interruptTimes(recorded.inputs, raises, irq);
  throw new BadInput(
    `${name} was recorded with --detail off and has no interrupt times`,
    'record it again without --detail off',
  );
}

/** Names of the code in the outcomes. */
function namesOf(file: string, { outcomes }: Explored): Promise<Map<number, string>> {
  const failing = outcomes.filter(({ failed }) => failed);
  return symbolsOf(
    file,
    failing.flatMap(({ delivery, sign }) => [delivery?.eip, sign?.eip]),
  );
}

/** Names of code by its address. */
export async function symbolsOf(
  file: string,
  places: readonly (number | undefined)[],
): Promise<Map<number, string>> {
  const unique = [...new Set(places.filter((eip) => eip !== undefined))];
  if (unique.length === 0) return new Map();
  const db = await openDatabase([file]);
  try {
    const values = unique.map((eip) => `(${eip}::UINTEGER)`).join(', ');
    const result = await db.query(`SELECT eip, symbol(0, eip) FROM (VALUES ${values}) places(eip)`);
    return new Map(cells(result).map(([eip, name]) => [Number(eip), String(name)]));
  } finally {
    db.close();
  }
}
