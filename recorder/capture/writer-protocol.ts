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

/** Words of the shared control block, including the mark as doubles; the text of an error follows. */
export const CONTROL = { done: 0, failed: 1, textBytes: 2, mark: 4, words: 4 + 2 * MARK.length } as const;
export const CONTROL_BYTES = 4 * CONTROL.words + 4096;

/** Writes the mark if there is one, then reads it. */
export function markIn(control: ArrayBufferLike, written?: WrittenBytes): WrittenBytes {
  const numbers = new Float64Array(control, 4 * CONTROL.mark, MARK.length);
  if (written) for (const [i, name] of MARK.entries()) numbers[i] = written[name];
  const [header, chunks, checkpoints, events] = numbers;
  return { header, chunks, checkpoints, events };
}

export type WriterMessage =
  | {
      readonly do: 'open';
      readonly control: SharedArrayBuffer;
      readonly trace: OpenTrace;
    }
  | {
      readonly do: 'chunk';
      readonly contents: ChunkContents;
      readonly slot: SharedArrayBuffer | undefined;
      readonly layout: SlotLayout;
    }
  /** Store the bytes written so far in the control block. */
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
      readonly held: boolean;
    }
  | { readonly do: 'write-held' }
  | {
      readonly do: 'finish';
      readonly exit: TraceExit;
      readonly final: LadderRow;
      readonly endState: EndState | undefined;
    }
  | { readonly do: 'abandon' };
