import type { LadderRow } from '../../schemas/ladder.ts';
import type { RawCheckpoint } from '../../schemas/trace-checkpoint.ts';
import type { TraceExit } from '../../schemas/trace-footer.ts';
import type { SlotLayout } from './batch-slot.ts';
import type { ChunkContents } from './chunk-encoder.ts';
import type { OpenTrace } from './trace-file.ts';

/** What the recording thread and the writer thread say to each other. */

/** Words of the control block that both threads see; the text of an error follows them. */
export const CONTROL = { done: 0, failed: 1, textBytes: 2, words: 4 } as const;
export const CONTROL_BYTES = 4 * CONTROL.words + 4096;

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
  | { readonly do: 'checkpoint'; readonly checkpoint: RawCheckpoint }
  | { readonly do: 'finish'; readonly exit: TraceExit; readonly final: LadderRow }
  | { readonly do: 'abandon' };
