import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { cells } from '../../db/results.ts';
import { type Explored, explore, type Outcome } from '../../explore/explore.ts';
import { boundariesOf, injected, type Stretch, steered, type Window } from '../../explore/placements.ts';
import { commandSql } from '../../sql/catalog.ts';
import { interruptTimes, recordedOf } from '../../what-if/recorded-interrupts.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped, plural, shellWord } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';
import { openDatabase } from './open-database.ts';

/** `rewind386 explore`: from a trace to its windows, the placements in them, and what became of each. */

export interface Asked {
  readonly file: string;
  readonly irq: number;
  /** Placements outside of this are left out. */
  readonly between: { readonly from: number; readonly to: number } | undefined;
  /** Gives from_icount and to_icount of each window. */
  readonly sql: string | undefined;
  readonly within: number;
  /** Requests are injected, which a device may not have been able to make. */
  readonly any: boolean;
  /** Runs every placement of a class. */
  readonly unpruned?: boolean;
  readonly disks: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export interface Exploration {
  readonly asked: Asked;
  /** Windows with a boundary inside. */
  readonly windows: number;
  readonly explored: Explored;
  /** Names of code by its address. */
  readonly names: ReadonlyMap<number, string>;
}

export async function exploreTrace(asked: Asked): Promise<Exploration> {
  const windows = await windowsOf(asked);
  const reader = TraceReader.open(asked.file, { disks: asked.disks });
  try {
    const stretches = stretchesOf(reader, asked, windows);
    const last = stretches.at(-1)?.boundaries.at(-1)?.last ?? 0;
    const progress = progressBar('exploring', last);
    try {
      const explored = await explore({
        ...{ reader, build: buildMachine, builtinDisk, stretches },
        ...{ irq: asked.irq, within: asked.within, signal: asked.signal },
        unpruned: asked.unpruned ?? false,
        onProgress: ({ outcomes }) => progress.at(outcomes.at(-1)?.at ?? 0),
      });
      return { asked, windows: windows.length, explored, names: await namesOf(asked.file, explored) };
    } finally {
      progress.end();
    }
  } finally {
    reader.close();
  }
}

async function windowsOf({ file, sql, between }: Asked): Promise<Window[]> {
  const run = { from: 0, to: traceLength(file) };
  const db = await openDatabase([file]);
  try {
    const result = await db.query(sql ?? commandSql('explore-windows'));
    const columns = result.deduplicatedColumnNames();
    const [from, to] = ['from_icount', 'to_icount'].map((name) => columns.indexOf(name));
    if (from < 0 || to < 0)
      throw new BadInput(
        `--sql gives ${columns.join(', ')}`,
        'give the columns from_icount and to_icount: set, and last use',
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

function stretchesOf(
  reader: TraceReader,
  { file, irq, any }: Asked,
  windows: readonly Window[],
): readonly Stretch[] {
  const inside = boundariesOf(windows);
  if (any) return injected(irq, inside);
  const recorded = recordedOf(reader);
  const raises = recorded.raises(irq);
  if (!raises)
    throw new BadInput(
      `${file} was recorded with --detail off, and does not tell when interrupts came`,
      'record it again without --detail off',
    );
  return steered(irq, interruptTimes(recorded.inputs, raises), inside, recorded.shortestDiskTime);
}

/** Of the code that the outcomes name. */
async function namesOf(file: string, { outcomes }: Explored): Promise<Map<number, string>> {
  const failing = outcomes.filter(({ failed }) => failed);
  const places = failing.flatMap(({ delivery, sign }) => [delivery?.eip, sign?.eip]);
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

/** Failures that are shown, one of each kind and place, before the rest is counted. */
const SHOWN = 10;

/** The failures, by kind and places, and how much was tried. */
export function describeExploration(exploration: Exploration): string[] {
  const { asked, explored } = exploration;
  const groups = grouping(exploration);
  const lines = explored.recorded
    ? [
        `note: the recording itself has a ${explored.recorded.kind} at icount ${grouped(explored.recorded.icount)}`,
      ]
    : [];
  for (const { what, outcomes } of groups.slice(0, SHOWN)) {
    const [first] = outcomes;
    lines.push(
      `FAIL ${what}${outcomes.length > 1 ? ` (${plural(outcomes.length, 'class', 'classes')})` : ''}`,
      `     rewind386 replay ${shellWord(asked.file)} ${first.option} -o placement-${first.at}.r386`,
    );
  }
  if (groups.length > SHOWN) lines.push(`… and ${groups.length - SHOWN} other kinds: --json shows all`);
  return [...lines, coverage(exploration)];
}

/** For whom the answer is a number: never that nothing is left. */
export function coverage({ asked, windows, explored }: Exploration): string {
  const { placements, classes, outcomes, complete } = explored;
  const failed = outcomes.filter((outcome) => outcome.failed).length;
  const run = complete
    ? 'all run'
    : `${grouped(outcomes.length)} run when it was stopped, before it had seen all`;
  const how = asked.any ? `one injected IRQ ${asked.irq}, legal or not` : `one earlier IRQ ${asked.irq}`;
  return (
    `for this recording's inputs and ${how}, in ${plural(windows, 'window')}, for ${grouped(asked.within)} instructions after it: ` +
    `${plural(placements, 'placement')} in ${plural(classes, 'class', 'classes')}, ${run}; ${grouped(failed)} fail`
  );
}

interface Group {
  readonly what: string;
  readonly outcomes: Outcome[];
}

/** Failures that look alike: the same sign, at the same instruction. */
export function grouping({ explored, names, asked }: Exploration): Group[] {
  const groups = new Map<string, Group>();
  for (const outcome of explored.outcomes.filter(({ failed }) => failed)) {
    const key = failureOf(outcome, names);
    const group = groups.get(key) ?? {
      what: `${key}: IRQ ${asked.irq} at icount ${grouped(outcome.at)}${interrupted(outcome, names)}`,
      outcomes: [],
    };
    groups.set(key, group);
    group.outcomes.push(outcome);
  }
  return [...groups.values()];
}

const codeAt = (eip: number, names: ReadonlyMap<number, string>): string =>
  names.get(eip) ?? eip.toString(16).padStart(8, '0');

const interrupted = ({ delivery }: Outcome, names: ReadonlyMap<number, string>): string =>
  delivery ? `, delivered in ${codeAt(delivery.eip, names)}` : ', not delivered';

function failureOf({ sign, end }: Outcome, names: ReadonlyMap<number, string>): string {
  if (sign) return `${sign.kind} ${sign.text || `in ${codeAt(sign.eip, names)}`}`;
  if (end?.kind === 'exit') return `exit code 0x${end.code.toString(16)}`;
  return end?.kind === 'shutdown' ? `shutdown: ${end.message}` : 'halted forever';
}

/** For `--json`. */
export function explorationFacts(exploration: Exploration): unknown {
  const { asked, windows, explored, names } = exploration;
  const { placements, classes, complete, outcomes } = explored;
  return {
    ...{ file: asked.file, irq: asked.irq, any: asked.any, within: asked.within },
    ...{ windows, placements, classes, run: outcomes.length, complete },
    failures: outcomes
      .filter(({ failed }) => failed)
      .map((outcome) => ({
        at: outcome.at,
        placements: outcome.placement.at - outcome.placement.first + 1,
        failure: untrusted(failureOf(outcome, names)),
        icount: outcome.sign?.icount,
        delivered: outcome.delivery && {
          icount: outcome.delivery.icount,
          code: untrusted(codeAt(outcome.delivery.eip, names)),
        },
        replay: outcome.option,
      })),
  };
}
