import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { EVENT_KINDS, type EventKind, INTERRUPT_OP, PAGING_LEVEL } from '../../schemas/events.ts';
import type { Exception } from './exceptions.ts';

/** Tells a fault that a machine died of from one that its kernel came back from. */

/** The end of a machine that died: its cause, as far as it is known. */
interface Death {
  readonly kind: string;
  readonly icount: number;
}

/**
 * The most instructions that can lie between a fault and the end that it led to. Before the words of a panic a kernel prints registers,
 * which takes long on a serial line; before a halt it may print without such words; a test that leaves by the exit port may have
 * made faults on purpose; and a processor shuts down at the very instruction.
 */
const THROES: Readonly<Record<string, number>> = {
  panic: 2_000_000,
  halted: 100_000,
  exit_code: 1000,
  triple_fault: 0,
};

const PAGE_FAULT = 14;
const PRESENT = 1;

/** True if nothing shows that the kernel came back from its last fault before it died. */
export function isFatal(reader: TraceReader, fault: Exception, death: Death): boolean {
  if (death.icount - fault.icount > (THROES[death.kind] ?? 0)) return false;
  const later = between(reader, fault.icount, death.icount);
  return !userRan(later) && !(fault.vector === PAGE_FAULT && wasMapped(later, fault.cr2 >>> 12));
}

type RowsOf = (kind: EventKind) => Iterable<(column: string) => number>;

/** The events after one icount and up to another. */
const between = (reader: TraceReader, from: number, to: number): RowsOf =>
  function* (kind) {
    const names = EVENT_KINDS[kind].columns.map(({ name }) => name);
    for (const [n, { range, rows }] of reader.chunks.entries()) {
      if (!rows[kind] || range.endIcount < from || range.firstIcount > to) continue;
      const { columns, count } = reader.readChunk(n).table(kind);
      for (let row = 0; row < count; row++) {
        const icount = columns[0][row];
        if (icount > from && icount <= to) yield (name) => columns[names.indexOf(name)][row];
      }
    }
  };

const DELIVER = INTERRUPT_OP.indexOf('deliver');
const PTE = PAGING_LEVEL.indexOf('pte');

/** An interrupt or an exception found user code running. */
function userRan(rows: RowsOf): boolean {
  for (const cell of rows('interrupts'))
    if (cell('op') === DELIVER && cell('interrupted_cpl') === 3) return true;
  for (const cell of rows('exceptions')) if (cell('cpl') === 3) return true;
  return false;
}

/** The page was mapped: that is how a fault is mended. */
function wasMapped(rows: RowsOf, page: number): boolean {
  for (const cell of rows('paging_writes'))
    if (cell('level') === PTE && cell('vpn') === page && (cell('new') & PRESENT) !== 0) return true;
  return false;
}
