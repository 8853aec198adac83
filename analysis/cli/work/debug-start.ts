import type { Debuggee } from '../../../replayer/debug/debuggee.ts';
import type { Monitor } from '../../../replayer/debug/monitor.ts';

/** The position at which a debugger begins: an icount, a finding of the checks (from 1), or the end. */
export interface DebugStart {
  readonly at: number | undefined;
  readonly finding: number | undefined;
}

export async function goToStart(
  debuggee: Debuggee,
  monitor: Monitor,
  { at, finding }: DebugStart,
): Promise<void> {
  const icount = finding === undefined ? at : (await monitor.findingNumber(finding)).icount;
  await debuggee.goto({ icount: icount ?? debuggee.recording.end, deliveries: 0 });
}
