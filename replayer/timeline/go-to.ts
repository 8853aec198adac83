import { host } from '../../schemas/host.ts';
import type { Icount } from '../../schemas/units.ts';
import type { ForwardSession } from './forward-session.ts';

/** Moves a forward session to an icount, with progress and turns of the event loop. */

/** Instructions between two progress reports. */
const SLICE = 1 << 22;

/** Moves a session forward to `icount`, by the trace's nearest checkpoint and execution from there. */
export async function goTo(
  session: ForwardSession,
  icount: Icount,
  onProgress?: (icount: Icount) => void,
): Promise<void> {
  session.restoreRecorded(session.machine.icount, icount);
  await executeTo(session, icount, onProgress);
}

/** Moves a session forward by execution alone, for callers that watch the machine on the way. */
export async function executeTo(
  session: ForwardSession,
  icount: Icount,
  onProgress: (icount: Icount) => void = () => {},
): Promise<void> {
  const { machine } = session;
  while (machine.icount < icount) {
    const before = machine.icount;
    session.run(Math.min(icount, before + SLICE));
    if (machine.icount === before) return;
    onProgress(machine.icount);
    await host().turn();
  }
}
