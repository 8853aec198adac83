/** The folders of the sources, with the contents and the permitted imports of each. docs/ARCHITECTURE.md shows it, a test enforces it. */
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
      'definitions shared by recorder, replayer and analysis: event kinds, units, untrusted text, bounds for reading',
    imports: ['schemas/trace/limits.ts'],
  },
  {
    folder: 'schemas/trace',
    holds: 'the messages of a trace: header, chunks, codecs, framing, checkpoints, bundle, `trace.proto`',
    imports: SCHEMAS,
  },
  { folder: 'schemas/guest', holds: 'guest files: ELF, symbol files, disk images', imports: SCHEMAS },
  {
    folder: 'host',
    holds:
      'access to the host through Node: files, hashing, compression, threads, the version; each program installs it once (`schemas/host.ts`)',
    imports: SCHEMAS,
  },
  {
    folder: 'recorder/machine',
    holds: 'the emulated PC: configuration, memory layout, clock, and the code that connects its parts',
    imports: ['schemas', 'recorder/machine'],
  },
  {
    folder: 'recorder/machine/boot',
    holds: 'the initial memory contents of a guest: Multiboot, Linux, firmware',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/events',
    holds: 'the event log: rows, folding, additions of a guest profile',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/state',
    holds: 'snapshots, kept states, state hashes, stop conditions of a debugger',
    imports: [...SCHEMAS, ...MACHINE_BASE],
  },
  {
    folder: 'recorder/machine/cpu',
    holds:
      'the processor: its state, segments, operands, handlers, FPU; only `cpu.ts` names the interpreter and the compiler',
    imports: ['schemas', 'recorder/machine'],
  },
  {
    folder: 'recorder/machine/cpu/decode',
    holds: 'opcode tables, decoder, disassembler, processor models',
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
      'decoded code: the table of micro-ops and their meaning, translation, the block cache, the functions that a block calls',
    imports: [
      ...SCHEMAS,
      'recorder/machine',
      '!recorder/machine/cpu/wasm',
      '!recorder/machine/cpu/interpreter',
    ],
  },
  {
    folder: 'recorder/machine/cpu/wasm',
    holds: 'the compiler of hot blocks to WebAssembly, and the code that calls compiled blocks (compiler.md)',
    imports: [...SCHEMAS, 'recorder/machine', '!recorder/machine/cpu/interpreter'],
  },
  {
    folder: 'recorder/machine/cpu/interpreter',
    holds: 'the loop that executes micro-ops, generated from their table',
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
    holds: 'one chip per file',
    imports: [...SCHEMAS, ...MACHINE_BASE, 'recorder/machine/state'],
  },
  {
    folder: 'recorder/capture',
    holds: 'recording a run: seeded inputs, trace writer, guest profiles',
    imports: ['schemas', 'host', 'recorder/machine'],
  },
  {
    folder: 'replayer/trace',
    holds: 'reading a trace: frames, events, checkpoints, and the machine that it describes',
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
      'the replayer on bytes in memory, for a browser or a worker; built by a bundler, not part of the command line',
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
    holds: "the last writer of each word: an index of a replay's stores, and look-ups in it",
    imports: ['schemas', 'recorder/machine', ...TRACE, 'replayer/verify', 'replayer/timeline'],
  },
  {
    folder: 'replayer/dwarf',
    holds: 'source lines, call frames, variables and types from the DWARF of a kernel',
    imports: SCHEMAS,
  },
  {
    folder: 'replayer/debug',
    holds:
      'code shared by gdb and editors: the debuggee with its what-if runs, registers, stack, symbols, monitor commands',
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
    holds: "gdb's remote protocol: packets, the server, breakpoints and watchpoints with their conditions",
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
    holds: 'signs of a failed guest, and hints for a stuck one, from a trace alone; for `record` and `check`',
    imports: ['schemas', 'recorder/machine', 'recorder/capture', ...TRACE],
  },
  {
    folder: 'analysis/tables',
    holds: 'one file per Arrow table',
    imports: [
      'schemas',
      ...TRACE,
      'analysis/ending',
      'recorder/machine/cpu/decode',
      'recorder/capture/system-calls.ts',
    ],
  },
  {
    folder: 'analysis/sql',
    holds: 'one `.sql` file per view, named query or query of a command, the macros, and the catalogue',
    imports: [],
  },
  {
    folder: 'analysis/db',
    holds: "loading of traces into a sandboxed DuckDB, the user's cache folder, results",
    imports: ['schemas', 'host', 'recorder/machine', 'replayer', 'analysis/tables', 'analysis/sql'],
  },
  {
    folder: 'analysis/check',
    holds:
      'the checks, one folder each with its SQL and the stories that it must and must not find; code common to them',
    imports: ['schemas', 'analysis/db', 'analysis/sql'],
  },
  {
    folder: 'analysis/bundle',
    holds: 'the answers that a bundle must give',
    imports: ['schemas', 'analysis/db', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'analysis/what-if',
    holds: 'the changed run, and the comparison of its findings',
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
    folder: 'analysis/fleet',
    holds: 'an exploration by several machines: jobs in a queue, results as Parquet in a shared folder',
    imports: ['schemas', 'host', 'analysis/explore', 'analysis/db'],
  },
  {
    folder: 'analysis/explore',
    holds:
      'the points of a recorded run where an interrupt could have come, the execution of each such run, and its verdict',
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
  { folder: 'analysis/plot', holds: 'plots as SVG', imports: [] },
  {
    folder: 'analysis/curve',
    holds:
      'how often machines die under a load: runs without a trace, statistics of their lives, tables and figures',
    imports: [...SCHEMAS, 'recorder/machine', 'recorder/capture', 'analysis/explore', 'analysis/plot'],
  },
  {
    folder: 'analysis/inevitable',
    holds: 'reruns of a recorded run from some instant on with new latencies, and how many of them fail',
    imports: [
      ...SCHEMAS,
      'recorder/machine',
      'recorder/capture',
      ...TRACE,
      'replayer/timeline',
      'analysis/ending',
    ],
  },
  {
    folder: 'analysis/diff',
    holds: 'the differences between two traces',
    imports: ['schemas', ...TRACE, 'replayer/verify'],
  },
  {
    folder: 'analysis/report',
    holds: 'the report page: its facts, and the self-contained HTML file',
    imports: [
      'schemas',
      'recorder/machine',
      ...['replayer/timeline', 'replayer/debug', 'replayer/dwarf'],
      ...['analysis/web/page-data.ts', 'analysis/web/packed.ts'],
      ...['analysis/db', 'analysis/sql', 'analysis/check', 'analysis/why'],
    ],
  },
  {
    folder: 'analysis/web',
    holds:
      'code for browsers: the drawing of the report page, and the messages between a page and its server',
    imports: [],
  },
  {
    folder: 'analysis/web/serve',
    holds: 'code for browsers: the live page of `serve`',
    imports: ['analysis/web'],
  },
  {
    folder: 'analysis/server',
    holds: 'the server of the live page: access control and answers',
    imports: [
      'schemas',
      'host',
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
  { folder: 'analysis/linux', holds: 'knowledge that applies only to Linux kernels', imports: SCHEMAS },
  {
    folder: 'analysis/export',
    holds: 'Parquet and Arrow files',
    imports: ['schemas', ...TRACE, 'analysis/db', 'analysis/tables'],
  },
  {
    folder: 'analysis/export/perfetto',
    holds: 'the timeline for ui.perfetto.dev: its file format, and one `.sql` file per track',
    imports: ['analysis/db', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'analysis/docs',
    holds: 'the pages of `docs/` that are generated from code (`npm run docs`)',
    imports: ['schemas', 'analysis/db', 'analysis/tables', 'analysis/sql', 'analysis/check'],
  },
  {
    folder: 'editors/vscode',
    holds:
      'the extension for VS Code, which runs the command line; built into a .vsix, not part of the command line',
    imports: [],
  },
  {
    folder: 'analysis/cli/terminal',
    holds: 'output for people: progress, screens, numbers and tables as text',
    imports: ['schemas', 'recorder/machine', 'recorder/capture/input'],
  },
  {
    folder: 'analysis/cli/options',
    holds: 'input from people: guests, drives, icounts, addresses, limits',
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
    holds: 'reports about a trace or a run, and exit statuses',
    imports: ['schemas', 'recorder', 'replayer', 'analysis', '!analysis/cli', 'analysis/cli/terminal'],
  },
  {
    folder: 'analysis/cli/work',
    holds:
      'work shared by several commands: record a guest, replay a trace, open a database, inspect a machine',
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
    holds: 'one command per file; no command imports another',
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
    holds: 'the command line itself: finds the command and reports errors',
    imports: ['schemas', 'host', 'analysis/cli'],
  },
];
