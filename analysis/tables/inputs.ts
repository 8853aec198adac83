import { INPUT_KINDS, isLatency, POKE_REGISTERS, POKE_TARGETS } from '../../schemas/trace/inputs.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** All that came into a run from outside, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'icount', kind: 'bigint', doc: 'icount at which the machine took it' },
  { name: 'kind', kind: 'word', doc: 'what came', words: INPUT_KINDS },
  {
    name: 'value',
    kind: 'uint',
    doc:
      'disk_latency, disk_block, timer_latency, serial_latency: instructions; rtc_start: seconds since 1970-01-01 UTC; serial_byte, key_scancode: the byte; ' +
      'inject_irq: the line; hold_interrupts: 1 holds, 0 lets go; poke: the value',
  },
  {
    name: 'due_icount',
    kind: 'bigint',
    doc:
      'icount at which it takes effect: of disk_latency and disk_block that of the end of the command or block, of timer_latency that ' +
      'of the late interrupt, of serial_latency that at which a transmitter without other bytes is empty, else icount',
  },
  { name: 'target', kind: 'word', doc: 'of a poke: what was changed', words: POKE_TARGETS, nullable: true },
  {
    name: 'address',
    kind: 'uint',
    doc: 'of a poke into memory: linear or physical address, by target',
    nullable: true,
  },
  {
    name: 'register',
    kind: 'word',
    doc: 'of a poke into a register: which',
    words: POKE_REGISTERS,
    nullable: true,
  },
];

/** One row for each input, in the order in which the machine took them. */
export const inputs: TraceTable = {
  name: 'inputs',
  doc: 'what came from outside: latencies of devices, the start of the clock, typed and injected input, changes of a what-if',
  columns,
  *batches(reader) {
    const rows = new RowBuffer(columns);
    for (const { icount, kind, value, target, address } of reader.inputs()) {
      const due = isLatency(kind) ? icount + value : icount;
      const register = target === 'register' ? POKE_REGISTERS[address ?? 0] : null;
      const place = target !== undefined && register === null ? (address ?? 0) : null;
      rows.add(icount, kind, value, due, target ?? null, place, register);
    }
    if (rows.rows > 0) yield rows.batch();
  },
};
