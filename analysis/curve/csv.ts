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

/** The runs of a file that runsToCsv wrote, under these conditions. Throws BadInput for anything else. */
export function runsFromCsv(text: string, name: string, conditions: Conditions): Run[] {
  const [head, ...lines] = text.split('\n').filter((line) => line !== '');
  if (head !== COLUMNS.join(','))
    throw new BadInput(
      `${name} is not a table of \`curve\``,
      `give -o another name, or leave --continue out`,
    );
  return lines.map((line, n) => runFrom(line, `${name}, line ${n + 2}`, conditions));
}

const NUMBER = /^\d+(?:\.\d+)?(?:e-?\d+)?$/;

function runFrom(line: string, where: string, conditions: Conditions): Run {
  const [, plain, death] = /^((?:[^,"]*,){13})(?:"((?:[^"]|"")*)")?$/.exec(line) ?? [];
  const cells = (plain ?? '').split(',');
  const [kernel, sessions, seed] = cells;
  const times = cells.slice(8, 13);
  const well =
    plain !== undefined &&
    NUMBER.test(sessions) &&
    /^\d{1,20}$/.test(seed) &&
    times.every((cell, n) => NUMBER.test(cell) || (cell === '' && n > 1));
  if (!well) throw new BadInput(`${where}: not a run`, 'take a file that `curve` wrote');
  if (cells.slice(3, 8).join() !== cellsOf(conditions).join())
    throw new BadInput(
      `${where}: a run under other conditions, ${cells.slice(3, 8).join(', ').slice(0, 60)}`,
      'give the same --servers, --think, --disk-latency, --jitter and --mips, or -o another name',
    );
  const icount = (seconds: string) => Math.round(Number(seconds) * perSecond(conditions));
  const [until, transfers, misused, corrupted, died] = times;
  const at = (key: string, seconds: string) => (seconds === '' ? {} : { [key]: icount(seconds) });
  return {
    ...{ kernel, sessions: Number(sessions), seed: BigInt(seed) },
    trial: {
      ...{ until: icount(until), transfers: Number(transfers), interrupted: false },
      ...at('misused', misused),
      ...at('corrupted', corrupted),
      ...at('died', died),
      ...(death === undefined ? {} : { death: death.replaceAll('""', '"') }),
    },
  };
}
