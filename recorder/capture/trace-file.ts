import '../../host/install.ts';
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { fileError } from '../../host/file-error.ts';
import { createFile, type NewFile, nameFile } from '../../host/new-file.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { type CheckpointEntry, encodeCheckpoint } from '../../schemas/trace/checkpoint.ts';
import { type ChunkEntry, chunkEntry, encodeChunk } from '../../schemas/trace/chunk.ts';
import type { EndState } from '../../schemas/trace/end-state.ts';
import { encodeFooter, type TraceExit } from '../../schemas/trace/footer.ts';
import { FRAME, frame, preamble, trailer } from '../../schemas/trace/framing.ts';
import { encodeHeader, type TraceHeader } from '../../schemas/trace/header.ts';
import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { WrittenBytes } from '../../schemas/trace/output.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { CheckpointEncoder } from './checkpoint-encoder.ts';
import { type ChunkContents, ChunkEncoder, type EventTables } from './chunk-encoder.ts';

/** Writes a trace file, frame by frame; at any time it is complete up to its last complete frame. */

/** An open trace file with its header written. The descriptor serves every thread of the process. */
export interface OpenTrace extends NewFile {
  readonly offset: number;
  /** Written so far, and nothing else after the header. */
  readonly chunks: readonly ChunkEntry[];
}

/** A trace file being written, frame by frame. After a crash, the file on disk is complete up to its last frame. */
export class TraceFile {
  private readonly file: NewFile;
  private readonly encoder = new ChunkEncoder();
  private readonly chunks: ChunkEntry[];
  private readonly checkpoints: CheckpointEntry[] = [];
  private checkpointEncoder: CheckpointEncoder | undefined;
  private checkpointBytes = 0;
  private chunkBytes: number;
  private offset: number;
  private hasFailed = false;

  constructor({ offset, chunks, ...file }: OpenTrace) {
    this.file = file;
    this.offset = offset;
    this.chunks = [...chunks];
    this.chunkBytes = offset - (chunks[0]?.offset ?? offset);
  }

  /** Begins a trace; throws if the file cannot be written. */
  static open(path: string, header: TraceHeader): OpenTrace {
    const created = createFile(path);
    const file = new TraceFile({ ...created, offset: 0, chunks: [] });
    file.append(preamble());
    file.append(frame(FRAME.header, encodeHeader(header)));
    return file.open;
  }

  /** For another thread, which goes on with it in place of this. */
  get open(): OpenTrace {
    const { file, offset, chunks } = this;
    return { ...file, offset, chunks };
  }

  addChunk(contents: ChunkContents, tables: EventTables): void {
    const message = this.encoder.encode(contents, tables);
    const entry = chunkEntry(this.offset, message);
    this.append(frame(FRAME.chunk, encodeChunk(message)));
    this.chunks.push(entry);
    this.chunkBytes += this.offset - entry.offset;
  }

  beginCheckpoints(start: StateChanges): void {
    this.checkpointEncoder = new CheckpointEncoder(start);
  }

  addCheckpoint(changes: StateChanges): void {
    const { checkpointEncoder } = this;
    if (!checkpointEncoder) throw new Error('a checkpoint before the start');
    const entry = { offset: this.offset, icount: changes.icount };
    const taken = checkpointEncoder.take(changes);
    this.append(frame(FRAME.checkpoint, encodeCheckpoint(checkpointEncoder.encode(taken))));
    this.checkpoints.push(entry);
    this.checkpointBytes += this.offset - entry.offset;
  }

  get written(): WrittenBytes {
    const { offset, chunkBytes: chunks, checkpointBytes: checkpoints } = this;
    const events = this.chunks.at(-1)?.range.endSeq ?? 0;
    return { header: offset - chunks - checkpoints, chunks, checkpoints, events };
  }

  /** Writes footer and trailer, then gives the file its name. */
  finish(exit: TraceExit, final: LadderRow, endState?: EndState): void {
    const footerOffset = this.offset;
    this.append(
      frame(
        FRAME.footer,
        encodeFooter({ exit, final, chunks: this.chunks, checkpoints: this.checkpoints, endState }),
      ),
    );
    this.append(trailer(footerOffset));
    nameFile(this.file);
  }

  /** Does nothing after a failure, which has closed the file. */
  abandon(): void {
    if (!this.hasFailed) closeSync(this.file.fd);
  }

  /** Removes an incomplete frame, which may also free space on a full disk. */
  private dropTail(): void {
    this.hasFailed = true;
    try {
      ftruncateSync(this.file.fd, this.offset);
    } catch {
      // Not a regular file, or the disk is gone; a reader ignores the tail anyway.
    }
    closeSync(this.file.fd);
  }

  private append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.file.fd, bytes, done, bytes.length - done, this.offset + done);
      }
    } catch (error) {
      this.dropTail();
      const { path, partial } = this.file;
      throw new BadInput(
        `cannot write ${path}: ${fileError(error)}; the recording up to then is in ${partial}`,
        `rewind386 info ${partial}`,
      );
    }
    this.offset += bytes.length;
  }
}
