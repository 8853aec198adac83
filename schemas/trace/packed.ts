import type { Packed } from './compression.ts';
import { toNumber, type Words64 } from './schema.ts';

/** Compressed parts of messages (`Packed` in trace.proto). */

/** `Packed` in protobufjs's representation. */
export interface WirePacked {
  readonly codec: number;
  readonly raw_bytes: number | Words64;
  readonly data: Uint8Array;
}

export const packedToWire = ({ codec, rawBytes, data }: Packed): WirePacked => ({
  codec,
  raw_bytes: rawBytes,
  data,
});

export function packedFromWire(wire: WirePacked | null): Packed {
  // protobufjs returns Node buffers, and an array if there are no bytes.
  const bytes = wire?.data instanceof Uint8Array ? wire.data : new Uint8Array();
  return {
    codec: wire?.codec ?? 0,
    rawBytes: toNumber(wire?.raw_bytes ?? 0),
    data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
  };
}
