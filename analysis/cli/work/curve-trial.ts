import { VERSION } from '../../../host/tool-version.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import type { MachineConfig } from '../../../recorder/machine/config.ts';
import { runTrial, type Trial } from '../../curve/trial.ts';
import { BUILTIN_GUEST } from '../options/builtin-guest.ts';
import { openGuest } from '../options/guest.ts';

/** One run of `curve`: the built-in guest under an open load. Requests and answers are plain values, for worker processes. */

export interface CurveRequest {
  /** `KERNEL`, or `KERNEL:VARIANT`. */
  readonly kernel: string;
  /** Sessions per virtual second. */
  readonly sessions: number;
  readonly servers: number;
  /** Virtual milliseconds between the requests of a session. */
  readonly think: number;
  readonly seed: bigint;
  readonly machine: MachineConfig;
  readonly instructions: number;
}

/** The guest's clock: ticks per second. */
export const GUEST_HZ = 100;
/** Maximum characters of the workload's argument in the kernel. */
export const LONGEST_LOAD = 15;

/** The argument of the workload (recorder/guest/user/archive.c). */
export const loadText = ({
  sessions,
  servers,
  think,
}: Pick<CurveRequest, 'sessions' | 'servers' | 'think'>): string =>
  [Math.round(sessions * 100), servers, Math.round((think * GUEST_HZ) / 1000)].join(':');

export async function curveTrial(request: CurveRequest, signal?: AbortSignal): Promise<Trial> {
  const [kernel, variant] = request.kernel.split(':');
  const guest = openGuest({
    ...{ guest: BUILTIN_GUEST, kernel, variant, workload: 'archive', seed: request.seed },
    ...{ append: `scale=${loadText(request)}`, modules: [] },
  });
  const good = guest.description?.exitSuccess?.map(Number) ?? [0];
  return await runTrial(
    {
      ...{ toolVersion: VERSION, guestName: guest.name, boot: guest.boot, labels: guest.labels },
      ...{ profile: guest.profile, profileSource: guest.profileSource, build: buildMachine },
      ...(guest.disk ? { disk: guest.disk } : {}),
      ...{ seed: request.seed, instructions: request.instructions, config: request.machine },
      ...(signal ? { signal } : {}),
    },
    (code) => good.includes(code),
  );
}
