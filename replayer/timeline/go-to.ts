import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { ForwardSession } from './forward-session.ts';

/** Instructions between two looks at the progress. */
const SLICE = 1 << 22;

/** Takes a session that is at its start to `icount`: by the trace's nearest checkpoint, and the rest by execution. */
export async function goTo(
  session: ForwardSession,
  icount: number,
  onProgress: (icount: number) => void = () => {},
): Promise<void> {
  const { machine } = session;
  session.restoreRecorded(machine.icount, icount);
  while (machine.icount < icount) {
    const before = machine.icount;
    session.run(Math.min(icount, before + SLICE));
    if (machine.icount === before) return;
    onProgress(machine.icount);
    await eventLoopTurn();
  }
}
