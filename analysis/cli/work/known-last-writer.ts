import { buildMachine } from '../../../recorder/machine/build.ts';
import type { MonitorOptions } from '../../../replayer/debug/monitor.ts';
import { type LastWriter, newestWriter } from '../../../replayer/store-index/last-writer.ts';
import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { StoreIndex } from '../../db/store-index.ts';
import { builtinDisk } from '../options/builtin-guest.ts';

/**
 * Looks up last writers in the index of stores that `who-wrote` made, if it exists. It is opened for each question, because it may be
 * made while the debugger runs.
 */
export function knownLastWriter(reader: TraceReader): NonNullable<MonitorOptions['lastWriter']> {
  const { drives = [], parent } = reader.header;
  const look = drives.some(({ kind }) => kind === 'floppy') || parent ? withDevices : withoutDevices;
  return (physical, bytes, before) => {
    const index = StoreIndex.openIfCurrent(reader.path, { build: buildMachine, builtinDisk, note() {} });
    try {
      if (!index || before > index.end) return undefined;
      const last = look(index, physical, bytes, before);
      return last?.kind === 'never' && index.begin > 0 ? undefined : last;
    } catch {
      // If the index is damaged, execution finds the answer too.
      return undefined;
    } finally {
      index?.close();
    }
  };
}

type Look = (index: StoreIndex, physical: number, bytes: number, before: number) => LastWriter | undefined;

const withoutDevices: Look = (index, physical, bytes, before) =>
  newestWriter(index.look(physical, bytes, before));

/** The last writer before a debugger's position, which is after device writes on arrival at the same icount. */
const withDevices: Look = (index, physical, bytes, before) => {
  const through = newestWriter(index.look(physical, bytes, before + 1));
  if (through.kind !== 'write' || through.write.icount < before) return through;
  const { source } = through.write;
  // The instruction's own write is still to come, and may hide a device's.
  return source === 'dma' || source === 'poke' ? through : undefined;
};
