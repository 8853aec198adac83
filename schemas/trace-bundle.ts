import { decodeMessage } from './bounded.ts';
import type { Packed } from './compression.ts';
import { MAX_ANSWER_COLUMNS, MAX_EXPECTATIONS } from './limits.ts';
import { packedFromWire, packedToWire, type WirePacked } from './trace-packed.ts';
import { messageType } from './trace-schema.ts';
import { type Untrusted, untrusted } from './untrusted.ts';

/** The second frame of a bundle: a trace with the answers that it must give. */

export interface Expectation {
  /** Of a named query, `check NAME`, or of the bundler's own. */
  readonly name: Untrusted;
  /** The query itself, when it is not one that comes with the tool; else ''. */
  readonly sql: string;
  readonly columns: readonly Untrusted[];
  /** JSON: rows, each an array in the order of `columns`. */
  readonly rows: Packed;
}

export interface TraceBundle {
  /** Identity of the trace that it was made from, hexadecimal. */
  readonly source: string;
  readonly toolVersion: Untrusted;
  readonly expectations: readonly Expectation[];
}

interface WireBundle {
  source: Uint8Array;
  tool_version: string;
  expectations: { name: string; sql: string; columns: string[]; rows: WirePacked | null }[];
}

export const encodeBundle = ({ source, toolVersion, expectations }: TraceBundle): Uint8Array =>
  messageType('Bundle')
    .encode({
      source: Buffer.from(source, 'hex'),
      tool_version: toolVersion.raw,
      expectations: expectations.map(({ name, sql, columns, rows }) => ({
        name: name.raw,
        sql,
        columns: columns.map(({ raw }) => raw),
        rows: packedToWire(rows),
      })),
    })
    .finish();

export function decodeBundle(bytes: Uint8Array): TraceBundle {
  const wire = decodeMessage(messageType('Bundle'), bytes, {
    'Bundle.expectations': MAX_EXPECTATIONS,
    'Expectation.columns': MAX_ANSWER_COLUMNS,
  }) as WireBundle;
  return {
    source: Buffer.from(wire.source).toString('hex'),
    toolVersion: untrusted(wire.tool_version),
    expectations: wire.expectations.map(({ name, sql, columns, rows }) => ({
      name: untrusted(name),
      sql,
      columns: columns.map(untrusted),
      rows: packedFromWire(rows),
    })),
  };
}
