import { BadInput } from '../../schemas/bad-input.ts';
import { bounded, OutOfBounds, scaledLimit } from '../../schemas/bounded.ts';
import type { EventKind } from '../../schemas/events.ts';
import { host } from '../../schemas/host.ts';
import type { CheckpointEntry } from '../../schemas/trace/checkpoint.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';
import type { TraceFooter } from '../../schemas/trace/footer.ts';
import { FRAME_HEADER_BYTES } from '../../schemas/trace/framing.ts';
import { MAX_EVENTS, MAX_STORES } from '../../schemas/trace/limits.ts';
import type { Icount } from '../../schemas/units.ts';

/** Checks the index of a trace, which may come from a stranger, before anything relies on it. */

/** A trace with its index; `afterHeader` is the offset of the frame after the header. */
interface IndexedTrace {
  readonly path: string;
  readonly bytes: number;
  readonly afterHeader: number;
  readonly endIcount: Icount;
  readonly chunks: readonly ChunkEntry[];
  readonly checkpoints: readonly CheckpointEntry[];
  readonly footer: TraceFooter | undefined;
  totals(): Record<EventKind, number>;
}

/** Environment variable that lifts the limit on events, for one's own traces recorded before chunks had filler. */
const NO_LIMITS = 'REWIND386_NO_LIMITS';

/**
 * Checks that chunks follow each other without gaps in the file and in the run, and that there are no more events than the file's size
 * allows.
 */
export function checkIndex(reader: IndexedTrace): void {
  const { chunks, checkpoints, footer, bytes } = reader;
  if (footer && chunks.length === 0) throw new OutOfBounds('the number of chunks', 0, '1 or more');
  let [offset, icount, seq] = [reader.afterHeader, 0, 0];
  for (const [n, { offset: at, range }] of chunks.entries()) {
    const name = `of chunk ${n + 1}`;
    bounded(`the offset ${name}`, at, offset, bytes);
    bounded(`the first icount ${name}`, range.firstIcount, icount, icount);
    bounded(`the first event ${name}`, range.firstSeq, seq, seq);
    offset = at + FRAME_HEADER_BYTES;
    icount = range.endIcount;
    seq = range.endSeq;
  }
  if (footer) bounded('the end of the last chunk', icount, 0, footer.final.icount);
  let [checkpointOffset, checkpointIcount] = [reader.afterHeader, 0];
  for (const { offset: at, icount } of checkpoints) {
    bounded('the offset of a checkpoint', at, checkpointOffset, bytes);
    bounded('the icount of a checkpoint', icount, checkpointIcount, reader.endIcount);
    checkpointOffset = at + FRAME_HEADER_BYTES;
    checkpointIcount = icount + 1;
  }
  const totals = reader.totals();
  const { stores } = totals;
  const others = Object.values(totals).reduce((sum, rows) => sum + rows, -stores);
  if (host().setting(NO_LIMITS)) return;
  const over = others > scaledLimit(MAX_EVENTS, bytes) || stores > scaledLimit(MAX_STORES, bytes);
  if (over)
    throw new BadInput(
      `${reader.path} claims ${others + stores} events in ${bytes} bytes, and may have been made to exhaust memory`,
      `if you recorded it with version 0.2: ${NO_LIMITS}=1 rewind386 …`,
    );
}
