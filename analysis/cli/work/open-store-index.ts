import { buildMachine } from '../../../recorder/machine/build.ts';
import { StoreIndex } from '../../db/store-index.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { traceLength } from '../report/trace-length.ts';
import { note, progressBar } from '../terminal/progress.ts';

/** The index of a trace, built under a progress bar if there is none. */
export async function openStoreIndex(path: string, disks: readonly string[] = []): Promise<StoreIndex> {
  const progress = progressBar('indexing stores', traceLength(path));
  try {
    return await StoreIndex.open(path, {
      build: buildMachine,
      builtinDisk,
      disks,
      note,
      onProgress: (icount) => progress.at(icount),
    });
  } finally {
    progress.end();
  }
}
