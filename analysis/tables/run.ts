import { DETAIL } from '../../schemas/events.ts';
import { EXIT_KINDS } from '../../schemas/trace/footer.ts';
import { RowBuffer } from './row-buffer.ts';
import type { TableColumn, TraceTable } from './table.ts';

/** The run as a whole, a table of one row. */

const columns: readonly TableColumn[] = [
  { name: 'file', kind: 'text', doc: 'path of the trace' },
  { name: 'tool_version', kind: 'text', doc: 'version of rewind386 that recorded the trace' },
  { name: 'guest', kind: 'text', doc: 'built-in name or file name of the guest' },
  { name: 'command_line', kind: 'text', doc: 'command line of the kernel' },
  { name: 'kernel', kind: 'text', doc: 'built-in guest: name of the kernel', nullable: true },
  { name: 'workload', kind: 'text', doc: 'built-in guest: name of the workload', nullable: true },
  { name: 'seed', kind: 'text', doc: 'seed of the recording, decimal' },
  {
    name: 'profile',
    kind: 'text',
    doc: 'name of the guest profile: the recorded one, or the one given by `--profile`',
  },
  { name: 'recursive_slot', kind: 'uint', doc: 'PDE slot of the recursive map; NULL = none', nullable: true },
  {
    name: 'alternate_slot',
    kind: 'uint',
    doc: 'PDE slot of the alternate map whose switches were recorded; NULL = none',
    nullable: true,
  },
  {
    name: 'names_processes',
    kind: 'uint',
    doc: '1 if the recorded profile locates the running process',
  },
  { name: 'detail', kind: 'word', doc: 'recorded detail', words: DETAIL },
  { name: 'ram_bytes', kind: 'bigint', doc: 'guest memory, bytes' },
  { name: 'cpu', kind: 'text', doc: 'processor model, with features added or removed' },
  { name: 'fpu', kind: 'uint', doc: '1 with an x87 FPU, 0 without' },
  { name: 'tlb_entries', kind: 'uint', doc: 'total number of TLB entries' },
  { name: 'tlb_ways', kind: 'uint', doc: 'TLB entries per set' },
  { name: 'instructions_per_second', kind: 'bigint', doc: 'retired instructions per virtual second' },
  { name: 'ladder_interval', kind: 'bigint', doc: 'instructions between two state hashes' },
  { name: 'exit', kind: 'word', doc: 'end of the run; unspecified for a torn trace', words: EXIT_KINDS },
  {
    name: 'exit_code',
    kind: 'uint',
    doc: 'code that the guest wrote to the exit port; NULL if it wrote none',
    nullable: true,
  },
  { name: 'instructions', kind: 'bigint', doc: 'instructions retired' },
  { name: 'events', kind: 'bigint', doc: 'events recorded' },
  { name: 'torn', kind: 'text', doc: 'part that the trace lacks; NULL if it is complete', nullable: true },
];

const slot = (n: number) => (n < 0 ? null : n);

/** One row: the run as a whole. */
export const run: TraceTable = {
  name: 'run',
  doc: 'a run as a whole, with its recording, machine and end',
  columns,
  *batches(reader) {
    const { header, names, footer, torn } = reader;
    // Where events depend on the profile it is the recorded one that counts.
    const { machine, guest, profile, labels } = header;
    const rows = new RowBuffer(columns);
    rows.add(
      reader.path,
      header.toolVersion.raw,
      guest.name.raw,
      guest.commandLine.raw,
      labels.kernel?.raw ?? null,
      labels.workload?.raw ?? null,
      String(header.seed),
      names.profile.name.raw,
      slot(names.profile.recursiveSlot),
      slot(profile.alternateSlot),
      profile.process ? 1 : 0,
      machine.detail,
      machine.ramBytes,
      machine.cpuModel,
      machine.fpu ? 1 : 0,
      machine.tlbEntries,
      machine.tlbWays,
      machine.instructionsPerSecond,
      header.ladderInterval,
      footer?.exit.kind ?? 'unspecified',
      footer?.exit.kind === 'exit' ? footer.exit.code : null,
      reader.endIcount,
      reader.events,
      torn?.what ?? null,
    );
    yield rows.batch();
  },
};
