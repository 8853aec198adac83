/** The folders of the sources: what may live in each, and which others it may import. docs/ARCHITECTURE.md shows it, a test enforces it. */
export interface Layer {
  readonly folder: string;
  readonly holds: string;
  /** Folders, with all below them, or single files. A folder may always import what lies directly in it. */
  readonly imports: readonly string[];
}

const MACHINE_BASE = ['config', 'control-registers', 'device', 'layout', 'machine-error', 'text-screen'].map(
  (file) => `recorder/machine/${file}.ts`,
);
const CPU_BASE = ['descriptors', 'fault', 'flags', 'segments', 'state'].map(
  (file) => `recorder/machine/cpu/${file}.ts`,
);
const SCHEMAS = ['schemas'];
const TRACE = ['replayer/trace'];

export const LAYERS: readonly Layer[] = [
  {
    folder: 'schemas',
    holds:
      'what recorder, replayer and analysis must agree on: event kinds, units, text that is untrusted, bounds of what is read',
    imports: ['schemas/trace/limits.ts'],
  },
  {
    folder: 'schemas/trace',
    holds: 'the messages of a trace: header, chunks, codecs, framing, checkpoints, bundle, `trace.proto`',
    imports: SCHEMAS,
  },
  { folder: 'schemas/guest', holds: 'files of guests: ELF, symbol files, disk images', imports: SCHEMAS },
  {
    folder: 'host',
    holds:
      'the computer that the tool runs on, as Node gives it: files opened and made, hashing, compression, the version; installed once by a program (`schemas/host.ts`)',
    imports: SCHEMAS,
  },
  {
    folder: 'recorder/machine',
    holds: 'the emulated PC: its configuration, memory layout and clock, and what joins its parts',
    imports: ['schemas', 'recorder/machine'],
  },
  {
    folder: 'recorder/machine/boot',
    holds: 'what is in memory when a guest starts: Multiboot, Linux, firmware',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/events',
    holds: 'the event log: rows, folding, what a guest profile adds',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/state',
    holds: 'snapshots, state hashes, what a debugger waits for',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/cpu',
    holds:
      'the processor: its state, segments, operands, handlers, FPU; `cpu.ts` alone names the interpreter and the compiler',
    imports: ['schemas', 'recorder/machine'],
  },
  {
    folder: 'recorder/machine/cpu/decode',
    holds: 'the opcode tables, decoder, disassembler, models of processors',
    imports: [...SCHEMAS, 'recorder/machine/control-registers.ts', ...CPU_BASE],
  },
  {
    folder: 'recorder/machine/cpu/transfers',
    holds: 'far transfers, gates, exceptions, tasks, virtual-8086 mode, open interrupt frames',
    imports: [
      ...SCHEMAS,
      'recorder/machine',
      '!recorder/machine/cpu/blocks',
      '!recorder/machine/cpu/wasm',
      '!recorder/machine/cpu/interpreter',
    ],
  },
  {
    folder: 'recorder/machine/cpu/blocks',
    holds:
      'decoded code: the table of micro-ops and their meaning, translation, the block cache, what a block calls',
    imports: [
      ...SCHEMAS,
      'recorder/machine',
      '!recorder/machine/cpu/wasm',
      '!recorder/machine/cpu/interpreter',
    ],
  },
  {
    folder: 'recorder/machine/cpu/wasm',
    holds: 'the compiler of hot blocks to WebAssembly, and what calls compiled code (compiler.md)',
    imports: [...SCHEMAS, 'recorder/machine', '!recorder/machine/cpu/interpreter'],
  },
  {
    folder: 'recorder/machine/cpu/interpreter',
    holds: 'the loop that executes micro-ops, made from their table',
    imports: [...SCHEMAS, 'recorder/machine'],
  },
  {
    folder: 'recorder/machine/mmu',
    holds: 'translation, TLB, tracked frames, the three paths of an access',
    imports: [
      ...SCHEMAS,
      ...MACHINE_BASE,
      'recorder/machine/events',
      'recorder/machine/state',
      'recorder/machine/cpu/fault.ts',
      'recorder/machine/cpu/state.ts',
    ],
  },
  {
    folder: 'recorder/machine/devices',
    holds: 'one chip a file',
    imports: [...SCHEMAS, ...MACHINE_BASE, 'recorder/machine/state'],
  },
  {
    folder: 'recorder/capture',
    holds: 'recording a run: seeded inputs, trace writer, guest profiles',
    imports: ['schemas', 'host', 'recorder/machine'],
  },
  {
    folder: 'replayer/trace',
    holds: 'reading a trace: its frames, events, checkpoints, and the machine that it is of',
    imports: ['schemas', 'recorder/machine'],
  },
  {
    folder: 'replayer/verify',
    holds: 'executing a trace again and comparing everything',
    imports: ['schemas', 'recorder/machine', ...TRACE],
  },
  {
    folder: 'replayer/browser',
    holds:
      'the replayer over bytes, for a browser or a worker: not part of the command line, built by a bundler',
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/verify'],
  },
  {
    folder: 'replayer/timeline',
    holds:
      'time travel: a session that only runs forward, and checkpoints, seek and reverse execution above it',
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/verify'],
  },
  {
    folder: 'replayer/store-index',
    holds: "who wrote each word last: an index made of a replay's stores, and look-ups in it",
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/verify', 'replayer/timeline'],
  },
  {
    folder: 'replayer/dwarf',
    holds: 'source lines, call frames, variables and types of a kernel from its DWARF',
    imports: SCHEMAS,
  },
  {
    folder: 'replayer/debug',
    holds:
      'what gdb and editors share: the debuggee with its what-if runs, registers, stack, symbols, monitor commands',
    imports: [
      'schemas',
      'recorder/machine',
      ...TRACE,
      'replayer/timeline',
      'replayer/store-index',
      'replayer/dwarf',
    ],
  },
  {
    folder: 'replayer/gdb',
    holds: 'the remote protocol: packets, the server, points and their conditions',
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/timeline', 'replayer/debug'],
  },
  {
    folder: 'replayer/dap',
    holds: 'the Debug Adapter Protocol: requests, breakpoints, steps, variables',
    imports: ['schemas', 'recorder/machine', 'replayer/timeline', 'replayer/debug', 'replayer/dwarf'],
  },
  {
    folder: 'replayer/bisect',
    holds: 'from a divergence to its instruction',
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/verify', 'replayer/debug'],
  },
  {
    folder: 'replayer/bundle',
    holds: 'self-contained headers, bundles',
    imports: ['schemas', 'host', 'recorder/machine', ...TRACE],
  },
  {
    folder: 'analysis/ending',
    holds:
      'signs that a guest failed, and hints for one that is stuck, from a trace alone: for `record` and `check`',
    imports: ['schemas', 'recorder/machine', 'recorder/capture', ...TRACE],
  },
  {
    folder: 'analysis/tables',
    holds: 'one file per Arrow table',
    imports: ['schemas', ...TRACE, 'analysis/ending'],
  },
  {
    folder: 'analysis/sql',
    holds: 'one `.sql` file per view, named query or SQL of a command, the macros, and the catalogue of them',
    imports: [],
  },
  {
    folder: 'analysis/db',
    holds:
      "traces into a DuckDB that reaches nothing else, what is kept of them in the user's cache folder, results",
    imports: ['schemas', 'host', 'recorder/machine', 'replayer', 'analysis/tables', 'analysis/sql'],
  },
  {
    folder: 'analysis/check',
    holds:
      'the invariants, a folder each: its SQL, and stories that it finds and does not find; what is common to them',
    imports: ['schemas', 'analysis/db', 'analysis/sql'],
  },
  {
    folder: 'analysis/bundle',
    holds: 'the answers that a bundle must give',
    imports: ['schemas', 'analysis/db', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'analysis/what-if',
    holds: 'the changed run, and what became of its findings',
    imports: ['schemas', 'recorder/machine', 'recorder/capture', ...TRACE, 'analysis/check'],
  },
  {
    folder: 'analysis/why',
    holds: 'the story of a failure backwards: from tables, and by executing stretches of the run again',
    imports: [
      'schemas',
      'recorder/machine',
      ...['replayer/trace', 'replayer/timeline', 'replayer/store-index', 'replayer/debug'],
      ...['analysis/db', 'analysis/sql', 'analysis/check'],
    ],
  },
  {
    folder: 'analysis/explore',
    holds: 'where an interrupt could have come in a recorded run, each such run executed, and what judges it',
    imports: [
      'schemas',
      'recorder/machine',
      'recorder/capture',
      ...TRACE,
      'replayer/timeline',
      'analysis/ending',
      'analysis/what-if',
    ],
  },
  {
    folder: 'analysis/diff',
    holds: 'by what two traces differ',
    imports: ['schemas', ...TRACE, 'replayer/verify'],
  },
  {
    folder: 'analysis/report',
    holds: 'the report page: its facts, and the one file of HTML',
    imports: ['analysis/web/page-data.ts', 'analysis/db', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'analysis/web',
    holds: 'code for browsers: what the report page draws, and what a page and its server say to each other',
    imports: [],
  },
  {
    folder: 'analysis/web/serve',
    holds: 'code for browsers: the live page of `serve`',
    imports: ['analysis/web'],
  },
  {
    folder: 'analysis/server',
    holds: 'the server of the live page: who may ask, and what is answered',
    imports: [
      'schemas',
      ...TRACE,
      'analysis/db',
      'analysis/tables',
      'analysis/sql',
      'analysis/diff',
      'analysis/report',
      'analysis/web/page-data.ts',
      'analysis/web/serve-data.ts',
    ],
  },
  { folder: 'analysis/linux', holds: 'what is known of Linux kernels alone', imports: SCHEMAS },
  {
    folder: 'analysis/export',
    holds: 'Parquet and Arrow files',
    imports: ['schemas', ...TRACE, 'analysis/db', 'analysis/tables'],
  },
  {
    folder: 'analysis/export/perfetto',
    holds: 'the timeline for ui.perfetto.dev: its file format, and one `.sql` file per track',
    imports: ['analysis/db', 'analysis/sql'],
  },
  {
    folder: 'analysis/docs',
    holds: 'the pages of `docs/` that are made from code (`npm run docs`)',
    imports: ['schemas', 'analysis/db', 'analysis/tables', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'editors/vscode',
    holds: 'the extension for VS Code, which runs the command line: not part of it, built into a .vsix',
    imports: [],
  },
  {
    folder: 'analysis/cli/terminal',
    holds: 'what a person sees: output, progress, screens, numbers and tables as text',
    imports: ['schemas', 'recorder/machine', 'recorder/capture/input'],
  },
  {
    folder: 'analysis/cli/options',
    holds: 'what a person says: guests, drives, icounts, addresses, limits',
    imports: [
      'schemas',
      'host',
      'recorder',
      'replayer',
      'analysis',
      '!analysis/cli',
      'analysis/cli/terminal',
    ],
  },
  {
    folder: 'analysis/cli/report',
    holds: 'what is said of a trace or a run, and exit statuses',
    imports: ['schemas', 'recorder', 'replayer', 'analysis', '!analysis/cli', 'analysis/cli/terminal'],
  },
  {
    folder: 'analysis/cli/work',
    holds: 'what several commands do: record a guest, replay a trace, open a database, look at a machine',
    imports: [
      'schemas',
      'host',
      'recorder',
      'replayer',
      'analysis',
      '!analysis/cli',
      'analysis/cli/terminal',
      'analysis/cli/options',
      'analysis/cli/report',
    ],
  },
  {
    folder: 'analysis/cli/commands',
    holds: 'one command a file; no command imports another',
    imports: [
      'schemas',
      'host',
      'recorder',
      'replayer',
      'analysis',
      '!analysis/cli',
      'analysis/cli/terminal',
      'analysis/cli/options',
      'analysis/cli/report',
      'analysis/cli/work',
    ],
  },
  {
    folder: 'analysis/cli',
    holds: 'the command line itself: finds the command, says what is wrong',
    imports: ['schemas', 'host', 'analysis/cli'],
  },
];
