import { buildMachine } from '../../../recorder/machine/build.ts';
import type { Machine } from '../../../recorder/machine/machine.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import { goTo } from '../../../replayer/timeline/go-to.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { grouped } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';

/**
 * The machine of a trace at `icount`, or at the end of the recording, reached from the trace's checkpoints and verified on the way.
 * `disks`: the user's files for disks that are not in the trace.
 */
export async function machineAt(
  file: string,
  icount: number | undefined,
  disks: readonly string[] = [],
): Promise<Machine> {
  const reader = TraceReader.open(file, { disks });
  try {
    const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
    const target = icount ?? session.end;
    if (target > session.end)
      throw new BadInput(
        `${file} ends at icount ${grouped(session.end)}, before ${grouped(target)}`,
        `give an icount up to ${session.end}`,
      );
    const progress = progressBar('replaying', target);
    try {
      await goTo(session, target, (at) => progress.at(at));
    } finally {
      progress.end();
    }
    return session.machine;
  } finally {
    reader.close();
  }
}
