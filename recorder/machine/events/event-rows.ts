import type { Linear, Physical } from '../../../schemas/units.ts';
import type { EventContext } from './event-log.ts';

/** Writers of rows for the kinds of event that are made on hot paths. */

/** The parts of the log that writers need. */
export interface RowLog {
  seq: number;
  /** -1; 0 for a trace whose events have no ESP. */
  readonly espMask: number;
  flush(): void;
}

/** The table and buffers of a kind. */
export interface RowTarget {
  readonly table: { count: number };
  /** Capacity of the table in rows; the log is flushed when it is full. */
  readonly capacity: number;
  readonly cells: Int32Array;
  readonly bytes: Uint8Array;
  readonly icounts: Float64Array;
  /** The index of row 0 of each column, in the view of the column's width. */
  readonly places: readonly number[];
}

/**
 * Writers for the frequent kinds, one closure each: V8 treats the captured values (views, offsets) as constants, so a row costs little
 * more than its stores. Each repeats the code for the context, because a shared function would need the offsets as arguments.
 */
export interface RowWriters {
  pagingWrite(
    linear: Linear,
    physical: Physical,
    dir: number,
    slot: number,
    vpn: number,
    level: number,
    old: number,
    value: number,
    via: number,
    source: number,
  ): void;
  controlWrite(reg: number, old: number, value: number): void;
  tlbEvent(op: number, linear: Linear, used: number, fresh: number, access: number): void;
  store(linear: Linear, physical: Physical, size: number, old: number, value: number): void;
}

export function createPagingWriter(
  log: RowLog,
  at: EventContext,
  { table, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['pagingWrite'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, ...own] = places;
  const [cLinear, cPhysical, cDir, cSlot, cVpn, cLevel, cOld, cNew, cVia, cSource] = own;
  return (linear, physical, dir, slot, vpn, level, old, value, via, source) => {
    const row = table.count;
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = log.seq++;
    cells[cEip + row] = at.eip;
    bytes[cCpl + row] = at.cpl;
    bytes[cDepth + row] = at.depth;
    cells[cFrameId + row] = at.frameId;
    cells[cCr3 + row] = at.cr3;
    cells[cEsp + row] = at.esp & espMask;
    cells[cLinear + row] = linear;
    cells[cPhysical + row] = physical;
    cells[cDir + row] = dir;
    cells[cSlot + row] = slot;
    cells[cVpn + row] = vpn;
    bytes[cLevel + row] = level;
    cells[cOld + row] = old;
    cells[cNew + row] = value;
    bytes[cVia + row] = via;
    bytes[cSource + row] = source;
    table.count = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createControlWriter(
  log: RowLog,
  at: EventContext,
  { table, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['controlWrite'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cReg, cOld, cNew] = places;
  return (reg, old, value) => {
    const row = table.count;
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = log.seq++;
    cells[cEip + row] = at.eip;
    bytes[cCpl + row] = at.cpl;
    bytes[cDepth + row] = at.depth;
    cells[cFrameId + row] = at.frameId;
    cells[cCr3 + row] = at.cr3;
    cells[cEsp + row] = at.esp & espMask;
    bytes[cReg + row] = reg;
    cells[cOld + row] = old;
    cells[cNew + row] = value;
    table.count = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createTlbWriter(
  log: RowLog,
  at: EventContext,
  { table, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['tlbEvent'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cOp, cLinear, cUsed, cFresh, cAccess] =
    places;
  return (op, linear, used, fresh, access) => {
    const row = table.count;
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = log.seq++;
    cells[cEip + row] = at.eip;
    bytes[cCpl + row] = at.cpl;
    bytes[cDepth + row] = at.depth;
    cells[cFrameId + row] = at.frameId;
    cells[cCr3 + row] = at.cr3;
    cells[cEsp + row] = at.esp & espMask;
    bytes[cOp + row] = op;
    cells[cLinear + row] = linear;
    cells[cUsed + row] = used;
    cells[cFresh + row] = fresh;
    bytes[cAccess + row] = access;
    table.count = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createStoreWriter(
  log: RowLog,
  at: EventContext,
  { table, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['store'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cLinear, cPhysical, cSize, cOld, cNew] =
    places;
  return (linear, physical, size, old, value) => {
    const row = table.count;
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = log.seq++;
    cells[cEip + row] = at.eip;
    bytes[cCpl + row] = at.cpl;
    bytes[cDepth + row] = at.depth;
    cells[cFrameId + row] = at.frameId;
    cells[cCr3 + row] = at.cr3;
    cells[cEsp + row] = at.esp & espMask;
    cells[cLinear + row] = linear;
    cells[cPhysical + row] = physical;
    bytes[cSize + row] = size;
    cells[cOld + row] = old;
    cells[cNew + row] = value;
    table.count = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}
