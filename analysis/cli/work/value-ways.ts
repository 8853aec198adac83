import { buildMachine } from '../../../recorder/machine/build.ts';
import { GuestCode } from '../../../replayer/debug/guest-code.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import { Timeline } from '../../../replayer/timeline/timeline.ts';
import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import type { StoreIndex } from '../../db/store-index.ts';
import type { Ways } from '../../why/way-back.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { kernelFiles } from '../options/kernel-files.ts';
import { progressBar } from '../terminal/progress.ts';
import { openStoreIndex } from './open-store-index.ts';

/** Sets up tracing of values for commands: a timeline, names of code, and the index of stores. */

export interface WaysOptions {
  readonly names?: Names | undefined;
  readonly disks: readonly string[];
  readonly hops: number;
}

/** Calls `use` with the means to trace a value: a timeline that executes the run again, and the index of stores. */
export async function withWays<Result>(
  file: string,
  { names, disks, hops }: WaysOptions,
  use: (ways: Ways) => Promise<Result>,
): Promise<Result> {
  const reader = TraceReader.open(file, { disks, names });
  const progress = progressBar('replaying', reader.endIcount);
  let index: StoreIndex | undefined;
  try {
    const session = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
    const timeline = new Timeline(session, { onProgress: (icount) => progress.at(icount) });
    const { guest } = reader.names;
    const { kernel, debugFile } = kernelFiles(guest);
    return await use({
      timeline,
      hops,
      code: new GuestCode(guest, { kernel, debugFile }),
      lastWriters: async (physical, bytes, before) => {
        index ??= await openStoreIndex(file, disks);
        return index.find(physical, bytes, before);
      },
    });
  } finally {
    progress.end();
    index?.close();
    reader.close();
  }
}
