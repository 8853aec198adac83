import { type CheckpointEntry, checkpointIcount } from '../../schemas/trace/checkpoint.ts';
import { type ChunkEntry, chunkEntry, decodeChunk } from '../../schemas/trace/chunk.ts';
import { decodeFooter, type TraceFooter } from '../../schemas/trace/footer.ts';
import { FRAME } from '../../schemas/trace/framing.ts';
import { readingPart, type TraceFrames } from './trace-frames.ts';

/** Finds the complete part of a trace that was cut off. */

/** The missing part of a trace that was cut off. */
export interface TornTrace {
  /** Bytes after the last complete frame. */
  readonly lostBytes: number;
  /** The trace is complete up to here. */
  readonly lastIcount: number;
  /** The end and the missing part, as text. */
  readonly what: string;
}

/** The parts of a torn trace that are complete. */
interface ScannedTrace {
  readonly chunks: ChunkEntry[];
  readonly checkpoints: CheckpointEntry[];
  readonly footer: TraceFooter | undefined;
  readonly torn: TornTrace;
}

/** Scans the frames from `start` to the first incomplete one. */
export function scanTrace(frames: TraceFrames, start: number): ScannedTrace {
  const chunks: ChunkEntry[] = [];
  const checkpoints: CheckpointEntry[] = [];
  let footer: TraceFooter | undefined;
  let offset = start;
  for (let frame = frames.at(offset); frame?.intact && !footer; frame = frames.at(offset)) {
    const { type, payload } = frame;
    const part = `chunk ${chunks.length + 1}`;
    const icount = chunks.at(-1)?.range.endIcount ?? 0;
    if (type === FRAME.chunk) {
      chunks.push(readingPart(part, icount, () => chunkEntry(offset, decodeChunk(payload))));
    }
    if (type === FRAME.checkpoint) {
      const at = readingPart('checkpoint', icount, () => checkpointIcount(payload));
      checkpoints.push({ offset, icount: at });
    }
    if (type === FRAME.footer) footer = readingPart('footer', 0, () => decodeFooter(payload, frames.bytes));
    offset = frame.end;
  }
  const lostBytes = frames.bytes - offset;
  if (footer) {
    // Only the trailer is missing or wrong; the run is complete.
    const whole = `the trailer is damaged, but the recording is complete`;
    return {
      chunks,
      checkpoints,
      footer,
      torn: { lostBytes, lastIcount: footer.final.icount, what: whole },
    };
  }
  const lastIcount = chunks.at(-1)?.range.endIcount ?? 0;
  const rest =
    lostBytes > 0 ? `${lostBytes} bytes after that are an incomplete chunk` : 'the footer is missing';
  const what = `the recording was cut off: it is complete up to icount ${lastIcount}; ${rest}`;
  return { chunks, checkpoints, footer, torn: { lostBytes, lastIcount, what } };
}
