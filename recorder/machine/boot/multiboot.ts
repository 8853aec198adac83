import { BadInput } from '../../../schemas/bad-input.ts';
import { readElf } from '../../../schemas/guest/elf.ts';
import { utf8 } from '../../../schemas/text-bytes.ts';
import type { Linear } from '../../../schemas/units.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import {
  BASE_END,
  BASE_MEMORY_END,
  EXTENDED_START,
  type LoadedGuest,
  type Placed,
  place,
  room,
  type Span,
} from './placement.ts';

/** Loads a kernel by the Multiboot Specification 0.6.96. */

export interface MultibootModule {
  readonly bytes: Uint8Array;
  readonly commandLine: string;
}

export interface MultibootOptions {
  /** Begins with the kernel's name, as under GRUB Legacy and QEMU; likewise for modules. */
  readonly cmdline: string;
  readonly modules: readonly MultibootModule[];
  /**
   * MachineConfig.bootRevision; before 32 the information is always at INFO_BASE, even over a kernel or module, and base memory ends at
   * 639 KB.
   */
  readonly revision: number;
}

const HEADER_MAGIC = 0x1badb002;
/** In EAX at the entry: a Multiboot loader started the kernel (3.2). */
const LOADER_MAGIC = 0x2badb002;
/** The header is 4-byte aligned within this part of the file (3.1.1). */
const SEARCH_BYTES = 8192;
/** Header flags. The two below are always satisfied; VIDEO is optional. A loader must reject unknown bits 0-15. */
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
const REGIONS = 3;
const AVAILABLE = 1;
const RESERVED = 2;

const PAGE = 4096;
/** Address of the information, unless the kernel or a module is there. */
const INFO_BASE = 0x9000;
const LOADER_NAME = 'rewind386';

interface LoadPlan {
  readonly entry: number;
  readonly parts: readonly Placed[];
}

/** Loads kernel, modules and information into RAM; `name` identifies the kernel in messages. Throws BadInput. */
export function loadMultiboot(
  mem: MachineMemory,
  image: Uint8Array,
  options: MultibootOptions,
  name = 'the kernel',
): LoadedGuest {
  const { entry, parts } = planOf(image, name);
  for (const part of parts) place(mem, part, name);
  const kernel = parts.map(({ physical, memoryBytes }) => ({ start: physical, end: physical + memoryBytes }));
  const modules = placeModules(mem, options.modules, Math.max(...kernel.map(({ end }) => end)));
  const information = { cmdline: options.cmdline, modules };
  const revised = options.revision >= 32;
  const base = revised ? placeForInformation(mem, information, kernel, name) : INFO_BASE;
  writeInformation(mem, information, base, revised ? BASE_MEMORY_END : BASE_END);
  const written = [...kernel, ...modules, { start: base, end: base + informationBytes(information) }];
  return {
    entry: { eip: entry, eax: LOADER_MAGIC, ebx: base, esi: 0, codeSelector: 8, dataSelector: 16 },
    written,
  };
}

function planOf(image: Uint8Array, name: string): LoadPlan {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const at = findHeader(view);
  // First report that it is not an ELF file, the likelier mistake.
  const elf = at < 0 || !(view.getUint32(at + 4, true) & ADDRESSES) ? readElf(image, name) : undefined;
  if (at < 0)
    throw new BadInput(
      `${name} has no Multiboot header in its first ${SEARCH_BYTES} bytes`,
      'add one (Multiboot Specification 0.6.96, 3.1): magic 0x1badb002, flags, checksum',
    );
  const flags = view.getUint32(at + 4, true);
  const unknown = flags & 0xffff & ~(PAGE_ALIGN | MEMORY_INFO | VIDEO);
  if (unknown !== 0)
    throw new BadInput(`${name} requires unknown Multiboot features (flags 0x${unknown.toString(16)})`);
  if (!elf) return planByAddresses(image, view, at, name);
  const parts = elf.segments.filter(({ memoryBytes }) => memoryBytes > 0);
  if (parts.length === 0) throw new BadInput(`${name} has no loadable segment`, 'link it as an executable');
  return { entry: entryPoint(elf.entry, elf.segments), parts };
}

/** A kernel linked high gives its entry as a linear address; before paging only the physical one works. */
function entryPoint(entry: number, segments: readonly (Placed & { readonly linear: Linear })[]): number {
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

/** Loads by the addresses in the header (3.1.3). */
function planByAddresses(image: Uint8Array, view: DataView, at: number, name: string): LoadPlan {
  if (at + 32 > image.length)
    throw new BadInput(`${name}: the Multiboot header is truncated`, 'copy it again');
  const word = (n: number) => view.getUint32(at + 12 + 4 * n, true);
  const [headerAddress, load, loadEnd, bssEnd, entry] = [word(0), word(1), word(2), word(3), word(4)];
  const start = at - (headerAddress - load);
  const bytes = loadEnd === 0 ? image.length - start : loadEnd - load;
  if (start < 0 || bytes < 0 || start + bytes > image.length)
    throw new BadInput(`${name}: the addresses in its Multiboot header lie outside the file`);
  const memoryBytes = Math.max(bytes, bssEnd === 0 ? 0 : bssEnd - load);
  return { entry, parts: [{ physical: load, bytes: image.subarray(start, start + bytes), memoryBytes }] };
}

interface PlacedModule extends Span {
  readonly commandLine: string;
}

interface Information {
  readonly cmdline: string;
  readonly modules: readonly PlacedModule[];
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

const aligned = (bytes: number): number => (bytes + 3) & ~3;

/** Bytes of the information structure and the data that it refers to. */
function informationBytes({ cmdline, modules }: Information): number {
  const strings = [cmdline, LOADER_NAME, ...modules.map(({ commandLine }) => commandLine)];
  const text = strings.reduce((sum, line) => sum + aligned(utf8(line).length + 1), 0);
  return INFO_BYTES + text + modules.length * MODULE_BYTES + REGIONS * MAP_ENTRY_BYTES;
}

/** An address that overlaps neither the kernel nor modules. */
function placeForInformation(
  mem: MachineMemory,
  information: Information,
  kernel: readonly Span[],
  name: string,
): number {
  const bytes = informationBytes(information);
  const base = room(mem, bytes, [...kernel, ...information.modules], INFO_BASE);
  if (base !== undefined) return base;
  throw new BadInput(
    `${name}: no room for the Multiboot information (${bytes} bytes) beside it and its modules`,
    'give the machine more memory (--ram), or shorten the command lines',
  );
}

/** Writes the information structure and the data that it refers to. */
function writeInformation(
  mem: MachineMemory,
  { cmdline, modules }: Information,
  base: number,
  baseMemoryEnd: number,
): void {
  const { view } = mem;
  let free = base + INFO_BYTES;
  const take = (bytes: number) => {
    const at = aligned(free);
    free = at + bytes;
    if (base === INFO_BASE && free > BASE_END)
      throw new BadInput('the command lines do not fit below 640 KB', 'shorten them');
    return at;
  };
  const string = (text: string) => {
    const bytes = utf8(`${text}\0`);
    const at = take(bytes.length);
    mem.u8.set(bytes, RAM + at);
    return at;
  };
  const info = (offset: number, value: number) => view.setUint32(RAM + base + offset, value, true);

  info(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME);
  info(4, baseMemoryEnd >>> 10);
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

  const map = take(REGIONS * MAP_ENTRY_BYTES);
  writeMemoryMap(mem, RAM + map, baseMemoryEnd);
  info(44, REGIONS * MAP_ENTRY_BYTES);
  info(48, map);
  info(64, string(LOADER_NAME));
}

function writeMemoryMap({ view, ramBytes }: MachineMemory, map: number, baseMemoryEnd: number): void {
  const regions = [
    [0, baseMemoryEnd, AVAILABLE],
    [baseMemoryEnd, EXTENDED_START, RESERVED],
    [EXTENDED_START, ramBytes, AVAILABLE],
  ];
  regions.forEach(([start, end, type], n) => {
    const at = map + n * MAP_ENTRY_BYTES;
    view.setUint32(at, MAP_ENTRY_BYTES - 4, true);
    view.setBigUint64(at + 4, BigInt(start), true);
    view.setBigUint64(at + 12, BigInt(end - start), true);
    view.setUint32(at + 20, type, true);
  });
}
