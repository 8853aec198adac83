import { EVENT_KIND_NAMES, type EventKind, type EventTable } from '../../schemas/events.ts';
import type { ChunkMessage, TraceRange } from '../../schemas/trace/chunk.ts';
import { CODEC, pack } from '../../schemas/trace/compression.ts';
import { EventEncoder } from '../../schemas/trace/event-codec.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';

/** Encodes chunks: events, inputs and hashes of one stretch of a run. */

/** The parts of a chunk, before encoding. */
export interface ChunkContents {
  readonly range: TraceRange;
  readonly inputs: readonly Input[];
  readonly ladder: readonly LadderRow[];
}

export type EventTables = Readonly<Partial<Record<EventKind, EventTable>>>;

/** Encodes and compresses chunks. The bytes do not depend on the thread. */
export class ChunkEncoder {
  private readonly events = new EventEncoder();

  encode(contents: ChunkContents, tables: EventTables): ChunkMessage {
    return {
      ...contents,
      tables: EVENT_KIND_NAMES.flatMap((kind) => {
        const table = tables[kind];
        if (!table || table.count === 0) return [];
        const contents = pack(this.events.encode(table));
        // Too short to be compressed, it is still in the encoder's buffer.
        const data = contents.codec === CODEC.none ? contents.data.slice() : contents.data;
        return [{ kind, rows: table.count, contents: { ...contents, data } }];
      }),
    };
  }
}
