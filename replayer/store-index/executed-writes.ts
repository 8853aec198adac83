import type { Machine } from '../../recorder/machine/machine.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import type { Icount, Linear, Physical } from '../../schemas/units.ts';
import type { ForwardSession } from '../timeline/forward-session.ts';
import { executeTo, goTo } from '../timeline/go-to.ts';
import type { Write } from './last-writer.ts';

/** Finds writes to memory by executing a stretch of the run, for those that the index omits. */

/** A search for writes: a range of memory and a stretch of the run. */
export interface WriteWindow {
  readonly physical: Physical;
  readonly bytes: number;
  /** Writes from this icount on … */
  readonly from: number;
  /** … before the instruction at this one. */
  readonly before: number;
  /** icounts of pokes. */
  readonly pokes: ReadonlySet<number>;
}

/**
 * Every write to a range of memory in a stretch of the run, in order, found by executing it. The session must be at its start.
 */
export async function executedWrites(
  session: ForwardSession,
  { physical, bytes, from, before, pokes }: WriteWindow,
  onProgress?: (icount: Icount) => void,
): Promise<Write[]> {
  const { machine } = session;
  const watch = { first: physical, last: physical + bytes - 1 };
  const writes = new WatchedWrites(machine, watch.first, watch.last, pokes);
  await goTo(session, from, onProgress);
  machine.watchFor(writes);
  try {
    await executeTo(session, before, onProgress);
  } finally {
    machine.watchFor(null);
  }
  // Devices act on arrival at `before`, before its instruction, but the index counts by icount.
  return writes.found.filter(({ icount }) => icount >= from && icount < before);
}

/** Notes every write to a range. */
class WatchedWrites extends Stops {
  readonly found: Write[] = [];
  private readonly machine: Machine;
  private readonly first: number;
  private readonly last: number;
  private readonly pokes: ReadonlySet<number>;

  constructor(machine: Machine, first: number, last: number, pokes: ReadonlySet<number>) {
    super(machine.cpu, [], [{ space: 'physical', first, last, reads: false, writes: true }]);
    this.mode = 'note';
    this.machine = machine;
    this.first = first;
    this.last = last;
    this.pokes = pokes;
  }

  override accesses(
    linear: Linear,
    physical: Physical,
    size: number,
    write: boolean,
    byProgram: boolean,
  ): void {
    const start = physical >>> 0;
    if (!write || start > this.last || start + size <= this.first) return;
    const { icount, eip, cr3, depth } = this.machine.cpu;
    const place = { icount, physical: start, size };
    if (this.byDevice) {
      const source = this.pokes.has(icount) ? 'poke' : 'dma';
      this.found.push({ ...place, linear: 0, eip: 0, cr3: 0, depth: 0, source });
      return;
    }
    this.found.push({
      ...place,
      linear: byProgram ? linear >>> 0 : 0,
      eip: eip >>> 0,
      cr3: cr3 >>> 0,
      depth,
      source: byProgram ? 'store' : 'accessed_dirty',
    });
  }
}
