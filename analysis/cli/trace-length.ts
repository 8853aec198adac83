import { TraceReader } from '../../replayer/trace-reader.ts';

/** icount at which a trace ends, for a progress bar: what is damaged is for the job itself to tell. */
export function traceLength(path: string): number {
  const reader = TraceReader.open(path, { onDamage() {} });
  try {
    return reader.endIcount;
  } finally {
    reader.close();
  }
}
