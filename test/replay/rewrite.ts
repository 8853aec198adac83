import { writeFileSync } from 'node:fs';
import { ChunkEncoder } from '../../recorder/capture/chunk-encoder.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { allocateTable, EVENT_KIND_NAMES, type EventKind, type EventTable } from '../../schemas/events.ts';
import { encodeBundle, type TraceBundle } from '../../schemas/trace/bundle.ts';
import { encodeCheckpoint, type RawCheckpoint } from '../../schemas/trace/checkpoint.ts';
import { type ChunkEntry, chunkEntry, encodeChunk, type TraceRange } from '../../schemas/trace/chunk.ts';
import { encodeFooter, type TraceFooter } from '../../schemas/trace/footer.ts';
import { FRAME, frame, preamble, trailer } from '../../schemas/trace/framing.ts';
import { encodeHeader, type TraceHeader } from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';

/** A chunk taken apart; what is done to it goes into the file. */
export interface OpenChunk {
  readonly index: number;
  readonly inputs: Input[];
  readonly ladder: LadderRow[];
  /** Every kind, empty ones with room for a few rows. */
  readonly tables: Map<EventKind, EventTable>;
}

export interface Rewriting {
  readonly header?: (header: TraceHeader) => TraceHeader;
  /** Makes a bundle of it, or another. */
  readonly bundle?: TraceBundle;
  readonly chunk?: (chunk: OpenChunk) => OpenChunk;
  readonly range?: (range: TraceRange, isLast: boolean) => TraceRange;
  readonly checkpoint?: (checkpoint: RawCheckpoint) => RawCheckpoint;
  readonly footer?: (footer: TraceFooter) => TraceFooter;
}

/** Writes a trace again with parts changed and every checksum right: what a forger, or a bug in the recorder, would. */
export function rewrite(from: string, to: string, how: Rewriting): string {
  const reader = TraceReader.open(from);
  const encoder = new ChunkEncoder();
  const header = encodeHeader(how.header?.(reader.header) ?? reader.header);
  const frames: Uint8Array[] = [preamble(), frame(FRAME.header, header)];
  const bundle = how.bundle ?? reader.bundle();
  if (bundle) frames.push(frame(FRAME.bundle, encodeBundle(bundle)));
  const length = () => frames.reduce((sum, bytes) => sum + bytes.length, 0);
  const chunks: ChunkEntry[] = reader.chunks.map((_, index) => {
    const chunk = reader.readChunk(index);
    const open: OpenChunk = {
      index,
      inputs: [...chunk.inputs],
      ladder: [...chunk.ladder],
      tables: new Map(
        EVENT_KIND_NAMES.map((kind) => [
          kind,
          chunk.rows(kind) > 0 ? chunk.table(kind) : allocateTable(kind, 8),
        ]),
      ),
    };
    for (const table of open.tables.values()) if (chunk.rows(table.kind) === 0) table.count = 0;
    const range = how.range?.(chunk.range, index === reader.chunks.length - 1) ?? chunk.range;
    const { inputs, ladder, tables } = how.chunk?.(open) ?? open;
    const message = encoder.encode({ range, inputs, ladder }, Object.fromEntries(tables));
    const entry = chunkEntry(length(), message);
    frames.push(frame(FRAME.chunk, encodeChunk(message)));
    return entry;
  });
  const checkpoints = reader.checkpoints.map(({ icount }, index) => {
    const checkpoint = reader.readCheckpoint(index);
    const offset = length();
    frames.push(frame(FRAME.checkpoint, encodeCheckpoint(how.checkpoint?.(checkpoint) ?? checkpoint)));
    return { offset, icount };
  });
  const footerAt = length();
  const footer = { ...reader.footer!, chunks, checkpoints };
  frames.push(frame(FRAME.footer, encodeFooter(how.footer?.(footer) ?? footer)), trailer(footerAt));
  reader.close();
  writeFileSync(to, Buffer.concat(frames));
  return to;
}
