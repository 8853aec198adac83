import type { SourceEnd } from '../../../recorder/capture/input/input-source.ts';
import type { RecordResult } from '../../../recorder/capture/session.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { type Guest, openGuest } from '../options/guest.ts';
import { openInputs } from '../options/input-options.ts';
import { machineOf } from '../options/machine-options.ts';
import { givenProbes, namedGuest } from '../options/probe-options.ts';
import { parseCheckpoints, type RecordArguments } from '../options/record-options.ts';
import { parseSchedule } from '../options/schedule.ts';
import { parseCount, parseExitCode, parseLadder } from '../options/values.ts';
import { endingOf } from './guest-ending.ts';
import { recordGuest, recordingSummary } from './record-guest.ts';

/** Makes a recording by the options of `record` and reports it. */

export interface Recorded {
  readonly guest: Guest;
  readonly result: RecordResult;
}

export interface Take {
  readonly seed: bigint;
  /** The path of the trace. */
  readonly output: string;
  readonly quiet: boolean;
}

export async function recordAsked(args: RecordArguments, { seed, output, quiet }: Take): Promise<Recorded> {
  const machine = machineOf(args);
  const guest = openGuest({ ...args, seed, modules: args.module, initrds: args.initrd });
  const probes = givenProbes(args, namedGuest(guest));
  if (probes.length > 0 && machine.detail === 'off')
    throw new BadInput(
      '--detail off records no events, and so no calls',
      'leave out --probe and --trace, or --detail off',
    );
  const schedule = args.schedule === undefined ? { moves: [], injected: [] } : parseSchedule(args.schedule);
  const inject = [...args.inject, ...schedule.injected.map(({ value, icount }) => `${value}@${icount}`)];
  const result = await recordGuest(guest, {
    ...(probes.length > 0 ? { facts: [{ from: 0, probes }] } : {}),
    ...{ seed, output, quiet },
    instructions: parseCount(args.instructions, '--instructions'),
    screen: args.screen,
    ladderInterval: parseLadder(args.ladder),
    checkpoints: parseCheckpoints(args.checkpointEvery, args.checkpointShare, args.checkpointTime),
    inputs: openInputs({ ...args, inject }, machine.instructionsPerSecond),
    moves: schedule.moves,
    ...(args.expectExit.length > 0 ? { expectedExits: args.expectExit.map(parseExitCode) } : {}),
    config: machine,
  });
  return { guest, result };
}

export interface RecordingReport {
  /** True if the guest crashed, panicked or ended badly, or the script failed. */
  readonly failed: boolean;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Reports on the trace at `path`, whose final name is `name`. */
export function recordingReport(
  { screen }: Pick<RecordArguments, 'screen'>,
  { guest, result }: Recorded,
  path: string,
  name = path,
): RecordingReport {
  const ending = endingOf(path);
  const gaveUp = result.ended && !result.ended.ok ? gaveUpLines(result.ended, screen) : [];
  return {
    failed: ending.failed || gaveUp.length > 0,
    out: [...recordingSummary(path, guest, result, name), ...ending.lines],
    err: [...gaveUp, ...unmovedLines(result)],
  };
}

const unmovedLines = ({ unmoved = [], final }: RecordResult): string[] =>
  unmoved.map(
    ({ line, from, to }) =>
      `note: --schedule irq${line}=${to}@${from}: no IRQ ${line} was due at icount ${from} of this run, which ended at ${final.icount}`,
  );

/** Reports the script's reason for ending the recording; `shown`: the screen has already been printed. */
function gaveUpLines({ message, screen }: SourceEnd, shown: boolean): string[] {
  if (!screen || shown) return [`rewind386: ${message}`];
  if (!screen.some(Boolean)) return [`rewind386: ${message}; it is empty, or in a graphics mode`];
  const lines = screen.filter((line, n) => line !== '' || (n > 0 && screen[n - 1] !== ''));
  return [`rewind386: ${message}; it shows`, ...lines.map((line) => `  | ${line}`)];
}
