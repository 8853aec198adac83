import { PER_CPU_BOUNDS } from '../../schemas/guest/per-cpu.ts';
import { findSection } from './btf.ts';
import { exportedSymbol, exportedSymbols } from './exports.ts';
import type { LinuxSymbol } from './kallsyms.ts';

/**
 * The variables that Linux keeps once for each processor (include/asm-generic/percpu.h), by name, at the addresses of the first processor's,
 * and the other data that the kernel exports. A per-CPU variable's symbol lies in the section `.data..percpu` of the image; the variable of
 * processor n is __per_cpu_offset[n] behind it. Of a kernel for one processor they are ordinary data.
 *
 * Names come from where the kernel has them: kallsyms (CONFIG_KALLSYMS_ALL), the section in its BTF, its exports.
 */

const SECTION = '.data..percpu';
/** Exported by every kernel since 2.6.30 for several processors. */
const OFFSETS = '__per_cpu_offset';
/** Exported by every kernel. */
const ALWAYS_EXPORTED = 'init_task';
/** Exported per-CPU variables, some of which every kernel has; what the kernel exports between two of them is per-CPU too. */
const KNOWN = [
  ...['cpu_tss_rw', 'gdt_page', 'current_task', 'pcpu_hot', 'this_cpu_off', 'cpu_number', 'cpu_info'],
  ...['x86_cpu_to_apicid', 'kernel_cpustat', 'kstat', 'vm_event_states', 'irq_stat', 'softnet_data'],
];

interface Memory {
  /** A copy of physical memory. */
  readonly memory: Uint8Array;
  /** Linear addresses of the kernel's image less their physical ones. */
  readonly directMap: number;
}

/** The symbols with those of data added, and per-CPU variables at the addresses of the first processor's. */
export function withData(
  symbols: readonly LinuxSymbol[],
  { memory, directMap }: Memory,
): readonly LinuxSymbol[] {
  const known = new Set(symbols.map(({ name }) => name));
  const exported = new Map<string, number>();
  for (const [name, physical] of exportedSymbols(memory, ALWAYS_EXPORTED, directMap))
    exported.set(name, (physical + directMap) >>> 0);
  const section = perCpuSection(symbols, exported, memory);
  const add = (name: string, address: number): LinuxSymbol[] =>
    known.has(name) ? [] : [{ name, address, letter: 'D' }];
  const data = [
    ...[...section.variables].flatMap(([name, address]) => add(name, address)),
    ...[...exported].flatMap(([name, address]) => (section.variables.has(name) ? [] : add(name, address))),
  ];
  const offset = firstProcessorOffset(memory, directMap);
  return [...symbols, ...data].flatMap((symbol) => {
    const { address, name } = symbol;
    const isVariable = address >= section.start && address < section.end && !PER_CPU_BOUNDS.includes(name);
    if (!isVariable) return symbol;
    return offset === undefined ? [] : { ...symbol, address: (address + offset) >>> 0 };
  });
}

/** The section: linear addresses, and those of its variables that BTF has. */
interface Section {
  readonly start: number;
  readonly end: number;
  readonly variables: ReadonlyMap<string, number>;
}

const NO_SECTION: Section = { start: 0, end: 0, variables: new Map() };

function perCpuSection(
  symbols: readonly LinuxSymbol[],
  exported: ReadonlyMap<string, number>,
  memory: Uint8Array,
): Section {
  const [start, end] = ['__per_cpu_start', '__per_cpu_end'].map(
    (bound) => symbols.find(({ name }) => name === bound)?.address,
  );
  const types = findSection(memory, SECTION);
  const base = start ?? (types && baseOf(types, exported));
  if (types && base !== undefined) {
    const variables = new Map([...types].map(([name, { offset }]) => [name, (base + offset) >>> 0]));
    const last = Math.max(0, ...[...types.values()].map(({ offset, size }) => offset + size));
    return { start: base, end: end ?? base + last, variables };
  }
  if (start !== undefined && end !== undefined) return { start, end, variables: new Map() };
  const places = KNOWN.flatMap((name) => exported.get(name) ?? []);
  if (places.length === 0) return NO_SECTION;
  return { start: Math.min(...places), end: Math.max(...places) + 1, variables: new Map() };
}

/** Address of the section by those of its exported variables; undefined unless all agree. */
function baseOf(
  types: ReadonlyMap<string, { readonly offset: number }>,
  exported: ReadonlyMap<string, number>,
): number | undefined {
  const bases = new Set<number>();
  for (const [name, { offset }] of types) {
    const address = exported.get(name);
    if (address !== undefined) bases.add(address - offset);
  }
  return bases.size === 1 ? [...bases][0] : undefined;
}

/**
 * Bytes from the symbol of a per-CPU variable to the variable of the first processor, __per_cpu_offset[0]; 0 where the kernel does not export
 * that, and is one for one processor; undefined where the copy of memory ends before it. `directMap`: as in Memory.
 */
export function firstProcessorOffset(memory: Uint8Array, directMap: number): number | undefined {
  const at = exportedSymbol(memory, OFFSETS, directMap);
  if (at === undefined) return 0;
  if (at + 4 > memory.length) return undefined;
  return new DataView(memory.buffer, memory.byteOffset, memory.length).getUint32(at, true);
}
