import { bounded, decodeMessage, scaledLimit } from '../bounded.ts';
import type { Wire64 } from './chunk.ts';
import { CODEC, pack, unpack } from './compression.ts';
import { MAX_DRIVES, MAX_NAME_BYTES, MAX_PARTS, MAX_STATE } from './limits.ts';
import { packedFromWire, packedToWire, type WirePacked } from './packed.ts';
import { messageType, toNumber } from './schema.ts';

/** Checkpoints as messages: the blocks of areas and drives that differ from another checkpoint. */

/** Bytes of a block: a sector. */
export const BLOCK_BYTES = 512;
export const BLOCK_WORDS = BLOCK_BYTES / 4;
/** A block has a bit for each word. */
export const MASK_BYTES = BLOCK_WORDS / 8;

/** Kinds of blocks (trace.proto, BlockKind). Kinds up to `sparse` have a mask and words. */
export const BLOCK = { changed: 0, ramp: 1, sparse: 2, zeros: 3, sector: 4, moved: 5, again: 6 } as const;
export type BlockKind = (typeof BLOCK)[keyof typeof BLOCK];

/** Blocks of an area or a drive that differ from the base. */
export interface Blocks {
  readonly name: string;
  /** Size of the whole area in bytes; 0 for a drive. */
  readonly bytes: number;
  /** Numbers of the blocks, ascending. */
  readonly blocks: readonly number[];
  /** The kind (BLOCK) of each block. */
  readonly kinds: readonly number[];
  /** For each block of a kind from BLOCK.sector on: number of the sector, block of RAM or earlier block with the same contents. */
  readonly sources: readonly number[];
}

/** The name of the first hard disk among the drives. */
export const FIRST_DISK = 'disk';

/** A checkpoint as a difference (trace.proto, Checkpoint and CheckpointState). */
export interface RawCheckpoint {
  readonly icount: number;
  readonly seq: number;
  readonly inputs: number;
  readonly tracking: boolean;
  readonly baseIcount: number;
  readonly areas: readonly Blocks[];
  readonly drives: readonly Blocks[];
  /** MASK_BYTES for each block that has words. */
  readonly masks: Uint8Array;
  readonly words: Uint8Array;
  /** Stride of each BLOCK.ramp. */
  readonly strides: Uint8Array;
}

export interface CheckpointEntry {
  /** Offset of its frame in the file. */
  readonly offset: number;
  readonly icount: number;
}

interface WireBlocks {
  readonly name: string;
  readonly bytes: Wire64;
  readonly block_delta: number[];
  readonly kinds: Uint8Array | never[];
  readonly source_delta: number[];
}

/** Calls `each` with every block that has a source, and the source expected for its kind: the one after the last. */
function forEachSource(kinds: ArrayLike<number>, each: (expected: number) => number): void {
  const expected = [0, 0, 0];
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] >= BLOCK.sector)
      expected[kinds[i] - BLOCK.sector] = each(expected[kinds[i] - BLOCK.sector]) + 1;
  }
}

function blocksToWire({ name, bytes, blocks, kinds, sources }: Blocks): WireBlocks {
  const source_delta: number[] = [];
  forEachSource(kinds, (expected) => {
    const source = sources[source_delta.length];
    source_delta.push(source - expected);
    return source;
  });
  const block_delta = blocks.map((block, i) => block - (blocks[i - 1] ?? 0));
  return { name, bytes, block_delta, kinds: Uint8Array.from(kinds), source_delta };
}

function blocksFromWire({ name, bytes, block_delta, kinds, source_delta }: WireBlocks): Blocks {
  bounded('the length of the name of an area', name.length, 1, MAX_NAME_BYTES);
  let block = 0;
  const sources: number[] = [];
  forEachSource(kinds, (expected) => {
    const source = expected + source_delta[sources.length];
    sources.push(source);
    return source;
  });
  if (kinds.length !== block_delta.length)
    throw new Error(`${name} has different numbers of blocks and kinds`);
  const blocks = block_delta.map((delta) => (block += delta));
  return { name, bytes: toNumber(bytes), blocks, kinds: [...kinds], sources };
}

export function encodeCheckpoint(checkpoint: RawCheckpoint): Uint8Array {
  const { icount, seq, inputs, tracking, baseIcount, areas, drives, masks, words, strides } = checkpoint;
  const state = messageType('CheckpointState')
    .encode({ areas: areas.map(blocksToWire), drives: drives.map(blocksToWire), masks, words, strides })
    .finish();
  const packed = packedToWire(pack(state, CODEC.brotli, 'state'));
  return messageType('Checkpoint')
    .encode({ icount, seq, inputs, tracking, base_icount: baseIcount, state: packed })
    .finish();
}

interface WireCheckpoint {
  readonly icount: Wire64;
  readonly seq: Wire64;
  readonly inputs: Wire64;
  readonly tracking: boolean;
  readonly base_icount: Wire64;
  readonly state: WirePacked | null;
}

const checkpointFromWire = (bytes: Uint8Array): WireCheckpoint =>
  decodeMessage(messageType('Checkpoint'), bytes) as WireCheckpoint;

/** The icount of a checkpoint, decoded without its state. */
export const checkpointIcount = (bytes: Uint8Array): number => toNumber(checkpointFromWire(bytes).icount);

/** The icount of its base, decoded without its state. */
export const checkpointBase = (bytes: Uint8Array): number => toNumber(checkpointFromWire(bytes).base_icount);

/** Decodes a checkpoint. Throws if `bytes` is not a complete one. */
export function decodeCheckpoint(bytes: Uint8Array): RawCheckpoint {
  const wire = checkpointFromWire(bytes);
  const packed = packedFromWire(wire.state);
  const unpacked = unpack(packed, scaledLimit(MAX_STATE, packed.data.length));
  const state = decodeMessage(messageType('CheckpointState'), unpacked, {
    'CheckpointState.areas': MAX_PARTS,
    'CheckpointState.drives': 1 + MAX_DRIVES,
  }) as {
    areas: WireBlocks[];
    drives: WireBlocks[];
    masks: Uint8Array | never[];
    words: Uint8Array | never[];
    strides: Uint8Array | never[];
  };
  return {
    icount: toNumber(wire.icount),
    seq: toNumber(wire.seq),
    inputs: toNumber(wire.inputs),
    tracking: wire.tracking,
    baseIcount: toNumber(wire.base_icount),
    areas: state.areas.map(blocksFromWire),
    drives: state.drives.map(blocksFromWire),
    masks: Uint8Array.from(state.masks),
    words: Uint8Array.from(state.words),
    strides: Uint8Array.from(state.strides),
  };
}
