import { MAX_PROBE_VALUES } from '../../schemas/events.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The probes of a trace, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'probe', kind: 'uint', doc: 'number of the probe: `probe` of call_entries and call_returns' },
  { name: 'name', kind: 'text', doc: 'the function or place, as requested' },
  { name: 'address', kind: 'uint', doc: 'linear address of the instruction' },
  {
    name: 'is_function',
    kind: 'small',
    doc: '1 for the start of a function; its returns are recorded too',
  },
  { name: 'from_icount', kind: 'bigint', doc: 'icount from which the probe is recorded' },
  ...Array.from(
    { length: MAX_PROBE_VALUES },
    (_, n): TableColumn => ({
      ...{ name: `value${n}`, kind: 'text', nullable: true },
      doc: `value ${n}, as requested; NULL if there is none`,
    }),
  ),
];

/** One row for each probe. */
export const probes: TraceTable = {
  name: 'probes',
  doc: 'a probe: a place in the code where values are recorded, from `--probe`, `--trace` or `--detail calls`',
  columns,
  *batches({ header }) {
    const rows = new RowBuffer(columns);
    let number = 0;
    for (const { from, probes: asked } of header.facts ?? [])
      for (const { name, address, isFunction, values } of asked) {
        const names = Array.from({ length: MAX_PROBE_VALUES }, (_, n) => values[n]?.name.toString() ?? null);
        rows.add(++number, name.toString(), address, isFunction ? 1 : 0, from, ...names);
      }
    if (rows.rows > 0) yield rows.batch();
  },
};
