import { BadInput } from '../../../schemas/bad-input.ts';
import type { Physical } from '../../../schemas/units.ts';
import { type MachineMemory, RAM } from '../layout.ts';

/** Code shared by the boot loaders: placement of files in RAM, and a PC's memory map. */

/** End of the memory below 640 KB (CMOS 15h), and of what a BIOS with an extended data area leaves of it. */
export const BASE_MEMORY_END = 0xa0000;
export const BASE_END = 0x9fc00;
/** Start of extended memory. */
export const EXTENDED_START = 0x100000;

const PAGE = 4096;

/** Bytes to put at a physical address; `memoryBytes` beyond them are zeroed. */
export interface Placed {
  readonly physical: Physical;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

/** Throws BadInput if it does not fit; `name` identifies what needs the memory. */
export function place(mem: MachineMemory, { physical, bytes, memoryBytes }: Placed, name: string): void {
  const end = physical + memoryBytes;
  needMemory(mem, end, name);
  mem.u8.set(bytes, RAM + physical);
  mem.u8.fill(0, RAM + physical + bytes.length, RAM + end);
}

/** Physical addresses from `start` up to but not including `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * An address for `bytes` in RAM that overlaps none of `taken`: `wanted` if it is free, otherwise the highest page below 640 KB, otherwise
 * the first page after one of them. Undefined if there is none.
 */
export function room(
  { ramBytes }: MachineMemory,
  bytes: number,
  taken: readonly Span[],
  wanted: number,
): number | undefined {
  const never = [
    { start: 0, end: PAGE },
    { start: BASE_END, end: EXTENDED_START },
    { start: ramBytes, end: Number.POSITIVE_INFINITY },
  ];
  const spans = [...never, ...taken].sort((a, b) => a.start - b.start);
  const isFree = (start: number) => spans.every((span) => span.end <= start || span.start >= start + bytes);
  const highest = Math.floor((BASE_END - bytes) / PAGE) * PAGE;
  for (const start of [wanted, highest]) if (start >= 0 && isFree(start)) return start;
  let free = 0;
  for (const { start, end } of spans) {
    if (start - free >= bytes) return free;
    free = Math.max(free, Math.ceil(end / PAGE) * PAGE);
  }
  return undefined;
}

/** Throws BadInput unless the machine has memory up to `end`. */
export function needMemory(mem: MachineMemory, end: number, name: string): void {
  if (end <= mem.ramBytes) return;
  const megabytes = Math.ceil(end / (4 << 20)) * 4;
  throw new BadInput(
    `${name} needs memory up to 0x${end.toString(16)}, the machine has ${mem.ramBytes >>> 20} MB`,
    megabytes <= 256 ? `give it more: --ram ${megabytes}` : 'link it at a lower physical address',
  );
}

/** The processor state of 32-bit boot protocols: flat segments, protection on, paging and interrupts off. */
export interface ProtectedEntry {
  readonly eip: number;
  readonly eax: number;
  readonly ebx: number;
  readonly esi: number;
  readonly codeSelector: number;
  readonly dataSelector: number;
  /** GDT for a kernel that may load segments before it has its own; absent if the protocol does not provide one. */
  readonly gdt?: { readonly base: number; readonly limit: number };
}

/** A guest in RAM. */
export interface LoadedGuest {
  readonly entry: ProtectedEntry;
  /** The RAM that the loader has written to. */
  readonly written: readonly Span[];
}
