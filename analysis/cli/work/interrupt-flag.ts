import { readFileSync, writeFileSync } from 'node:fs';
import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { columnIndex, type EventBatch } from '../../../schemas/events.ts';
import { kindsAskedFor } from '../../../schemas/trace/facts.ts';
import { TraceCache } from '../../db/cache.ts';
import type { FlagStretch, FlagStretches } from '../../report/interrupts-off.ts';
import { replayTrace } from './replay-trace.ts';

/** Stretches with EFLAGS.IF clear, for a trace that did not record them: the run is executed again, and the result is cached. */

const KEPT = 'interrupt-flag-1.json';
/** Maximum instructions executed again: a few seconds. */
const LONGEST = 100_000_000;
/** Maximum stretches kept, the longest. */
const MOST = 20_000;

/** Undefined if the trace has them, the run is too long, or the replay diverges. */
export async function flagStretches(
  reader: TraceReader,
  disks: readonly string[],
): Promise<FlagStretches | undefined> {
  const { path, header, endIcount } = reader;
  if (kindsAskedFor(header.facts ?? []).has('if_changes') || endIcount > LONGEST) return undefined;
  const cache = new TraceCache(path, () => {});
  const kept = cache.find(KEPT);
  if (kept !== undefined) return JSON.parse(readFileSync(kept, 'utf8')) as FlagStretches;
  try {
    const seen = await execute(path, endIcount, disks);
    if (seen) await cache.store(KEPT, async (file) => writeFileSync(file, JSON.stringify(seen)));
    return seen;
  } catch (error) {
    if (error instanceof BadInput) return undefined;
    throw error;
  }
}

async function execute(
  path: string,
  end: number,
  disks: readonly string[],
): Promise<FlagStretches | undefined> {
  const changes = new FlagChanges();
  const { divergence } = await replayTrace(path, {
    facts: { from: 0, probes: [], kinds: ['if_changes'] },
    onEvents: (batch) => changes.take(batch),
    showConsole: false,
    disks,
  });
  return divergence ? undefined : changes.stretches(end);
}

const columnOf = (name: string) => columnIndex('if_changes', name);
const [ICOUNT, EIP, FRAME, ENABLED] = ['icount', 'eip', 'frame_id', 'enabled'].map(columnOf);

/** Collects changes of the flag. */
class FlagChanges {
  private readonly found: FlagStretch[] = [];
  private off: Omit<FlagStretch, 'to'> | undefined;
  private isFirst = true;

  take({ tables }: EventBatch): void {
    const { count, columns } = tables.if_changes;
    for (let row = 0; row < count; row++) {
      const at = columns[ICOUNT][row];
      const enabled = columns[ENABLED][row] === 1;
      // A first change that enables interrupts means that they were off from the start.
      if (this.isFirst && enabled) this.off = { from: 0, eip: 0, frame: 0 };
      this.isFirst = false;
      if (enabled && this.off) this.found.push({ ...this.off, to: at });
      this.off = enabled ? undefined : { from: at, eip: columns[EIP][row], frame: columns[FRAME][row] };
    }
  }

  stretches(end: number): FlagStretches {
    if (this.off) this.found.push({ ...this.off, to: end });
    const longest = [...this.found].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MOST);
    return {
      stretches: longest.sort((a, b) => a.from - b.from),
      left: Math.max(0, this.found.length - MOST),
    };
  }
}
