import type { EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { WrittenBytes } from '../../schemas/trace/output.ts';
import type { SlotLayout } from './batch-slot.ts';
import type { SlotChanges } from './changes-slot.ts';
import type { ChunkContents } from './chunk-encoder.ts';
import type { OpenTrace } from './trace-file.ts';

/** Messages between the recording thread and the writer thread. */

const MARK = ['header', 'chunks', 'checkpoints', 'events'] as const;

/** The thread's data at its start. */
export interface WriterThread {
  readonly trace: OpenTrace;
  /** Shared memory for the last mark. */
  readonly mark: Float64Array;
}

export const markMemory = (): Float64Array =>
  new Float64Array(new SharedArrayBuffer(MARK.length * Float64Array.BYTES_PER_ELEMENT));

/** Writes the mark if there is one, then reads it. */
export function markIn(numbers: Float64Array, written?: WrittenBytes): WrittenBytes {
  if (written) for (const [i, name] of MARK.entries()) numbers[i] = written[name];
  const [header, chunks, checkpoints, events] = numbers;
  return { header, chunks, checkpoints, events };
}

export type WriterMessage =
  | {
      readonly do: 'chunk';
      readonly contents: ChunkContents;
      readonly slot: SharedArrayBuffer;
      readonly layout: SlotLayout;
    }
  /** Store the bytes written so far as the mark. */
  | { readonly do: 'mark' }
  | {
      readonly do: 'begin-checkpoints';
      readonly start: SlotChanges;
      readonly slot: SharedArrayBuffer;
    }
  | {
      readonly do: 'checkpoint';
      readonly changes: SlotChanges;
      readonly slot: SharedArrayBuffer;
    }
  | {
      readonly do: 'finish';
      readonly exit: TraceExit;
      readonly final: LadderRow;
      readonly endState: EndState | undefined;
    }
  | { readonly do: 'abandon' };
