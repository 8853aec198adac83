import { BadInput } from '../../schemas/bad-input.ts';
import type { Run } from './point.ts';

/** The runs of a curve as a table: one row each, times in virtual seconds. The figures are made of it, and can be made of it again. */

/** The rest of what a run depends on, as the command line has it. */
export interface Conditions {
  readonly servers: number;
  readonly think: number;
  readonly diskLatency: string;
  readonly jitter: string;
  readonly mips: number;
}

const COLUMNS = [
  ...['kernel', 'sessions_per_second', 'seed'],
  ...['servers', 'think_ms', 'disk_latency', 'jitter', 'mips'],
  ...['observed_s', 'disk_interrupts', 'first_misuse_s', 'first_corruption_s', 'death_s', 'death'],
];

const perSecond = ({ mips }: Conditions): number => mips * 1e6;

const cellsOf = ({ servers, think, diskLatency, jitter, mips }: Conditions): string[] =>
  [servers, think, diskLatency, jitter, mips].map(String);

export function runsToCsv(runs: readonly Run[], conditions: Conditions): string {
  const time = (icount: number | undefined) =>
    icount === undefined ? '' : String(icount / perSecond(conditions));
  const rows = runs.map(({ kernel, sessions, seed, trial }) => [
    ...[kernel, String(sessions), String(seed), ...cellsOf(conditions)],
    ...[time(trial.until), String(trial.transfers), time(trial.misused), time(trial.corrupted)],
    ...[time(trial.died), quoted(trial.death ?? '')],
  ]);
  return `${[COLUMNS, ...rows].map((row) => row.join(',')).join('\n')}\n`;
}

/** A guest's words, on one line. */
const quoted = (text: string): string =>
  text === '' ? '' : `"${text.replaceAll(/[^\x20-\x7e]/g, ' ').replaceAll('"', '""')}"`;

/** A run of a table, with what else it depends on as the table has it. */
interface Row {
  readonly run: Run;
  readonly conditions: Conditions;
  /** File and line, for messages. */
  readonly where: string;
}

/** The runs of a file that runsToCsv wrote, under these conditions. Throws BadInput for anything else. */
export function runsFromCsv(text: string, name: string, conditions: Conditions): Run[] {
  return runsUnder(rowsFromCsv(text, name), conditions, (different) => [
    different,
    'give the same --servers, --think, --disk-latency, --jitter and --mips, or -o another name',
  ]);
}

/** Contents of a file. */
export interface Table {
  readonly name: string;
  readonly text: string;
}

/**
 * The runs of several files that runsToCsv wrote under the same conditions, in their order. A run that several have counts once. Throws
 * BadInput for other conditions, and for two runs of one kernel, load and seed that differ.
 */
export function joinedTables(tables: readonly Table[]): {
  readonly runs: Run[];
  readonly conditions: Conditions;
} {
  const rows = tables.flatMap(({ text, name }) => rowsFromCsv(text, name));
  if (rows.length === 0)
    throw new BadInput(
      `${tables.map(({ name }) => name).join(', ')}: no runs`,
      'give tables that `curve` wrote',
    );
  const [{ conditions, where: first }] = rows;
  runsUnder(rows, conditions, (different) => [
    `${different}, not those of ${first}`,
    'join tables of one machine and one load alone',
  ]);
  const known = new Map<string, Row>();
  for (const row of rows) {
    const key = runKey(row.run);
    const before = known.get(key);
    if (before && !isDeepEqual(before.run, row.run))
      throw new BadInput(
        `${row.where}: not the run of ${key} in ${before.where}`,
        'one of them is of another version of rewind386, or was watched for another time: leave it out',
      );
    known.set(key, before ?? row);
  }
  return { runs: [...known.values()].map(({ run }) => run), conditions };
}

/** Names a run among those under the same conditions. */
export const runKey = ({ kernel, sessions, seed }: Pick<Run, 'kernel' | 'sessions' | 'seed'>): string =>
  `${kernel} ${sessions} ${seed}`;

const isDeepEqual = (a: Run, b: Run): boolean =>
  Object.entries({ ...a.trial, ...b.trial }).every(
    ([key]) => a.trial[key as keyof Run['trial']] === b.trial[key as keyof Run['trial']],
  );

function runsUnder(
  rows: readonly Row[],
  conditions: Conditions,
  tell: (different: string) => readonly [what: string, todo: string],
): Run[] {
  const odd = rows.find((row) => cellsOf(row.conditions).join() !== cellsOf(conditions).join());
  if (odd)
    throw new BadInput(
      ...tell(`${odd.where}: a run under other conditions, ${cellsOf(odd.conditions).join(', ')}`),
    );
  return rows.map(({ run }) => run);
}

function rowsFromCsv(text: string, name: string): Row[] {
  const [head, ...lines] = text.split('\n').filter((line) => line !== '');
  if (head !== COLUMNS.join(','))
    throw new BadInput(
      `${name} is not a table of \`curve\``,
      `give -o another name, or leave --continue out`,
    );
  return lines.map((line, n) => rowFrom(line, `${name}, line ${n + 2}`));
}

/** A kernel, which also names a file. */
const KERNEL = /^[a-z][a-z0-9-]{0,40}(?::[a-z][a-z0-9-]{0,40})?$/;
const NUMBER = /^\d+(?:\.\d+)?(?:e-?\d+)?$/;
const RANGE = /^[\w.]{1,20}(?:-[\w.]{1,20})?$/;
const PERCENT = /^\d{1,3}%?$/;

function rowFrom(line: string, where: string): Row {
  const [, plain, death] = /^((?:[^,"]*,){13})(?:"((?:[^"]|"")*)")?$/.exec(line) ?? [];
  const cells = (plain ?? '').split(',');
  const [kernel, sessions, seed, servers, think, diskLatency, jitter, mips] = cells;
  const times = cells.slice(8, 13);
  const well =
    plain !== undefined &&
    KERNEL.test(kernel) &&
    [sessions, servers, think, mips].every((cell) => NUMBER.test(cell)) &&
    RANGE.test(diskLatency) &&
    PERCENT.test(jitter) &&
    Number(mips) > 0 &&
    /^\d{1,20}$/.test(seed) &&
    times.every((cell, n) => NUMBER.test(cell) || (cell === '' && n > 1));
  if (!well) throw new BadInput(`${where}: not a run`, 'take a file that `curve` wrote');
  const conditions = {
    ...{ servers: Number(servers), think: Number(think), mips: Number(mips) },
    ...{ diskLatency, jitter },
  };
  const icount = (seconds: string) => Math.round(Number(seconds) * perSecond(conditions));
  const [until, transfers, misused, corrupted, died] = times;
  const at = (key: string, seconds: string) => (seconds === '' ? {} : { [key]: icount(seconds) });
  const run = {
    ...{ kernel, sessions: Number(sessions), seed: BigInt(seed) },
    trial: {
      ...{ until: icount(until), transfers: Number(transfers), interrupted: false },
      ...at('misused', misused),
      ...at('corrupted', corrupted),
      ...at('died', died),
      ...(death === undefined ? {} : { death: death.replaceAll('""', '"') }),
    },
  };
  return { run, conditions, where };
}
