import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';

/** icount at which a trace ends, for a progress bar; 0 if it cannot be read, which the job itself will report. */
export function traceLength(path: string): number {
  try {
    const reader = TraceReader.open(path, { onDamage() {} });
    try {
      return reader.endIcount;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof BadInput) return 0;
    throw error;
  }
}
