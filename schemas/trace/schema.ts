import protobuf from 'protobufjs';
import { bounded } from '../bounded.ts';
import { host } from '../host.ts';

/** The schema of traces, parsed from trace.proto, and conversion of its 64-bit numbers. */

let parsed: protobuf.Root | undefined;

/** trace.proto, parsed on first use; the other files of this folder encode and decode its messages. */
export const traceSchema = (): protobuf.Root =>
  (parsed ??= protobuf.parse(host().schemaText(), new protobuf.Root(), { keepCase: true }).root);

export const messageType = (name: string): protobuf.Type => traceSchema().lookupType(`rewind386.${name}`);

/** A 64-bit field in protobufjs's representation. */
export interface Words64 {
  readonly low: number;
  readonly high: number;
}

/** A uint64 that must be below 2^53; throws OutOfBounds for others. protobufjs gives a plain number for the default, 0. */
export const toNumber = (value: Words64 | number): number =>
  typeof value === 'number'
    ? value
    : bounded('a number', (value.high >>> 0) * 2 ** 32 + (value.low >>> 0), 0, Number.MAX_SAFE_INTEGER);

export const toBigInt = (value: Words64 | number): bigint =>
  typeof value === 'number' ? BigInt(value) : (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);

/** A 64-bit number for encoding. protobufjs silently writes 0 for a BigInt, so never pass one. */
export const fromBigInt = (value: bigint): Words64 & { readonly unsigned: true } => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned: true,
});
