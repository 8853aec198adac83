import { EVENT_KINDS, INTERRUPT_OP, INTERRUPT_SOURCE } from '../../schemas/events.ts';
import { REPEAT_COLUMNS, repeatsOf } from './repeat-columns.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** Deliveries of interrupts with their raise and return, joined from the events of the interrupt log. */

const columns: readonly TableColumn[] = [
  {
    name: 'id',
    kind: 'uint',
    doc: 'number of the delivery, from 1; frame_id of the events inside its handler',
  },
  { name: 'parent', kind: 'uint', doc: 'id of the interrupted frame; 0 = none' },
  { name: 'vector', kind: 'small', doc: 'IDT vector, 0-255; NULL for a SYSENTER', nullable: true },
  { name: 'irq', kind: 'small', doc: 'IRQ line, 0-15; NULL for a software INT or SYSENTER', nullable: true },
  { name: 'source', kind: 'word', doc: 'origin', words: INTERRUPT_SOURCE },
  {
    name: 'raise_icount',
    kind: 'bigint',
    doc: 'icount at which the line last rose before the delivery; NULL for a software INT or SYSENTER',
    nullable: true,
  },
  { name: 'icount', kind: 'bigint', doc: 'icount of the delivery' },
  { name: 'seq', kind: 'uint', doc: 'position of the delivery among all events of the run' },
  {
    name: 'eip',
    kind: 'uint',
    doc: 'EIP of the interrupted instruction (for an INT or SYSENTER, of the instruction itself)',
  },
  { name: 'interrupted_cpl', kind: 'small', doc: 'CPL of the interrupted code' },
  { name: 'depth', kind: 'small', doc: 'interrupt frames open inside the handler, including this one' },
  { name: 'cr3', kind: 'uint', doc: 'physical address of the page directory at the delivery, bytes' },
  { name: 'handler', kind: 'uint', doc: 'EIP of the handler entered' },
  {
    name: 'esp',
    kind: 'uint',
    doc: 'ESP after the frame was pushed; for a SYSENTER, which pushes none, its initial ESP',
  },
  {
    name: 'iret_icount',
    kind: 'bigint',
    doc: 'icount of its IRET (for a SYSENTER, of the return to CPL 3 by SYSEXIT or IRET); NULL if still open at the end, or abandoned',
    nullable: true,
  },
  {
    name: 'iret_seq',
    kind: 'uint',
    doc: 'position of that IRET among all events; NULL if open',
    nullable: true,
  },
  { name: 'return_eip', kind: 'uint', doc: 'EIP to which the IRET returned; NULL if open', nullable: true },
  {
    name: 'reached',
    kind: 'small',
    doc: '1 if a CALL ran in the frame (a handler was reached), 0 for a masked stub; NULL if open',
    nullable: true,
  },
  {
    name: 'abandoned_icount',
    kind: 'bigint',
    doc: 'icount at which the frame was overwritten because its handler never returned, as after exit(); NULL otherwise',
    nullable: true,
  },
  ...REPEAT_COLUMNS,
];
const at = (name: string) => columns.findIndex((column) => column.name === name);

const IRQ_NONE = 255;
const RAISE = INTERRUPT_OP.indexOf('raise');
const DELIVER = INTERRUPT_OP.indexOf('deliver');
const ABANDON = INTERRUPT_OP.indexOf('abandon');
const SYSENTER = INTERRUPT_SOURCE.indexOf('sysenter');

/** One row for each delivery, with the raise before it and the IRET after it. */
export const interrupts: TraceTable = {
  name: 'interrupts',
  doc: 'a delivered interrupt, hardware IRQ, software INT or SYSENTER, from raise to IRET',
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    const open = new Map<number, number>();
    const raised = new Map<number, number>();
    const repeats = repeatsOf(reader, 'interrupts');
    for (let chunk = 0; chunk < reader.chunks.length; chunk++) {
      if (!reader.chunks[chunk].rows.interrupts) continue;
      const table = reader.readChunk(chunk).table('interrupts');
      const named = Object.fromEntries(
        EVENT_KINDS.interrupts.columns.map(({ name }, n) => [name, table.columns[n]]),
      );
      const cell = (name: string, row: number) => named[name][row];
      for (let row = 0; row < table.count; row++) {
        const op = cell('op', row);
        const irq = cell('irq', row);
        const icount = cell('icount', row);
        if (op === RAISE) raised.set(irq, icount);
        else if (op === DELIVER) {
          const hardware = irq !== IRQ_NONE;
          const id = cell('id', row);
          const added = rows.add(
            id,
            cell('parent', row),
            cell('source', row) === SYSENTER ? null : cell('vector', row),
            hardware ? irq : null,
            INTERRUPT_SOURCE[cell('source', row)],
            hardware ? (raised.get(irq) ?? null) : null,
            icount,
            cell('seq', row),
            cell('eip', row),
            cell('interrupted_cpl', row),
            cell('depth', row) + 1,
            cell('cr3', row),
            cell('target_eip', row),
            cell('esp', row),
          );
          open.set(id, added);
          const repeat = repeats.at(icount, cell('eip', row));
          rows.set(added, at('count'), 1 + (repeat?.count ?? 0));
          rows.set(added, at('last_icount'), repeat?.lastIcount ?? icount);
        } else {
          const id = cell('id', row);
          const delivered = open.get(id);
          if (delivered === undefined) continue;
          open.delete(id);
          if (op === ABANDON) {
            rows.set(delivered, at('abandoned_icount'), icount);
            continue;
          }
          rows.set(delivered, at('iret_icount'), icount);
          rows.set(delivered, at('iret_seq'), cell('seq', row));
          rows.set(delivered, at('return_eip'), cell('target_eip', row));
          rows.set(delivered, at('reached'), cell('reached', row));
        }
      }
    }
    if (rows.rows > 0) yield rows.batch();
  },
};
