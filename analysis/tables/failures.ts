import { SIGN_KINDS, SIGN_SOURCES, signsOf } from '../ending/signs.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** Signs that the guest failed, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'kind', kind: 'word', doc: 'sign of failure', words: SIGN_KINDS },
  { name: 'source', kind: 'word', doc: 'evidence for the sign', words: SIGN_SOURCES },
  { name: 'icount', kind: 'bigint', doc: 'icount of the sign; for a loop, of its first exception' },
  {
    name: 'seq',
    kind: 'uint',
    doc: 'position among all events; NULL if only the end of the trace shows the sign',
    nullable: true,
  },
  { name: 'eip', kind: 'uint', doc: 'EIP of the code; NULL if unknown', nullable: true },
  { name: 'cr3', kind: 'uint', doc: 'physical address of the page directory, bytes', nullable: true },
  { name: 'cpl', kind: 'small', doc: 'current privilege level', nullable: true },
  { name: 'vector', kind: 'small', doc: 'exception vector; NULL for other signs', nullable: true },
  { name: 'error_code', kind: 'uint', doc: 'error code of the exception', nullable: true },
  {
    name: 'address',
    kind: 'uint',
    doc: 'linear address of a page fault, or in the words of a panic',
    nullable: true,
  },
  { name: 'repeats', kind: 'bigint', doc: 'number of exceptions in a loop', nullable: true },
  { name: 'text', kind: 'text', doc: 'description' },
];

/** One row for each sign; none for a guest that did well. */
export const failures: TraceTable = {
  name: 'failures',
  doc: 'a sign that the guest failed: it crashed, panicked, ended with a bad exit code, or is stuck',
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    for (const sign of signsOf(reader)) {
      const { kind, source, icount, seq, eip, cr3, cpl, vector, errorCode, address, repeats, text } = sign;
      rows.add(kind, source, icount, seq, eip, cr3, cpl, vector, errorCode, address, repeats, text);
    }
    if (rows.rows > 0) yield rows.batch();
  },
};
