import { bounded, decodeMessage, named } from '../bounded.ts';
import { EVENT_KIND_NAMES } from '../events.ts';
import { printable } from '../untrusted.ts';
import type { CheckpointEntry } from './checkpoint.ts';
import {
  type ChunkEntry,
  LADDER_COUNTS,
  ladderFromWire,
  ladderToWire,
  rangeFromWire,
  rangeToWire,
  type Wire64,
  type WireLadder,
  type WireRange,
} from './chunk.ts';
import { type EndState, endStateFromWire, endStateToWire } from './end-state.ts';
import type { LadderRow } from './ladder.ts';
import { MAX_TABLE_ROWS, MIN_FRAME_BYTES } from './limits.ts';
import { messageType, toNumber } from './schema.ts';

/** The footer of a trace: the end of the run and the positions of the frames. */

/** Numbered as Footer.Exit in trace.proto. */
export const EXIT_KINDS = [
  'unspecified',
  'limit',
  'exit',
  'shutdown',
  'stuck',
  'interrupted',
  'reset',
] as const;

/** The reason that the recording ended. */
export interface TraceExit {
  readonly kind: (typeof EXIT_KINDS)[number];
  /** With `exit`: the value that the guest wrote to the exit port. */
  readonly code: number;
  /** Printable. */
  readonly message: string;
}

export interface TraceFooter {
  readonly exit: TraceExit;
  /** The state at the end. */
  readonly final: LadderRow;
  readonly chunks: readonly ChunkEntry[];
  readonly checkpoints: readonly CheckpointEntry[];
  /** Absent in traces of version 0.2 and before. */
  readonly endState?: EndState | undefined;
}

function rowsToWire(rows: ChunkEntry['rows']): number[] {
  const counts = EVENT_KIND_NAMES.map((kind) => rows[kind] ?? 0);
  while (counts.at(-1) === 0) counts.pop();
  return counts;
}

export function encodeFooter({ exit, final, chunks, checkpoints, endState }: TraceFooter): Uint8Array {
  return messageType('Footer')
    .encode({
      exit: EXIT_KINDS.indexOf(exit.kind),
      exit_code: exit.code,
      exit_message: exit.message,
      final: ladderToWire([final]),
      chunks: chunks.map(({ offset, range, inputs, ladderRows, rows }) => ({
        offset,
        range: rangeToWire(range),
        inputs,
        ladder_rows: ladderRows,
        rows: rowsToWire(rows),
      })),
      checkpoints: [...checkpoints],
      ...(endState ? { end_state: endStateToWire(endState) } : {}),
    })
    .finish();
}

/** Decodes a footer. `fileBytes`, the size of the file, limits the number of chunks and checkpoints. */
export function decodeFooter(bytes: Uint8Array, fileBytes: number): TraceFooter {
  const frames = Math.floor(fileBytes / MIN_FRAME_BYTES);
  const wire = decodeMessage(messageType('Footer'), bytes, {
    ...LADDER_COUNTS,
    'Footer.chunks': frames,
    'Footer.checkpoints': frames,
  }) as {
    exit: number;
    exit_code: number;
    exit_message: string;
    final: WireLadder | null;
    chunks: {
      offset: Wire64;
      range: WireRange | null;
      inputs: number;
      ladder_rows: number;
      rows: number[];
    }[];
    checkpoints: { offset: Wire64; icount: Wire64 }[];
    end_state: Parameters<typeof endStateFromWire>[0];
  };
  return {
    exit: {
      kind: named('exit', EXIT_KINDS, wire.exit),
      code: wire.exit_code,
      message: printable(wire.exit_message),
    },
    final: ladderFromWire(wire.final)[0] ?? { icount: 0, hashes: {} },
    chunks: wire.chunks.map((chunk) => ({
      offset: toNumber(chunk.offset),
      range: rangeFromWire(chunk.range),
      inputs: chunk.inputs,
      ladderRows: chunk.ladder_rows,
      rows: Object.fromEntries(
        chunk.rows.flatMap((rows, i) =>
          rows > 0 && EVENT_KIND_NAMES[i]
            ? [[EVENT_KIND_NAMES[i], bounded('rows', rows, 0, MAX_TABLE_ROWS)]]
            : [],
        ),
      ),
    })),
    checkpoints: wire.checkpoints.map(({ offset, icount }) => ({
      offset: toNumber(offset),
      icount: toNumber(icount),
    })),
    endState: endStateFromWire(wire.end_state),
  };
}
