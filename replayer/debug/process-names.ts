import { columnOf } from '../../schemas/events.ts';
import type { Icount } from '../../schemas/units.ts';
import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';
import type { TraceReader } from '../trace/trace-reader.ts';

/** Names of processes by their page directories. */

interface Seen {
  readonly icount: Icount;
  readonly name: Untrusted;
}

const COLUMNS = ['icount', 'cr3', 'proc', 'pid', 'comm0', 'comm1', 'comm2', 'comm3'];

/** The process that ran under each page directory, from the `contexts` of the recording. */
export class ProcessNames {
  /** By physical address of the directory, in the order of the run. */
  private readonly seen = new Map<number, Seen[]>();

  constructor(reader: TraceReader) {
    for (const [i, entry] of reader.chunks.entries()) {
      if (!entry.rows.contexts) continue;
      const table = reader.readChunk(i).table('contexts');
      const columns = COLUMNS.map((name) => columnOf(table, name));
      for (let row = 0; row < table.count; row++) this.add(columns.map((column) => column[row]));
    }
  }

  /** The values of COLUMNS. */
  private add([icount, cr3, proc, pid, ...comm]: readonly number[]): void {
    const bytes = Buffer.from(new Uint32Array(comm).buffer);
    const end = bytes.indexOf(0);
    const name = proc === 0 ? 'idle' : `${bytes.toString('latin1', 0, end < 0 ? bytes.length : end)}[${pid}]`;
    const directory = (cr3 & ~0xfff) >>> 0;
    this.seen.set(directory, [...(this.seen.get(directory) ?? []), { icount, name: untrusted(name) }]);
  }

  /** The process last seen under a directory (physical address) at `icount`; undefined if none was. */
  at(directory: number, icount: Icount): Untrusted | undefined {
    return this.seen.get((directory & ~0xfff) >>> 0)?.findLast((seen) => seen.icount <= icount)?.name;
  }
}
