import { machineOf } from '../options/machine-options.ts';
import type { RecordArguments } from '../options/record-options.ts';
import { checkTraces } from './check-report.ts';
import { type RecordingReport, recordAsked, recordingReport } from './record-asked.ts';

/** One seed of `record --until-fail`: recorded and judged. Requests and answers are plain values, for worker processes. */

export interface SeedRequest {
  readonly args: RecordArguments;
  readonly seed: bigint;
  /** The path of its trace. */
  readonly path: string;
}

export interface SeedAnswer {
  /** True if Ctrl-C interrupted it; the result is then unknown. */
  readonly fate: 'good' | 'failed' | 'interrupted';
  /** Report lines that name the trace by its requested path. */
  readonly report: RecordingReport;
}

export async function recordSeed({ args, seed, path }: SeedRequest): Promise<SeedAnswer> {
  const recorded = await recordAsked(args, { seed, output: path, quiet: true });
  const report = recordingReport(args, recorded, path, args.output);
  const { exit, ended } = recorded.result;
  if (exit.kind === 'interrupted' && !ended) return { fate: 'interrupted', report };
  const failed = report.failed || (await hasError(args, path));
  return { fate: failed ? 'failed' : 'good', report };
}

/** Checks the run too, since one that ended well may contain errors. */
async function hasError(args: RecordArguments, path: string): Promise<boolean> {
  if (machineOf(args).detail === 'off') return false;
  const { findings } = await checkTraces([path], { executes: { disks: [] } });
  return findings.some(({ check }) => check.severity === 'error');
}
