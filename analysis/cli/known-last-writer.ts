import { buildMachine } from '../../recorder/machine/build.ts';
import type { MonitorOptions } from '../../replayer/gdb/monitor.ts';
import { newestWriter } from '../../replayer/store-index/last-writer.ts';
import type { TraceReader } from '../../replayer/trace-reader.ts';
import { StoreIndex } from '../db/store-index.ts';
import { builtinDisk } from './builtin-guest.ts';

/**
 * Asks the index of stores that `who-wrote` has made of the trace, if it has. Opened anew each time: it may be made while
 * the debugger runs.
 */
export function knownLastWriter(reader: TraceReader): NonNullable<MonitorOptions['lastWriter']> {
  const { drives = [], parent } = reader.header;
  // The index has no writes by bus masters and pokes but those to page tables.
  const complete = !drives.some(({ kind }) => kind === 'floppy') && !parent;
  return (physical, bytes, before) => {
    if (!complete) return undefined;
    const index = StoreIndex.openIfCurrent(reader.path, { build: buildMachine, builtinDisk, note() {} });
    try {
      if (!index || before > index.end) return undefined;
      const last = newestWriter(index.look(physical, bytes, before));
      return last.kind === 'never' && index.begin > 0 ? undefined : last;
    } catch {
      // Damaged: execution knows as well.
      return undefined;
    } finally {
      index?.close();
    }
  };
}
