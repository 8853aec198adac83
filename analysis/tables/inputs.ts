import { INPUT_KINDS, isLatency, POKE_REGISTERS, POKE_TARGETS } from '../../schemas/trace/inputs.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** All that came into a run from outside, as a table. */

const columns: readonly TableColumn[] = [
  { name: 'icount', kind: 'bigint', doc: 'icount at which the machine took the input' },
  { name: 'kind', kind: 'word', doc: 'kind of input', words: INPUT_KINDS },
  {
    name: 'value',
    kind: 'uint',
    doc:
      'disk_latency, disk_block, timer_latency, serial_latency: instructions; rtc_start: seconds since 1970-01-01 UTC; serial_byte, key_scancode: the byte; ' +
      'inject_irq: the line; hold_interrupts: 1 holds, 0 releases; poke: the value',
  },
  {
    name: 'due_icount',
    kind: 'bigint',
    doc:
      'icount at which the input takes effect: for disk_latency and disk_block the end of the command or block, for timer_latency the ' +
      'delayed interrupt, for serial_latency the time when a transmitter without further bytes becomes empty, otherwise icount',
  },
  { name: 'target', kind: 'word', doc: 'for a poke: the target', words: POKE_TARGETS, nullable: true },
  {
    name: 'address',
    kind: 'uint',
    doc: 'for a poke into memory: linear or physical address, according to target',
    nullable: true,
  },
  {
    name: 'register',
    kind: 'word',
    doc: 'for a poke into a register: its name',
    words: POKE_REGISTERS,
    nullable: true,
  },
];

/** One row for each input, in the order in which the machine took them. */
export const inputs: TraceTable = {
  name: 'inputs',
  doc: 'an input from outside the machine: the latency of a device, the start of the clock, typed or injected input, a change of a what-if',
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
