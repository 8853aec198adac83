import protobuf from 'protobufjs';
import { bounded, decodeMessage } from '../bounded.ts';
import type { ColumnArray, ColumnType } from '../events.ts';
import { ColumnError, decodeColumn, encodeColumn, maxEncodedBytes } from './column-codec.ts';
import { INPUT_KINDS, type Input, POKE_TARGETS } from './inputs.ts';
import { UNBACKED_INPUTS } from './limits.ts';

/** Encodes and decodes inputs as columns. */

/** Columns of the inputs: field names and types of the `Inputs` message. */
const INPUT_COLUMNS: readonly { readonly field: string; readonly type: ColumnType }[] = [
  { field: 'kind', type: 'small' },
  { field: 'icount_delta', type: 'icount' },
  { field: 'value', type: 'value' },
  { field: 'target', type: 'small' },
  { field: 'address', type: 'value' },
];

const inputsTwin = new protobuf.Type('Inputs').add(new protobuf.Field('rows', 1, 'uint32'));
for (const [i, { field }] of INPUT_COLUMNS.entries())
  inputsTwin.add(new protobuf.Field(field, i + 2, 'bytes'));
new protobuf.Root().add(inputsTwin);

export function encodeInputs(inputs: readonly Input[]): Uint8Array {
  const columns: ColumnArray[] = [
    Uint8Array.from(inputs, (input) => INPUT_KINDS.indexOf(input.kind)),
    Float64Array.from(inputs, (input) => input.icount),
    Uint32Array.from(inputs, (input) => input.value),
    Uint8Array.from(inputs, (input) => POKE_TARGETS.indexOf(input.target ?? 'none')),
    Uint32Array.from(inputs, (input) => input.address ?? 0),
  ];
  const message: Record<string, unknown> = { rows: inputs.length };
  for (const [i, { field, type }] of INPUT_COLUMNS.entries()) {
    const out = new Uint8Array(maxEncodedBytes(type, inputs.length));
    const bytes = encodeColumn(type, columns[i], inputs.length, out, 0);
    if (bytes > 0) message[field] = out.subarray(0, bytes);
  }
  return inputsTwin.encode(message).finish();
}

export function decodeInputs(bytes: Uint8Array): Input[] {
  const message = decodeMessage(inputsTwin, bytes) as Record<string, Uint8Array> & { rows: number };
  const rows = bounded('the number of inputs', message.rows, 0, bytes.length + UNBACKED_INPUTS);
  const kind = new Uint8Array(rows);
  const icount = new Float64Array(rows);
  const value = new Uint32Array(rows);
  const target = new Uint8Array(rows);
  const address = new Uint32Array(rows);
  decodeColumn('small', message.kind, rows, kind);
  decodeColumn('icount', message.icount_delta, rows, icount);
  decodeColumn('value', message.value, rows, value);
  decodeColumn('small', message.target, rows, target);
  decodeColumn('value', message.address, rows, address);
  return Array.from(kind, (number, i) => {
    if (number >= INPUT_KINDS.length) throw new ColumnError(`input kind ${number} is unknown`);
    const input = { kind: INPUT_KINDS[number], icount: icount[i], value: value[i] };
    if (target[i] === 0) return input;
    if (target[i] >= POKE_TARGETS.length) throw new ColumnError(`poke target ${target[i]} is unknown`);
    return { ...input, target: POKE_TARGETS[target[i]], address: address[i] };
  });
}
