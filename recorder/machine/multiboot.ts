import { BadInput } from '../../schemas/bad-input.ts';
import { readElf } from '../../schemas/elf.ts';
import { type MachineMemory, RAM } from './layout.ts';
import { BASE_END, EXTENDED_START, type Placed, type ProtectedEntry, place } from './placement.ts';

/** Loads a kernel as the Multiboot Specification 0.6.96 says. */

export interface MultibootModule {
  readonly bytes: Uint8Array;
  readonly commandLine: string;
}

export interface MultibootOptions {
  readonly cmdline: string;
  readonly modules: readonly MultibootModule[];
}

const HEADER_MAGIC = 0x1badb002;
/** In EAX at the entry: a Multiboot loader started the kernel (3.2). */
const LOADER_MAGIC = 0x2badb002;
/** The header lies, 4-byte aligned, in this much of the file (3.1.1). */
const SEARCH_BYTES = 8192;
/** Header flags. The two below are met always; VIDEO is a wish. Bits 0-15 unknown to a loader are reasons to refuse. */
const PAGE_ALIGN = 1;
const MEMORY_INFO = 2;
const VIDEO = 4;
const ADDRESSES = 0x10000;

/** Information flags (3.3). */
const INFO_MEMORY = 1;
const INFO_COMMAND_LINE = 4;
const INFO_MODULES = 8;
const INFO_MEMORY_MAP = 0x40;
const INFO_LOADER_NAME = 0x200;
const INFO_BYTES = 116;
const MODULE_BYTES = 16;
const MAP_ENTRY_BYTES = 24;
const AVAILABLE = 1;
const RESERVED = 2;

const PAGE = 4096;
/** From here to BASE_END lie the information structures. */
const INFO_BASE = 0x9000;
const LOADER_NAME = 'rewind386';

interface LoadPlan {
  readonly entry: number;
  readonly parts: readonly Placed[];
}

/** Puts kernel, modules and information into RAM; `name` names the kernel in messages. Throws BadInput. */
export function loadMultiboot(
  mem: MachineMemory,
  image: Uint8Array,
  options: MultibootOptions,
  name = 'the kernel',
): ProtectedEntry {
  const { entry, parts } = planOf(image, name);
  for (const part of parts) place(mem, part, name);
  const end = Math.max(...parts.map(({ physical, memoryBytes }) => physical + memoryBytes));
  const modules = placeModules(mem, options.modules, end);
  const ebx = writeInformation(mem, options.cmdline, modules);
  return { eip: entry, eax: LOADER_MAGIC, ebx, esi: 0, codeSelector: 8, dataSelector: 16 };
}

function planOf(image: Uint8Array, name: string): LoadPlan {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const at = findHeader(view);
  // Say that it is no ELF file first: that is the likelier mistake.
  const elf = at < 0 || !(view.getUint32(at + 4, true) & ADDRESSES) ? readElf(image, name) : undefined;
  if (at < 0)
    throw new BadInput(
      `${name} has no Multiboot header in its first ${SEARCH_BYTES} bytes`,
      'add one (Multiboot Specification 0.6.96, 3.1): magic 0x1badb002, flags, checksum',
    );
  const flags = view.getUint32(at + 4, true);
  const unknown = flags & 0xffff & ~(PAGE_ALIGN | MEMORY_INFO | VIDEO);
  if (unknown !== 0)
    throw new BadInput(
      `${name} requires Multiboot features that are not known (flags 0x${unknown.toString(16)})`,
    );
  if (!elf) return planByAddresses(image, view, at, name);
  const parts = elf.segments.filter(({ memoryBytes }) => memoryBytes > 0);
  if (parts.length === 0) throw new BadInput(`${name} has no loadable segment`, 'link it as an executable');
  return { entry: entryPoint(elf.entry, elf.segments), parts };
}

/** A kernel linked high gives its entry as a linear address; before paging only the physical one works. */
function entryPoint(entry: number, segments: readonly (Placed & { readonly linear: number })[]): number {
  const inside = (at: number, size: number) => entry >= at && entry < at + size;
  if (segments.some(({ physical, memoryBytes }) => inside(physical, memoryBytes))) return entry;
  const home = segments.find(({ linear, memoryBytes }) => inside(linear, memoryBytes));
  return home ? entry - home.linear + home.physical : entry;
}

function findHeader(view: DataView): number {
  const end = Math.min(SEARCH_BYTES, view.byteLength) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const sum = HEADER_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true);
    if (sum >>> 0 === 0) return at;
  }
  return -1;
}

/** The header itself says what to load where (3.1.3). */
function planByAddresses(image: Uint8Array, view: DataView, at: number, name: string): LoadPlan {
  if (at + 32 > image.length)
    throw new BadInput(`${name}: the Multiboot header is cut short`, 'copy it again');
  const word = (n: number) => view.getUint32(at + 12 + 4 * n, true);
  const [headerAddress, load, loadEnd, bssEnd, entry] = [word(0), word(1), word(2), word(3), word(4)];
  const start = at - (headerAddress - load);
  const bytes = loadEnd === 0 ? image.length - start : loadEnd - load;
  if (start < 0 || bytes < 0 || start + bytes > image.length)
    throw new BadInput(`${name}: the addresses in its Multiboot header lie outside the file`);
  const memoryBytes = Math.max(bytes, bssEnd === 0 ? 0 : bssEnd - load);
  return { entry, parts: [{ physical: load, bytes: image.subarray(start, start + bytes), memoryBytes }] };
}

interface PlacedModule {
  readonly start: number;
  readonly end: number;
  readonly commandLine: string;
}

/** Modules follow the kernel, each on a page of its own. */
function placeModules(
  mem: MachineMemory,
  modules: readonly MultibootModule[],
  after: number,
): PlacedModule[] {
  let next = Math.max(after, EXTENDED_START);
  return modules.map(({ bytes, commandLine }) => {
    const start = Math.ceil(next / PAGE) * PAGE;
    place(mem, { physical: start, bytes, memoryBytes: bytes.length }, `module ${commandLine}`);
    next = start + bytes.length;
    return { start, end: next, commandLine };
  });
}

/** Writes the information structure and all it points to; returns its address. */
function writeInformation(mem: MachineMemory, cmdline: string, modules: readonly PlacedModule[]): number {
  const { view } = mem;
  let free = INFO_BASE + INFO_BYTES;
  const take = (bytes: number) => {
    const at = (free + 3) & ~3;
    free = at + bytes;
    if (free > BASE_END) throw new BadInput('the command lines do not fit below 640 KB', 'shorten them');
    return at;
  };
  const string = (text: string) => {
    const bytes = Buffer.from(`${text}\0`);
    const at = take(bytes.length);
    mem.u8.set(bytes, RAM + at);
    return at;
  };
  const info = (offset: number, value: number) => view.setUint32(RAM + INFO_BASE + offset, value, true);

  info(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME);
  info(4, BASE_END >>> 10);
  info(8, (mem.ramBytes - EXTENDED_START) >>> 10);
  info(16, string(cmdline));

  const table = take(modules.length * MODULE_BYTES);
  modules.forEach(({ start, end, commandLine }, n) => {
    const at = RAM + table + n * MODULE_BYTES;
    view.setUint32(at, start, true);
    view.setUint32(at + 4, end, true);
    view.setUint32(at + 8, string(commandLine), true);
    view.setUint32(at + 12, 0, true);
  });
  info(20, modules.length);
  info(24, table);

  const regions = [
    [0, BASE_END, AVAILABLE],
    [BASE_END, EXTENDED_START, RESERVED],
    [EXTENDED_START, mem.ramBytes, AVAILABLE],
  ];
  const map = take(regions.length * MAP_ENTRY_BYTES);
  regions.forEach(([start, end, type], n) => {
    const at = RAM + map + n * MAP_ENTRY_BYTES;
    view.setUint32(at, MAP_ENTRY_BYTES - 4, true);
    view.setBigUint64(at + 4, BigInt(start), true);
    view.setBigUint64(at + 12, BigInt(end - start), true);
    view.setUint32(at + 20, type, true);
  });
  info(44, regions.length * MAP_ENTRY_BYTES);
  info(48, map);
  info(64, string(LOADER_NAME));
  return INFO_BASE;
}
