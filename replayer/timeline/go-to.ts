import { host } from '../../schemas/host.ts';
import type { Icount } from '../../schemas/units.ts';
import type { ForwardSession } from './forward-session.ts';

/** Takes a forward session to an icount, with turns for the event loop and progress. */

/** Instructions between two looks at the progress. */
const SLICE = 1 << 22;

/** Takes a session on to `icount`: by the trace's nearest checkpoint, and the rest by execution. */
export async function goTo(
  session: ForwardSession,
  icount: Icount,
  onProgress?: (icount: Icount) => void,
): Promise<void> {
  session.restoreRecorded(session.machine.icount, icount);
  await executeTo(session, icount, onProgress);
}

/** The same with nothing left out, as it must be for whoever watches the machine on its way. */
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
