import { buildMachine } from '../../../recorder/machine/build.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../../../replayer/verify/replay.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { traceLength } from '../report/trace-length.ts';
import { ConsoleLines } from '../terminal/console-lines.ts';
import { grouped, plural, shellWord } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';

/** Replays a trace and reports on it, for several commands. */

/** Replays a trace under a progress bar. */
export async function replayTrace(
  path: string,
  options: Pick<
    ReplayOptions,
    | 'until'
    | 'detail'
    | 'storesFrom'
    | 'facts'
    | 'windows'
    | 'process'
    | 'output'
    | 'watchDisk'
    | 'disks'
    | 'onEvents'
  > & {
    readonly showConsole: boolean;
  },
): Promise<ReplayResult> {
  const { showConsole, onEvents, ...rest } = options;
  const progress = progressBar('replaying', rest.until ?? traceLength(path));
  const lines = new ConsoleLines((line) => progress.line(`  | ${line}`));
  try {
    return await replay({
      ...rest,
      path,
      build: buildMachine,
      builtinDisk,
      onProgress: (icount) => progress.at(icount),
      onEvents: (batch) => {
        if (showConsole) lines.take(batch);
        onEvents?.(batch);
      },
    });
  } finally {
    lines.end();
    progress.end();
  }
}

export function replaySummary(path: string, result: ReplayResult): string[] {
  const { verified, icount, reachedEnd, torn, hashesCompared } = result;
  const hashes = hashesCompared
    ? plural(verified.rungs, 'state hash', 'state hashes')
    : 'no state hash (they are of another version of the machine)';
  const what = `${hashes}, ${plural(verified.events, 'event')}, ${plural(verified.inputs, 'input')}`;
  const end = reachedEnd ? 'and the final state agree' : `agree up to icount ${grouped(icount)}`;
  return [
    `${path}: replayed ${plural(icount, 'instruction')}: ${what} ${end}`,
    ...(torn ? [`torn trace: ${torn.what}`] : []),
  ];
}

/** The first difference, and the next command. */
export function divergenceReport(path: string, { divergence, verified }: ReplayResult): string[] {
  if (!divergence) return [];
  const { icount, since, subsystem, expected, actual, also, damage, next } = divergence;
  const damaged = subsystem === 'trace' || damage !== undefined;
  return [
    `${path}: DIVERGENCE at icount ${grouped(icount)} in ${subsystem}`,
    `  recorded: ${expected}`,
    `  replayed: ${actual}`,
    ...(also.length > 0 ? [`  also different: ${also.join(', ')}`] : []),
    ...(damage && subsystem !== 'trace' ? [`  the file is damaged: ${damage}`] : []),
    `  verified before: ${plural(verified.rungs, 'state hash', 'state hashes')} (the last at icount ${grouped(since)}), ${plural(verified.events, 'event')}`,
    `next: ${next}`,
    ...(damaged || icount === 0 ? [] : [`next: rewind386 replay ${shellWord(path)} --bisect`]),
  ];
}
