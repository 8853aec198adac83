import { BadInput } from '../../schemas/bad-input.ts';
import { allocateTable, EVENT_KIND_NAMES, type EventKind, type EventTable } from '../../schemas/events.ts';
import { diskFileName } from '../../schemas/guest/disk-image.ts';
import { type ByteSource, host } from '../../schemas/host.ts';
import { utf8 } from '../../schemas/text-bytes.ts';
import { decodeBundle, type TraceBundle } from '../../schemas/trace/bundle.ts';
import {
  type CheckpointEntry,
  checkpointBase,
  decodeCheckpoint,
  type RawCheckpoint,
} from '../../schemas/trace/checkpoint.ts';
import {
  type ChunkEntry,
  type ChunkMessage,
  chunkEntry,
  decodeChunk,
  type TraceRange,
} from '../../schemas/trace/chunk.ts';
import { unpack } from '../../schemas/trace/compression.ts';
import { decodeTable } from '../../schemas/trace/event-codec.ts';
import { decodeFooter, type TraceFooter } from '../../schemas/trace/footer.ts';
import {
  checkPreamble,
  FRAME,
  PREAMBLE_BYTES,
  TRAILER_BYTES,
  TraceDamage,
} from '../../schemas/trace/framing.ts';
import {
  decodeHeader,
  type TraceDisk,
  type TraceGuest,
  type TraceHeader,
} from '../../schemas/trace/header.ts';
import type { Input } from '../../schemas/trace/inputs.ts';
import { hashWordsHex, type LadderRow } from '../../schemas/trace/ladder.ts';
import { MAX_ROW_BYTES } from '../../schemas/trace/limits.ts';
import { checkIndex } from './index-check.ts';
import { scanTrace, type TornTrace } from './torn-trace.ts';
import { readingPart, TraceFrames } from './trace-frames.ts';

/** Reads a trace: its header, chunks, checkpoints and footer, or the complete part of a torn trace. */

/** The sources of names for a guest's addresses, processes and address spaces. */
export type GuestNames = Pick<TraceHeader, 'guest' | 'profile'> & {
  /** Programs of the guest, which no trace contains. */
  readonly programs?: readonly GuestProgram[];
};
/** A file of code other than the kernel, and the offset from its addresses to its load address. */
export interface GuestProgram {
  readonly file: TraceGuest;
  readonly base: number;
}
/** Names given by the user instead of those in the trace. */
export type Names = (header: TraceHeader) => GuestNames;

export interface ReaderOptions {
  /**
   * Called for a frame whose checksum does not match, which is then read anyway; without it such a frame throws. The replay uses it to
   * find the damaged fact.
   */
  readonly onDamage?: (damage: TraceDamage) => void;
  /** Paths given by the user for disks that are not in the trace. If empty, they are searched beside the trace. */
  readonly disks?: readonly string[] | undefined;
  readonly names?: Names | undefined;
  /** The bytes of the trace if it is not a file; its path is then only its name in messages. */
  readonly source?: ByteSource | undefined;
}

/** One chunk: decoded table by table, on demand. */
export class TraceChunk {
  private readonly message: ChunkMessage;
  private readonly part: string;

  constructor(message: ChunkMessage, part: string) {
    this.message = message;
    this.part = part;
  }

  get range(): TraceRange {
    return this.message.range;
  }

  get inputs(): readonly Input[] {
    return this.message.inputs;
  }

  get ladder(): readonly LadderRow[] {
    return this.message.ladder;
  }

  rows(kind: EventKind): number {
    return this.message.tables.find((table) => table.kind === kind)?.rows ?? 0;
  }

  /** The events of a kind. With `wanted` (column names), the other columns are empty arrays and cost nothing. */
  table(kind: EventKind, wanted?: ReadonlySet<string>): EventTable {
    const packed = this.message.tables.find((table) => table.kind === kind);
    if (!packed) return allocateTable(kind, 0);
    const { rows, contents } = packed;
    return readingPart(this.part, this.range.firstIcount, () =>
      decodeTable(kind, unpack(contents, (rows + 8) * MAX_ROW_BYTES), rows, wanted),
    );
  }
}

/**
 * Reads a trace file. A complete trace is read through its footer, without reading the rest. A torn one is scanned: every complete frame
 * counts, and `torn` describes the missing part.
 */
export class TraceReader {
  readonly path: string;
  readonly bytes: number;
  readonly header: TraceHeader;
  /** The sources of names: the header's, or those given by the user. */
  readonly names: GuestNames;
  readonly chunks: readonly ChunkEntry[];
  /** Checkpoints of the machine's state, by icount; for a torn trace, only those within the complete part. */
  readonly checkpoints: readonly CheckpointEntry[];
  /** Present if the recording was completed. */
  readonly footer: TraceFooter | undefined;
  readonly torn: TornTrace | undefined;
  private readonly source: ByteSource;
  private readonly frames: TraceFrames;
  private readonly headerBytes: Uint8Array;
  /** Offset of the frame after the header. */
  readonly afterHeader: number;
  private readonly onDamage: ReaderOptions['onDamage'];

  private constructor(path: string, source: ByteSource, options: ReaderOptions) {
    this.path = path;
    this.source = source;
    this.frames = new TraceFrames(source);
    this.onDamage = options.onDamage;
    this.bytes = source.bytes;
    checkPreamble(this.frames.read(0, PREAMBLE_BYTES), path);
    const first = this.frames.at(PREAMBLE_BYTES);
    if (!first) {
      if (this.frames.trailer() >= 0) throw new TraceDamage('header', 'its length is wrong');
      throw new BadInput(`${path} ends before its header: nothing was recorded`);
    }
    if (!first.intact || first.type !== FRAME.header) {
      this.damaged(new TraceDamage('header', 'its checksum does not match'));
    }
    this.headerBytes = first.payload;
    this.afterHeader = first.end;
    this.header = readingPart('header', 0, () => {
      return withDiskFiles(decodeHeader(first.payload), path, options.disks ?? []);
    });
    this.names = options.names?.(this.header) ?? this.header;

    this.footer = this.indexedFooter();
    if (this.footer) {
      this.chunks = this.footer.chunks;
      this.checkpoints = this.footer.checkpoints;
    } else {
      const scan = scanTrace(this.frames, first.end);
      this.footer = scan.footer;
      this.chunks = scan.chunks;
      this.checkpoints = scan.checkpoints.filter(({ icount }) => icount <= this.endIcount);
      this.torn = scan.torn;
    }
    readingPart('index of chunks', 0, () => checkIndex(this));
  }

  /** Throws BadInput if it is not a trace, or was made by a newer rewind386. */
  static open(path: string, options: ReaderOptions = {}): TraceReader {
    const source = options.source ?? host().openFile(path);
    try {
      return new TraceReader(path, source, options);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  close(): void {
    this.source.close();
  }

  /** The trace is complete up to this icount. */
  get endIcount(): number {
    return this.footer?.final.icount ?? this.chunks.at(-1)?.range.endIcount ?? 0;
  }

  /**
   * Identity of the recording, 64 hexadecimal digits: SHA-256 of the header's message and the last known state, as text. Recording the
   * same run again gives the same identity; docs/trace-format.md has the rule.
   */
  identity(): string {
    const last = this.footer?.final ?? this.ladder().at(-1);
    const { kind = 'unspecified', code = 0 } = this.footer?.exit ?? {};
    const parts = Object.entries(last?.hashes ?? {})
      .map(([name, hash]) => `${name} ${hashWordsHex(hash)}\n`)
      .sort();
    return host()
      .sha256()
      .update(this.headerBytes)
      .update(utf8(`\n${kind} ${code} ${last?.icount ?? 0}\n${parts.join('')}`))
      .hex();
  }

  /** Total number of events. */
  get events(): number {
    return this.chunks.at(-1)?.range.endSeq ?? 0;
  }

  /** Number of events of each kind. */
  totals(): Record<EventKind, number> {
    const total = (kind: EventKind) => this.chunks.reduce((sum, chunk) => sum + (chunk.rows[kind] ?? 0), 0);
    return Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, total(kind)])) as Record<
      EventKind,
      number
    >;
  }

  readChunk(index: number): TraceChunk {
    const entry = this.chunks[index];
    const part = this.chunkName(index);
    const icount = entry.range.firstIcount;
    const message = readingPart(part, icount, () => decodeChunk(this.chunkBytes(index)));
    if (!sameEntry(entry, chunkEntry(entry.offset, message))) {
      this.damaged(new TraceDamage(part, 'its contents do not match the index', icount));
    }
    return new TraceChunk(message, part);
  }

  readCheckpoint(index: number): RawCheckpoint {
    const { icount } = this.checkpoints[index];
    return this.checkpointPart(index, (payload) => {
      const checkpoint = decodeCheckpoint(payload);
      if (checkpoint.icount !== icount) throw new Error(`its icount is ${checkpoint.icount}, not ${icount}`);
      return checkpoint;
    });
  }

  /** icount of the base of a checkpoint. */
  baseOfCheckpoint(index: number): number {
    return this.checkpointPart(index, checkpointBase);
  }

  private checkpointPart<Result>(index: number, read: (payload: Uint8Array) => Result): Result {
    const { offset, icount } = this.checkpoints[index];
    const part = `checkpoint ${index + 1} of ${this.checkpoints.length}`;
    const frame = this.frames.at(offset);
    if (!frame || frame.type !== FRAME.checkpoint)
      throw new TraceDamage(part, `it is not at the position in the index (offset ${offset})`, icount);
    if (!frame.intact)
      this.damaged(new TraceDamage(part, `its checksum does not match (offset ${offset})`, icount));
    return readingPart(part, icount, () => read(frame.payload));
  }

  /** The message of a chunk. */
  chunkBytes(index: number): Uint8Array {
    const { offset, range } = this.chunks[index];
    const part = this.chunkName(index);
    const frame = this.frames.at(offset);
    if (!frame) throw new TraceDamage(part, `the file ends inside it (offset ${offset})`, range.firstIcount);
    if (!frame.intact)
      this.damaged(
        new TraceDamage(part, `its checksum does not match (offset ${offset})`, range.firstIcount),
      );
    return frame.payload;
  }

  private chunkName(index: number): string {
    return `chunk ${index + 1} of ${this.chunks.length}`;
  }

  /** The bundle's frame; undefined if the trace is not a bundle. */
  bundle(): TraceBundle | undefined {
    const frame = this.frames.at(this.afterHeader);
    if (frame?.type !== FRAME.bundle) return undefined;
    if (!frame.intact) this.damaged(new TraceDamage('bundle', 'its checksum does not match'));
    return readingPart('bundle', 0, () => decodeBundle(frame.payload));
  }

  /** All inputs and the whole ladder, in one pass over the file; no table is decompressed. */
  skeleton(): { inputs: Input[]; ladder: LadderRow[] } {
    const inputs: Input[] = [];
    const ladder: LadderRow[] = [];
    for (const [i, entry] of this.chunks.entries()) {
      if (entry.inputs === 0 && entry.ladderRows === 0) continue;
      const chunk = this.readChunk(i);
      for (const input of chunk.inputs) inputs.push(input);
      for (const row of chunk.ladder) ladder.push(row);
    }
    return { inputs, ladder };
  }

  /** All inputs of the run, in order. */
  inputs(): Input[] {
    return this.chunks.flatMap((entry, i) => (entry.inputs > 0 ? this.readChunk(i).inputs : []));
  }

  /** The whole state-hash ladder, in order. */
  ladder(): LadderRow[] {
    return this.chunks.flatMap((entry, i) => (entry.ladderRows > 0 ? this.readChunk(i).ladder : []));
  }

  private damaged(damage: TraceDamage): void {
    if (!this.onDamage) throw damage;
    this.onDamage(damage);
  }

  /** The footer, if trailer and footer are intact. */
  private indexedFooter(): TraceFooter | undefined {
    const offset = this.frames.trailer();
    if (offset < PREAMBLE_BYTES || offset >= this.bytes) return undefined;
    const frame = this.frames.at(offset);
    if (!frame || frame.end !== this.bytes - TRAILER_BYTES) return undefined;
    if (!frame.intact || frame.type !== FRAME.footer) {
      this.damaged(new TraceDamage('footer', 'its checksum does not match'));
      return undefined;
    }
    return readingPart('footer', 0, () => decodeFooter(frame.payload, this.bytes));
  }
}

function sameEntry(a: ChunkEntry, b: ChunkEntry): boolean {
  return (
    a.range.firstIcount === b.range.firstIcount &&
    a.range.endIcount === b.range.endIcount &&
    a.range.firstSeq === b.range.firstSeq &&
    a.range.endSeq === b.range.endSeq &&
    a.inputs === b.inputs &&
    a.ladderRows === b.ladderRows &&
    EVENT_KIND_NAMES.every((kind) => (a.rows[kind] ?? 0) === (b.rows[kind] ?? 0))
  );
}

/** Adds to the header the candidate files for each disk that is not in the trace. The recorded path is not among them. */
function withDiskFiles(header: TraceHeader, trace: string, given: readonly string[]): TraceHeader {
  const found = (disk: TraceDisk): TraceDisk => {
    if (disk.base.kind !== 'path') return disk;
    const beside = host().beside(trace, diskFileName(disk.base.path.raw));
    return { ...disk, base: { ...disk.base, files: given.length > 0 ? given : beside } };
  };
  const { disk, drives = [] } = header;
  return {
    ...header,
    disk: disk && found(disk),
    drives: drives.map((drive) => ({ ...drive, medium: found(drive.medium) })),
  };
}
