import type { Linear, Physical } from '../../../schemas/units.ts';
import type { EventContext } from './event-log.ts';
import * as buffers from './row-buffers.ts';

/** Writers of rows for the kinds of event that are made on hot paths. */

// V8 folds constants of this module into the code of a closure, and fetches imported ones every time.
const SEQ = buffers.SEQ;

/** The parts of the log that writers need. */
export interface RowLog {
  /** -1; 0 for a trace whose events have no ESP. */
  readonly espMask: number;
  flush(): void;
}

/** The table and buffers of a kind. */
export interface RowTarget {
  /** Index in `cells` of the number of rows. */
  readonly count: number;
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

/** Rows of stores one after the other, to places that follow one another. */
export interface StoreRun {
  /**
   * Begins at most `count` rows, as many as the table has room for, without `old` and `new`, and returns their number. Element n is stored
   * at icount + n.
   */
  begin(linear: Linear, physical: Physical, size: number, count: number): number;
  /** Sets these of row `n`, counted from the begin. */
  set(n: number, old: number, value: number): void;
  /** Ends the rows that were begun. */
  end(): void;
}

export function createPagingWriter(
  log: RowLog,
  at: EventContext,
  { count, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['pagingWrite'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, ...own] = places;
  const [cLinear, cPhysical, cDir, cSlot, cVpn, cLevel, cOld, cNew, cVia, cSource] = own;
  return (linear, physical, dir, slot, vpn, level, old, value, via, source) => {
    const row = cells[count];
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = cells[SEQ]++;
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
    cells[count] = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createControlWriter(
  log: RowLog,
  at: EventContext,
  { count, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['controlWrite'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cReg, cOld, cNew] = places;
  return (reg, old, value) => {
    const row = cells[count];
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = cells[SEQ]++;
    cells[cEip + row] = at.eip;
    bytes[cCpl + row] = at.cpl;
    bytes[cDepth + row] = at.depth;
    cells[cFrameId + row] = at.frameId;
    cells[cCr3 + row] = at.cr3;
    cells[cEsp + row] = at.esp & espMask;
    bytes[cReg + row] = reg;
    cells[cOld + row] = old;
    cells[cNew + row] = value;
    cells[count] = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createTlbWriter(
  log: RowLog,
  at: EventContext,
  { count, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['tlbEvent'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cOp, cLinear, cUsed, cFresh, cAccess] =
    places;
  return (op, linear, used, fresh, access) => {
    const row = cells[count];
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = cells[SEQ]++;
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
    cells[count] = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createStoreWriter(
  log: RowLog,
  at: EventContext,
  { count, capacity, cells, bytes, icounts, places }: RowTarget,
): RowWriters['store'] {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cLinear, cPhysical, cSize, cOld, cNew] =
    places;
  return (linear, physical, size, old, value) => {
    const row = cells[count];
    icounts[cIcount + row] = at.icount;
    cells[cSeq + row] = cells[SEQ]++;
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
    cells[count] = row + 1;
    if (row + 1 === capacity) log.flush();
  };
}

export function createStoreRun(
  log: RowLog,
  at: EventContext,
  { count, capacity, cells, bytes, icounts, places }: RowTarget,
): StoreRun {
  const { espMask } = log;
  const [cIcount, cSeq, cEip, cCpl, cDepth, cFrameId, cCr3, cEsp, cLinear, cPhysical, cSize, cOld, cNew] =
    places;
  let row = 0;
  let end = 0;
  return {
    begin(linear, physical, size, wanted) {
      row = cells[count];
      end = Math.min(row + wanted, capacity);
      cells.fill(at.eip, cEip + row, cEip + end);
      bytes.fill(at.cpl, cCpl + row, cCpl + end);
      bytes.fill(at.depth, cDepth + row, cDepth + end);
      cells.fill(at.frameId, cFrameId + row, cFrameId + end);
      cells.fill(at.cr3, cCr3 + row, cCr3 + end);
      cells.fill(at.esp & espMask, cEsp + row, cEsp + end);
      bytes.fill(size, cSize + row, cSize + end);
      const { icount } = at;
      const seq = cells[SEQ];
      for (let n = 0; row + n < end; n++) {
        icounts[cIcount + row + n] = icount + n;
        cells[cSeq + row + n] = seq + n;
        cells[cLinear + row + n] = linear + n * size;
        cells[cPhysical + row + n] = physical + n * size;
      }
      return end - row;
    },
    set(n, old, value) {
      cells[cOld + row + n] = old;
      cells[cNew + row + n] = value;
    },
    end() {
      cells[SEQ] += end - row;
      cells[count] = end;
      if (end === capacity) log.flush();
    },
  };
}
