import { buildMachine } from '../../../recorder/machine/build.ts';
import { Debuggee } from '../../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { grouped } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';

/** Call stacks of a recorded run, by executing it up to each instant. */

export interface StacksOf {
  readonly names?: Names | undefined;
  /** The user's files for disks that are not in the trace. */
  readonly disks: readonly string[];
}

/** Goes to each icount of a trace, in the order of the run, before the instruction there. Throws BadInput for one after its end. */
export async function visitInstants(
  file: string,
  icounts: readonly number[],
  { names, disks }: StacksOf,
  visit: (icount: number, debuggee: Debuggee, code: GuestCode) => void,
): Promise<void> {
  const instants = [...new Set(icounts)].sort((a, b) => a - b);
  const reader = TraceReader.open(file, { disks, names });
  const last = instants.at(-1) ?? 0;
  const progress = progressBar('replaying', last);
  try {
    if (last > reader.endIcount)
      throw new BadInput(
        `${file} ends at icount ${grouped(reader.endIcount)}, before ${grouped(last)}`,
        `give icounts up to ${reader.endIcount}`,
      );
    const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
    const debuggee = new Debuggee(session, { onProgress: (icount) => progress.at(icount) }, () => {});
    const { guest } = reader.names;
    const code = new GuestCode(guest, kernelFiles(guest));
    for (const icount of instants) {
      await debuggee.goto({ icount, deliveries: 0 });
      visit(icount, debuggee, code);
    }
  } finally {
    progress.end();
    reader.close();
  }
}
