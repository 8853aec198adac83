import { CODEC, type Packed, pack, unpack } from './compression.ts';
import type { Wire64 } from './trace-chunk.ts';
import { packedFromWire, packedToWire, type WirePacked } from './trace-packed.ts';
import { messageType, toNumber } from './trace-schema.ts';

/** Bytes of a block: a sector. */
export const BLOCK_BYTES = 512;

/** Where the bytes of a block are. */
export const SOURCE = { literal: 0, zeros: 1, sectors: 2 } as const;

/** Blocks of an area that are not what they were in the base. */
export interface Blocks {
  readonly name: string;
  /** Of the whole area; 0 for the disk. */
  readonly bytes: number;
  /** Their numbers, ascending. */
  readonly blocks: readonly number[];
  /** For each SOURCE.literal, SOURCE.zeros, or SOURCE.sectors + the sector of the original disk that holds the same. */
  readonly sources: readonly number[];
}

/** A checkpoint as a difference, its literal blocks in one piece (trace.proto, Checkpoint). */
export interface RawCheckpoint {
  readonly icount: number;
  readonly seq: number;
  readonly inputs: number;
  readonly tracking: boolean;
  readonly baseIcount: number;
  readonly areas: readonly Blocks[];
  readonly disk: Blocks;
  /** The other drives that were written to. */
  readonly media: readonly Blocks[];
  readonly contents: Uint8Array;
}

export interface CheckpointEntry {
  /** Of its frame, from the start of the file. */
  readonly offset: number;
  readonly icount: number;
}

interface WireBlocks {
  readonly name: string;
  readonly bytes: Wire64;
  readonly block_delta: number[];
  readonly source: number[];
}

function blocksToWire({ name, bytes, blocks, sources }: Blocks): WireBlocks {
  let length = sources.length;
  while (length > 0 && sources[length - 1] === 0) length--;
  return {
    name,
    bytes,
    block_delta: blocks.map((block, i) => block - (blocks[i - 1] ?? 0)),
    source: sources.slice(0, length),
  };
}

function blocksFromWire({ name, bytes, block_delta, source }: WireBlocks): Blocks {
  let block = 0;
  return {
    name,
    bytes: toNumber(bytes),
    blocks: block_delta.map((delta) => (block += delta)),
    sources: block_delta.map((_, i) => source[i] ?? 0),
  };
}

export function encodeCheckpoint(checkpoint: RawCheckpoint): Uint8Array {
  const { icount, seq, inputs, tracking, baseIcount, areas, disk, media, contents } = checkpoint;
  return messageType('Checkpoint')
    .encode({
      icount,
      seq,
      inputs,
      tracking,
      base_icount: baseIcount,
      areas: areas.map(blocksToWire),
      disk: blocksToWire(disk),
      media: media.map(blocksToWire),
      contents: packedToWire(pack(contents, CODEC.brotli, 'state')),
    })
    .finish();
}

/** Throws when `bytes` is not a checkpoint whose blocks are all there. */
export function decodeCheckpoint(bytes: Uint8Array): RawCheckpoint {
  const wire = messageType('Checkpoint').decode(bytes) as unknown as {
    icount: Wire64;
    seq: Wire64;
    inputs: Wire64;
    tracking: boolean;
    base_icount: Wire64;
    areas: WireBlocks[];
    disk: WireBlocks | null;
    media: WireBlocks[];
    contents: WirePacked | null;
  };
  const packed: Packed = packedFromWire(wire.contents);
  return {
    icount: toNumber(wire.icount),
    seq: toNumber(wire.seq),
    inputs: toNumber(wire.inputs),
    tracking: wire.tracking,
    baseIcount: toNumber(wire.base_icount),
    areas: wire.areas.map(blocksFromWire),
    disk: wire.disk ? blocksFromWire(wire.disk) : { name: '', bytes: 0, blocks: [], sources: [] },
    media: wire.media.map(blocksFromWire),
    contents: unpack(packed),
  };
}
