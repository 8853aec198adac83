import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { EVENT_KINDS } from '../../schemas/events.ts';

/** The exceptions of a run, and streaks of one at the same place, as signs of a guest in trouble. */

/** An exception as recorded. */
export interface Exception {
  readonly icount: number;
  readonly seq: number;
  readonly eip: number;
  readonly cpl: number;
  readonly cr3: number;
  readonly vector: number;
  readonly errorCode: number;
  /** Of a page fault: the linear address. */
  readonly cr2: number;
  /** EIP of the handler; 0 when the delivery itself failed. */
  readonly handler: number;
}

/** The same exception over and over, with none of another kind or place between. */
export interface Streak {
  readonly exception: Exception;
  readonly count: number;
  readonly firstIcount: number;
  readonly lastIcount: number;
}

export interface ExceptionFacts {
  /** Of which the last exception of the run is one. */
  readonly streak: Streak | undefined;
  /** The last fault of kernel code up to the icount asked for, or the first of those of one instruction. */
  readonly kernelFault: Exception | undefined;
}

/** Debug, breakpoint and overflow are traps that programs ask for, and the coprocessor's are how kernels switch its state. */
const FAULTS: ReadonlySet<number> = new Set([0, 5, 6, 8, 10, 11, 12, 13, 14, 17]);

const COLUMNS = EVENT_KINDS.exceptions.columns.map(({ name }) => name);
const WANTED = ['icount', 'seq', 'eip', 'cpl', 'cr3', 'vector', 'error_code', 'cr2', 'handler'] as const;
const PLACES = WANTED.map((name) => COLUMNS.indexOf(name));
const wanted: ReadonlySet<string> = new Set(WANTED);

/** One pass over the exceptions of a trace. `until`: the icount of what the kernel fault is to come before. */
export function exceptionFacts(reader: TraceReader, until: number): ExceptionFacts {
  let streak: { exception: Exception; count: number; firstIcount: number; lastIcount: number } | undefined;
  let kernelFault: Exception | undefined;
  for (const exception of exceptionsOf(reader)) {
    if (streak && isSame(streak.exception, exception)) {
      streak.count++;
      streak.lastIcount = exception.icount;
    } else streak = { exception, count: 1, firstIcount: exception.icount, lastIcount: exception.icount };
    if (exception.icount > until || exception.cpl === 3 || !FAULTS.has(exception.vector)) continue;
    // A fault that cannot be delivered is followed by a double fault at the same instruction: the first one tells more.
    if (kernelFault?.icount !== exception.icount) kernelFault = exception;
  }
  return { streak, kernelFault };
}

const isSame = (a: Exception, b: Exception): boolean =>
  a.vector === b.vector &&
  a.eip === b.eip &&
  a.cpl === b.cpl &&
  a.cr3 === b.cr3 &&
  (a.vector !== 14 || a.cr2 === b.cr2);

function* exceptionsOf(reader: TraceReader): Generator<Exception> {
  for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
    if (!reader.chunks[chunk].rows.exceptions) continue;
    const table = reader.readChunk(chunk).table('exceptions', wanted);
    const [icount, seq, eip, cpl, cr3, vector, errorCode, cr2, handler] = PLACES.map(
      (place) => table.columns[place],
    );
    for (let row = 0; row < table.count; row++)
      yield {
        icount: icount[row],
        seq: seq[row],
        eip: eip[row],
        cpl: cpl[row],
        cr3: cr3[row],
        vector: vector[row],
        errorCode: errorCode[row],
        cr2: cr2[row],
        handler: handler[row],
      };
  }
}

/** Vector of the last exception of the run; undefined when there was none. */
export function exceptionVectorAtEnd(reader: TraceReader): number | undefined {
  const chunk = reader.chunks.findLastIndex(({ rows }) => (rows.exceptions ?? 0) > 0);
  if (chunk < 0) return undefined;
  const { columns, count } = reader.readChunk(chunk).table('exceptions', new Set(['vector']));
  return columns[COLUMNS.indexOf('vector')][count - 1];
}

/** By vector (80386 Programmer's Reference, table 9-1, and what came later). */
const NAMES: Readonly<Record<number, string>> = {
  0: '#DE divide error',
  1: '#DB debug',
  3: '#BP breakpoint',
  4: '#OF overflow',
  5: '#BR bound range',
  6: '#UD invalid opcode',
  7: '#NM coprocessor not available',
  8: '#DF double fault',
  10: '#TS invalid TSS',
  11: '#NP segment not present',
  12: '#SS stack fault',
  13: '#GP general protection',
  14: '#PF page fault',
  16: '#MF coprocessor error',
  17: '#AC alignment check',
};

export const exceptionName = (vector: number): string =>
  NAMES[vector] ? `exception ${vector} (${NAMES[vector]})` : `exception ${vector}`;
