import { decodeMessage } from '../bounded.ts';
import { fromHex, toHex } from '../text-bytes.ts';
import { type Untrusted, untrusted } from '../untrusted.ts';
import type { Packed } from './compression.ts';
import { MAX_ANSWER_COLUMNS, MAX_EXPECTATIONS, MAX_PARAMETERS } from './limits.ts';
import { packedFromWire, packedToWire, type WirePacked } from './packed.ts';
import { messageType } from './schema.ts';

/** The second frame of a bundle: a trace with the answers that it must give. */

export interface Expectation {
  /** Name of a named query, `check NAME`, or a query of the bundler. */
  readonly name: Untrusted;
  /** The SQL of a query that does not come with the tool; otherwise ''. */
  readonly sql: string;
  /** Parameters of a named query, 32-bit numbers. */
  readonly values: Readonly<Record<string, number>>;
  readonly columns: readonly Untrusted[];
  /** JSON: rows, each an array in the order of `columns`. */
  readonly rows: Packed;
}

export interface TraceBundle {
  /** Identity of the trace that the bundle was made from, hexadecimal. */
  readonly source: string;
  readonly toolVersion: Untrusted;
  readonly expectations: readonly Expectation[];
}

interface WireBundle {
  source: Uint8Array;
  tool_version: string;
  expectations: {
    name: string;
    sql: string;
    columns: string[];
    rows: WirePacked | null;
    parameters: { name: string; value: number }[];
  }[];
}

export const encodeBundle = ({ source, toolVersion, expectations }: TraceBundle): Uint8Array =>
  messageType('Bundle')
    .encode({
      source: fromHex(source),
      tool_version: toolVersion.raw,
      expectations: expectations.map(({ name, sql, values, columns, rows }) => ({
        name: name.raw,
        sql,
        columns: columns.map(({ raw }) => raw),
        rows: packedToWire(rows),
        parameters: Object.entries(values).map(([parameter, value]) => ({ name: parameter, value })),
      })),
    })
    .finish();

export function decodeBundle(bytes: Uint8Array): TraceBundle {
  const wire = decodeMessage(messageType('Bundle'), bytes, {
    'Bundle.expectations': MAX_EXPECTATIONS,
    'Expectation.columns': MAX_ANSWER_COLUMNS,
    'Expectation.parameters': MAX_PARAMETERS,
  }) as WireBundle;
  return {
    source: toHex(wire.source),
    toolVersion: untrusted(wire.tool_version),
    expectations: wire.expectations.map(({ name, sql, columns, rows, parameters }) => ({
      name: untrusted(name),
      sql,
      values: Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.value])),
      columns: columns.map(untrusted),
      rows: packedFromWire(rows),
    })),
  };
}
