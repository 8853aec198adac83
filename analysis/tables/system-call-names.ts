import { systemCallsOf } from '../../recorder/capture/system-calls.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The names that a guest profile has for system calls, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'number', kind: 'uint', doc: 'number of the call' },
  { name: 'name', kind: 'text', doc: 'its name' },
  {
    name: 'vector',
    kind: 'small',
    nullable: true,
    doc: 'vector of the gate in the IDT; a SYSENTER is treated as this vector too; NULL if calls do not come by INT',
  },
  {
    name: 'selector',
    kind: 'uint',
    nullable: true,
    doc: 'selector of the call gate; NULL if calls do not come through one',
  },
  {
    name: 'by_stack',
    kind: 'small',
    doc: "1 if arguments are on the program's stack above a return address, 0 if they are in EBX, ECX, EDX, ESI, EDI and EBP",
  },
];

/** One row for each system call that the profile names. */
export const systemCallNames: TraceTable = {
  name: 'system_call_names',
  doc: 'the name of a system call, from the guest profile',
  columns,
  *batches({ names }) {
    const calls = systemCallsOf(names.profile);
    if (!calls) return;
    const rows = new RowBuffer(columns);
    for (const [number, name] of calls.names)
      rows.add(number, name, calls.vector, calls.selector, calls.byStack ? 1 : 0);
    if (rows.rows > 0) yield rows.batch();
  },
};
