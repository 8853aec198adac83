/**
 * The one list of the events in a trace. Each event kind is a table of columns. The machine's buffers, the protobuf
 * codec, the replay comparison and the Arrow tables are made from it; tests compare trace.proto and event-rows.ts with it.
 */

/**
 * The encoding of a column, as stored in memory and on disk:
 * - `icount`: Float64Array of integers; delta to the previous row, unsigned varint (rows are in icount order).
 * - `ordinal`: Uint32Array; never decreasing; delta, unsigned varint.
 * - `address`: Uint32Array; delta to the previous row of the same column, modulo 2^32, zigzag varint.
 * - `value`: Uint32Array; plain unsigned varint.
 * - `small`: Uint8Array; plain unsigned varint.
 */
export type ColumnType = 'icount' | 'ordinal' | 'address' | 'value' | 'small';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Meaning and unit; docs/tables.md and the Arrow schema quote it. */
  readonly doc: string;
  /** For `small` columns that encode a word: value n means names[n]. */
  readonly names?: readonly string[];
}

interface NamedColumn<Name extends string> extends Column {
  readonly name: Name;
}

const column = <const Name extends string>(
  name: Name,
  type: ColumnType,
  doc: string,
  names?: readonly string[],
): NamedColumn<Name> => (names ? { name, type, doc, names } : { name, type, doc });

/** The mapping through which a paging structure was reached. */
export const VIA = ['physical', 'direct', 'recursive', 'alternate'] as const;
/** The writer of a paging-structure entry. */
export const WRITE_SOURCE = ['store', 'accessed_dirty', 'dma', 'adopt', 'poke'] as const;
export const PAGING_LEVEL = ['none', 'pde', 'pte'] as const;
export const CONTROL_REGISTER = ['cr0', 'cr1', 'cr2', 'cr3', 'cr4'] as const;
export const APTD_OP = ['write', 'check'] as const;
/** Kinds of windows of a guest profile: pages with a PTE each, a PDE with its 4 MB, a control register, a word of memory. */
export const WINDOW_KIND = ['pages', 'slot', 'cr3', 'cr4', 'word'] as const;
export type WindowKind = (typeof WINDOW_KIND)[number];
export const WINDOW_OP = ['write', 'check'] as const;
export const ACCESS = ['read', 'write', 'execute'] as const;
export const TLB_OP = ['invlpg', 'flush', 'stale_use'] as const;
export const INTERRUPT_OP = ['raise', 'deliver', 'iret', 'abandon'] as const;
export const INTERRUPT_SOURCE = ['irq', 'int', 'injected', 'sysenter'] as const;
export const STACK_SWITCH_REASON = ['privilege', 'iret', 'load', 'cr3', 'task'] as const;
/** The IRQ column of a software INT, and of a SYSENTER. */
export const NO_IRQ = 255;
/** Kinds of which repeats are folded while paging is off (recorder/machine/events/repeats.ts). */
export const FOLDED_KINDS = ['control_writes', 'interrupts', 'stack_switches'] as const;
/** The pin or port that resets the processor. */
export const RESET_CAUSE = ['keyboard', 'port_92', 'port_cf9'] as const;
export type ResetCause = (typeof RESET_CAUSE)[number];
/** The use of a frame as a paging structure. */
export const STRUCTURE_ROLE = ['directory', 'table'] as const;
export const STRUCTURE_OP = ['begin', 'end'] as const;
/**
 * The reason that a frame becomes a paging structure (CR3 names it, a translation was filled from it, the recursive or alternate map
 * shows it) or ceases to be one (its last entry was cleared, it no longer names itself, it no longer maps the executing code, or no
 * directory names it).
 */
export const STRUCTURE_CAUSE = [
  'cr3',
  'walk',
  'window',
  'empty',
  'recursive_slot',
  'code',
  'unnamed',
] as const;
export const CONSOLE_PORT = ['com1', 'debugcon', 'bios', 'lpt1'] as const;

/** The direction of port I/O. */
export const PORT_OP = ['in', 'out'] as const;
/** `enter` and `leave` are of an interrupt; `gate` is a call gate, and `return` a way to CPL 3 that ends no interrupt. */
export const SYSTEM_CALL_OP = ['enter', 'leave', 'gate', 'return'] as const;
/** The reason that EFLAGS.IF changed: an instruction, a delivery through an interrupt gate, a task switch, a what-if. */
export const IF_CAUSE = ['cli', 'sti', 'popf', 'iret', 'delivery', 'sysenter', 'task', 'poke'] as const;

/** Numbers of the values that one probe can have. */
const PROBE_VALUES = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const MAX_PROBE_VALUES = PROBE_VALUES.length;

/** Columns that every event carries: when, where in the code, and in which context. */
export const CONTEXT_COLUMNS: readonly Column[] = [
  column('icount', 'icount', 'instructions retired before the one that caused this event'),
  column('seq', 'ordinal', 'position among all events of the run; orders events with the same icount'),
  column('eip', 'address', 'EIP of the instruction that caused this event'),
  column('cpl', 'small', 'current privilege level, 0-3'),
  column(
    'depth',
    'small',
    'number of open interrupt frames (IRQ, software INT or SYSENTER) around the code, 0 = none',
  ),
  column('frame_id', 'value', 'id of the innermost open interrupt frame (interrupts.id), 0 = none'),
  column('cr3', 'address', 'physical address of the current page directory, bytes'),
  column(
    'esp',
    'address',
    'ESP when the event was made: that before the instruction, unless the instruction or a delivery had moved it already',
  ),
];

export interface EventKindSpec<Own extends readonly Column[] = readonly Column[]> {
  readonly doc: string;
  /** The columns of this kind alone. */
  readonly own: Own;
  /** CONTEXT_COLUMNS except those of the same name as one of its own, then its own. */
  readonly columns: readonly Column[];
}

const event = <const Own extends readonly Column[]>(doc: string, own: Own): EventKindSpec<Own> => ({
  ...{ doc, own },
  columns: [...CONTEXT_COLUMNS.filter(({ name }) => !own.some((one) => one.name === name)), ...own],
});

/** Every event kind, in the order in which trace.proto numbers them. Append only: a trace outlives its recorder. */
export const EVENT_KINDS = {
  paging_writes: event('a write to an entry of a page directory or page table, from any source', [
    column('linear', 'address', 'linear address of the store; 0 if not made by a store'),
    column('physical', 'address', 'physical address of the entry, bytes'),
    column('dir', 'address', 'physical address of the page directory to which the entry belongs'),
    column('slot', 'value', 'index 0-1023 of the entry if it is a PDE, otherwise of the PDE above it'),
    column('vpn', 'value', 'linear page number (linear >>> 12) that the entry maps; for a PDE, slot << 10'),
    column('level', 'small', 'kind of entry', PAGING_LEVEL),
    column('old', 'value', 'the entry before'),
    column('new', 'value', 'the entry after'),
    column('via', 'small', 'mapping through which the store came', VIA),
    column('source', 'small', 'origin of the write', WRITE_SOURCE),
  ]),
  control_writes: event('a load of CR0, CR3 or CR4 (a CR3 load flushes the TLB)', [
    column('reg', 'small', 'control register', CONTROL_REGISTER),
    column('old', 'value', 'value before'),
    column('new', 'value', 'value after'),
  ]),
  aptd_switches: event(
    'a write to the alternate slot of the current page directory (APTDpde), or a read that checks it',
    [
      column('op', 'small', 'write or check', APTD_OP),
      column('linear', 'address', 'linear address of the access'),
      column('old', 'value', 'the alternate PDE before (for a check: as read)'),
      column('new', 'value', 'the alternate PDE after (for a check: the same)'),
    ],
  ),
  apt_accesses: event(
    'an access through the alternate window: each store, each read by a repeated string instruction, and of other reads the first per TLB fill',
    [
      column('linear', 'address', 'linear address accessed'),
      column('physical', 'address', 'physical address reached'),
      column('access', 'small', 'read or write', ACCESS),
      column('apt', 'value', 'the current value of the alternate PDE of the live directory'),
      column('used', 'value', 'the alternate PDE under which the translation was filled'),
      column('value', 'value', 'value read or written, zero-extended'),
      column('size', 'small', 'bytes'),
    ],
  ),
  tlb_events: event('INVLPG, a flush other than by a CR3 load, or the use of a stale translation', [
    column('op', 'small', 'kind of event', TLB_OP),
    column('linear', 'address', 'linear address concerned; 0 for a flush'),
    column('used', 'value', 'for stale_use: the PTE (or 4 MB PDE) cached in the TLB'),
    column('fresh', 'value', 'for stale_use: the entry that a page walk would have found (0 = not present)'),
    column('access', 'small', 'for stale_use: the access', ACCESS),
  ]),
  interrupts: event(
    'the raise of an IRQ line, the delivery of an IRQ, software INT or SYSENTER, or the end of its frame',
    [
      column(
        'op',
        'small',
        'raise, deliver, iret (for a SYSENTER, the return to CPL 3), or abandon (its frame was overwritten)',
        INTERRUPT_OP,
      ),
      column('id', 'value', 'number of the delivery, from 1; 0 for a raise'),
      column('parent', 'value', 'id of the interrupted frame; 0 = none'),
      column('vector', 'small', 'IDT vector 0-255 (0 for a raise and a SYSENTER)'),
      column('irq', 'small', 'IRQ line 0-15; 255 for a software INT and a SYSENTER'),
      column('source', 'small', 'origin', INTERRUPT_SOURCE),
      column('target_eip', 'address', 'deliver: handler entry; iret: the EIP returned to; raise: 0'),
      column('interrupted_cpl', 'small', 'CPL of the interrupted code'),
      column('esp', 'address', 'deliver: ESP after the frame was pushed; iret: ESP before it is popped'),
      column(
        'reached',
        'small',
        'iret: 1 if a CALL ran in the frame (a handler was reached), 0 for a masked stub',
      ),
    ],
  ),
  exceptions: event('an exception delivered to the guest', [
    column('vector', 'small', 'exception vector 0-31'),
    column('error_code', 'value', 'error code pushed, 0 if none'),
    column('has_code', 'small', '1 if the vector pushes an error code'),
    column('cr2', 'address', 'CR2 (meaningful for vector 14)'),
    column('handler', 'address', 'EIP of the handler entered; 0 if the delivery itself failed'),
  ]),
  stack_switches: event('a move of ESP to another stack', [
    column('reason', 'small', 'cause of the move', STACK_SWITCH_REASON),
    column('old_esp', 'address', 'ESP before'),
    column('new_esp', 'address', 'ESP after'),
    column('old_frame', 'value', 'physical frame number of the page under the old ESP; 0xffffffff unmapped'),
    column('new_frame', 'value', 'physical frame number of the page under the new ESP; 0xffffffff unmapped'),
  ]),
  stores: event('a memory write through the MMU (detail `stores` only)', [
    column('linear', 'address', 'linear address written'),
    column('physical', 'address', 'physical address written'),
    column('size', 'small', 'bytes: 1, 2 or 4'),
    column('old', 'value', 'value before, zero-extended'),
    column('new', 'value', 'value written, zero-extended'),
  ]),
  contexts: event('a process that was seen running under a page directory (guest profile with `process`)', [
    column('proc', 'address', 'linear address of the process structure; 0 = idle'),
    column('pid', 'value', 'process id'),
    column('comm0', 'value', 'bytes 0-3 of the command name, little endian'),
    column('comm1', 'value', 'bytes 4-7'),
    column('comm2', 'value', 'bytes 8-11'),
    column('comm3', 'value', 'bytes 12-15'),
  ]),
  console: event('a byte that the guest sent to its console', [
    column('port', 'small', 'device', CONSOLE_PORT),
    column('byte', 'small', 'the byte'),
  ]),
  repeats: event(
    'the number of times that an earlier event was repeated while paging was disabled, differing only in time',
    [
      column('kind', 'small', 'kind of that event', FOLDED_KINDS),
      column('first_ago', 'value', 'instructions from that event to this row'),
      column('last_ago', 'value', 'instructions from the last repeat to this row'),
      column('count', 'value', 'number of repeats, not counting the event itself'),
      column('digest_low', 'value', 'digest of icount, frame_id, id and parent of each repeat: bits 31-0'),
      column('digest_high', 'value', 'bits 63-32'),
    ],
  ),
  window_switches: event(
    'a store to the PTE, PDE, control register or word of a window of the guest profile, or a read that checks it',
    [
      column('window', 'small', 'number of the window in the profile, from 1'),
      column('op', 'small', 'write or check', WINDOW_OP),
      column('linear', 'address', 'linear address of the access; 0 for a control register'),
      column('entry', 'address', 'physical address of the entry or word; 0 for a control register'),
      column(
        'page',
        'address',
        'linear address that the entry maps; for a word, its own address; for a control register, 0',
      ),
      column('old', 'value', 'the entry before (for a check: as read)'),
      column('new', 'value', 'the entry after (for a check: the same)'),
    ],
  ),
  window_accesses: event(
    'an access through a window of the guest profile: each store, each read by a repeated string instruction, and of other reads the first per TLB fill',
    [
      column('window', 'small', 'number of the window in the profile, from 1'),
      column('linear', 'address', 'linear address accessed'),
      column('physical', 'address', 'physical address reached'),
      column('access', 'small', 'read or write', ACCESS),
      column('entry', 'address', 'physical address of the entry from which the translation was filled'),
      column('fresh', 'value', 'current value of that entry'),
      column('used', 'value', 'value of that entry when the translation was filled'),
      column('value', 'value', 'value read or written, zero-extended'),
      column('size', 'small', 'bytes'),
    ],
  ),
  resets: event('a reset of the processor by the guest', [
    column('cause', 'small', 'keyboard controller (64h), port 92h or port CF9h', RESET_CAUSE),
  ]),
  call_entries: event('code that reached a probe: the call of a function, or a place within one', [
    column('probe', 'value', 'number of the probe, from 1'),
    column('call_id', 'value', 'number of this hit among those of its probe, from 1'),
    column('esp', 'address', 'ESP before the instruction'),
    column(
      'caller',
      'address',
      'return address, the word at ESP; 0 if the probe is not the start of a function',
    ),
    column(
      'stack',
      'address',
      'linear address of the end of the stack: ESP0 of the task if ESP is less than 64 KB below it, otherwise the end of the page',
    ),
    column('nesting', 'value', 'number of open calls of probed functions on this stack, 0 = none'),
    column('known', 'small', 'bit n: 1 if value n could be read'),
    ...PROBE_VALUES.map((n) => column(`value${n}`, 'value', `value ${n} of the probe, 0 if there is none`)),
  ]),
  call_returns: event('the return from a call of call_entries', [
    column('probe', 'value', 'number of the probe'),
    column('call_id', 'value', 'number of the call'),
    column('callee', 'address', 'linear address of the function'),
    column('esp', 'address', 'ESP after the return'),
    column('nesting', 'value', 'nesting of the call'),
    column('eax', 'value', 'EAX: the result of most functions'),
    column('edx', 'value', 'EDX: the upper half of a 64-bit result'),
  ]),
  instructions: event(
    'the start of an instruction, with the registers before it (detail `instructions` only)',
    [
      column('eax', 'value', 'EAX'),
      column('ecx', 'value', 'ECX'),
      column('edx', 'value', 'EDX'),
      column('ebx', 'value', 'EBX'),
      column('esp', 'address', 'ESP'),
      column('ebp', 'address', 'EBP'),
      column('esi', 'address', 'ESI'),
      column('edi', 'address', 'EDI'),
      column('eflags', 'value', 'EFLAGS'),
      column('code_bits', 'small', 'default operand size of the code segment, 16 or 32'),
      column('code0', 'value', 'bytes 0-3 at CS:EIP, little endian; 0 if unmapped'),
      column('code1', 'value', 'bytes 4-7'),
      column('code2', 'value', 'bytes 8-11'),
      column('code3', 'value', 'bytes 12-15'),
    ],
  ),
  reads: event(
    'a memory read through the MMU (detail `reads`; with detail `pte_reads`, reads of page directories and page tables)',
    [
      column('linear', 'address', 'linear address read'),
      column('physical', 'address', 'physical address read'),
      column('size', 'small', 'bytes: 1, 2 or 4'),
      column('value', 'value', 'value read, zero-extended'),
    ],
  ),
  if_changes: event('a change of EFLAGS.IF (detail `if_changes` only)', [
    column('enabled', 'small', '1 if interrupts are now enabled, 0 if disabled'),
    column(
      'cause',
      'small',
      'cause of the change; for an IRQ or exception, eip is that of the handler',
      IF_CAUSE,
    ),
  ]),
  port_io: event('an access to an I/O port (detail `port_io` only)', [
    column('op', 'small', 'in or out', PORT_OP),
    column('port', 'value', 'port, 0-65535'),
    column('size', 'small', 'bytes: 1, 2 or 4'),
    column('value', 'value', 'value read or written, zero-extended'),
  ]),
  system_calls: event(
    'a software INT, SYSENTER or call gate at CPL 3, or a return to it (detail `system_calls` only)',
    [
      column(
        'op',
        'small',
        'enter and leave of an INT or SYSENTER; gate: CALL through a call gate; return: RET or IRET to CPL 3 that ends no interrupt, as of a gate or in a new process',
        SYSTEM_CALL_OP,
      ),
      column('interrupt_id', 'value', 'the delivery (interrupts.id); 0 for gate and return'),
      column('gate', 'value', 'IDT vector of an INT, selector of a call gate; otherwise 0'),
      column('eax', 'value', 'EAX: on entry, the number of the call on most systems; on return, its result'),
      column('ebx', 'value', 'EBX'),
      column('ecx', 'value', 'ECX'),
      column('edx', 'value', 'EDX'),
      column('esi', 'value', 'ESI'),
      column('edi', 'value', 'EDI'),
      column('ebp', 'value', 'EBP'),
      column('user_esp', 'address', 'entry by INT or gate: ESP of the program; otherwise 0'),
      column('stack0', 'value', 'entry by INT or gate: the word at that address'),
      column('stack1', 'value', 'the next word'),
      column('stack2', 'value', 'the next word'),
      column('stack3', 'value', 'the next word'),
      column('eflags', 'value', 'EFLAGS: after a return, CF is that of the result'),
    ],
  ),
  structure_changes: event(
    'the moment at which a frame becomes a page directory or page table, or ceases to be one',
    [
      column('op', 'small', 'beginning or end', STRUCTURE_OP),
      column('role', 'small', 'use of the frame', STRUCTURE_ROLE),
      column('physical', 'address', 'physical address of the frame, bytes'),
      column(
        'dir',
        'address',
        'physical address of the page directory through which a page table was last walked; of a directory its own',
      ),
      column('slot', 'value', 'of a page table: index 0-1023 of the PDE in dir; of a directory 0'),
      column('cause', 'small', 'reason', STRUCTURE_CAUSE),
    ],
  ),
} as const satisfies Record<string, EventKindSpec>;

export type EventKind = keyof typeof EVENT_KINDS;
export const EVENT_KIND_NAMES = Object.keys(EVENT_KINDS) as EventKind[];

/** Number of a kind's columns before its own. Only the last of CONTEXT_COLUMNS, `esp`, may be one of its own instead. */
export const contextColumnsOf = (kind: EventKind): number =>
  EVENT_KINDS[kind].columns.length - EVENT_KINDS[kind].own.length;

/** MachineConfig.eventRevision from which events have their `esp`; before it the context column is 0. */
export const ESP_REVISION = 34;
export type FoldedKind = (typeof FOLDED_KINDS)[number];

type OwnColumns<Kind extends EventKind> = (typeof EVENT_KINDS)[Kind]['own'];

type Numbers<Columns extends readonly Column[]> = { readonly [N in keyof Columns]: number };

/** The values of a kind's own columns, in order. */
export type OwnValues<Kind extends EventKind> = Numbers<OwnColumns<Kind>>;

/** The values of a kind's own columns, by name. */
export type OwnRow<Kind extends EventKind> = {
  readonly [Name in OwnColumns<Kind>[number]['name']]: number;
};

/** Index of a kind's column in EVENT_KINDS[kind].columns; -1 if it has none of that name. */
export const columnIndex = (kind: EventKind, name: string): number =>
  EVENT_KINDS[kind].columns.findIndex((column: Column) => column.name === name);

export type ColumnArray = Float64Array | Uint32Array | Uint8Array;

/** Rows of one kind: columns in the order of EVENT_KINDS[kind].columns; only the first `count` rows are valid. */
export interface EventTable {
  readonly kind: EventKind;
  count: number;
  readonly columns: readonly ColumnArray[];
}

/** All events of one stretch of the run, each kind in icount/seq order. No event of a later batch has a smaller seq. */
export interface EventBatch {
  readonly tables: Readonly<Record<EventKind, EventTable>>;
  /** seq of the first event and one past the last. */
  readonly firstSeq: number;
  readonly endSeq: number;
}

/** A table's column by name. */
export const columnOf = ({ kind, columns }: EventTable, name: string): ColumnArray =>
  columns[columnIndex(kind, name)];

export function allocateColumn(type: ColumnType, capacity: number): ColumnArray {
  switch (type) {
    case 'icount':
      return new Float64Array(capacity);
    case 'small':
      return new Uint8Array(capacity);
    default:
      return new Uint32Array(capacity);
  }
}

export function allocateTable(kind: EventKind, capacity: number): EventTable {
  return { kind, count: 0, columns: EVENT_KINDS[kind].columns.map((c) => allocateColumn(c.type, capacity)) };
}

/** The detail of a recording: `off` records nothing, `paging` is the default, `stores` adds every memory write. */
export const DETAIL = ['off', 'paging', 'stores'] as const;
export type Detail = (typeof DETAIL)[number];

/** Facts that are recorded only on request, and the kind of event that each produces. */
export const FACT_KINDS = {
  instructions: 'instructions',
  reads: 'reads',
  pte_reads: 'reads',
  if_changes: 'if_changes',
  port_io: 'port_io',
  system_calls: 'system_calls',
} as const satisfies Record<string, EventKind>;
export type FactKind = keyof typeof FACT_KINDS;
export const FACT_KIND_NAMES = Object.keys(FACT_KINDS) as FactKind[];
