import { openGuest } from '../../analysis/cli/options/guest.ts';
import { ConsoleLines } from '../../analysis/cli/terminal/console-lines.ts';
import type { CheckpointOptions } from '../../recorder/capture/checkpoint-policy.ts';
import { type RecordResult, record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, type MachineConfig } from '../../recorder/machine/config.ts';

/** Records of the built-in guest, as `rewind386 record` makes them. */

export interface GuestRun {
  readonly kernel: 'buggy' | 'fixed';
  readonly workload: string;
  readonly variant?: string;
  readonly seed: number;
  /** Percent of the workload's default length. */
  readonly scale?: number;
  readonly config?: Partial<MachineConfig>;
  /** Path of the trace; without one nothing is kept. */
  readonly output?: string;
  readonly instructions?: number;
  readonly checkpoints?: CheckpointOptions;
  readonly ladderInterval?: number;
}

export async function runGuest(run: GuestRun): Promise<RecordResult & { readonly lines: readonly string[] }> {
  const seed = BigInt(run.seed);
  const guest = openGuest({
    guest: 'bsd96',
    kernel: run.kernel,
    workload: run.workload,
    variant: run.variant,
    seed,
    modules: [],
    append: run.scale ? `scale=${run.scale}` : undefined,
  });
  const lines: string[] = [];
  const consoleLines = new ConsoleLines((line) => lines.push(String(line)));
  const result = await record({
    toolVersion: 'test',
    guestName: guest.name,
    boot: guest.boot,
    profile: guest.profile,
    profileSource: guest.profileSource,
    labels: guest.labels,
    ...(guest.disk ? { disk: guest.disk } : {}),
    build: buildMachine,
    seed,
    config: { ...DEFAULT_CONFIG, ...run.config },
    instructions: run.instructions ?? 1e9,
    ...(run.ladderInterval ? { ladderInterval: run.ladderInterval } : {}),
    ...(run.checkpoints ? { checkpoints: run.checkpoints } : {}),
    ...(run.output ? { output: run.output } : {}),
    onEvents: (batch) => consoleLines.take(batch),
  });
  consoleLines.end();
  return { ...result, lines };
}
