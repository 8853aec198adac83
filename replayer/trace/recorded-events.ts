import { EVENT_KIND_NAMES, type EventKind, type EventTable } from '../../schemas/events.ts';
import type { TraceChunk, TraceReader } from './trace-reader.ts';

/** Streams of a trace's events, kind by kind in the order of the run. */

/** Number of chunks kept: kinds advance through the file at different speeds. */
const CHUNKS_KEPT = 4;

/** The recorded events of each kind as a stream, independent of the recorder's chunks. */
export class RecordedEvents {
  private readonly reader: TraceReader;
  private readonly chunks = new Map<number, TraceChunk>();
  private readonly streams: Record<EventKind, Stream>;

  constructor(reader: TraceReader) {
    this.reader = reader;
    this.streams = Object.fromEntries(
      EVENT_KIND_NAMES.map((kind) => [kind, { table: undefined, row: 0, chunk: 0 }]),
    ) as Record<EventKind, Stream>;
  }

  /** The stream of a kind, positioned at its next row; undefined at its end. */
  next(kind: EventKind): RecordedRows | undefined {
    const stream = this.streams[kind];
    while (!stream.table || stream.row === stream.table.count) {
      const { chunks } = this.reader;
      while (stream.chunk < chunks.length && !chunks[stream.chunk].rows[kind]) stream.chunk++;
      if (stream.chunk === chunks.length) return undefined;
      stream.table = this.chunk(stream.chunk++).table(kind);
      stream.row = 0;
    }
    return stream as RecordedRows;
  }

  private chunk(index: number): TraceChunk {
    const kept = this.chunks.get(index);
    if (kept) return kept;
    const chunk = this.reader.readChunk(index);
    this.chunks.set(index, chunk);
    if (this.chunks.size > CHUNKS_KEPT) this.chunks.delete(Math.min(...this.chunks.keys()));
    return chunk;
  }
}

interface Stream {
  table: EventTable | undefined;
  row: number;
  /** Index of the next chunk. */
  chunk: number;
}

/** Rows from `row` on are still to be read. The caller advances `row`. */
export interface RecordedRows {
  readonly table: EventTable;
  row: number;
}
