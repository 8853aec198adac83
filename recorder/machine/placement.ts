import { BadInput } from '../../schemas/bad-input.ts';
import { type MachineMemory, RAM } from './layout.ts';

/** What boot loaders share: putting files into RAM, and where a PC's memory is. */

/** End of conventional memory: the last KB below 640 KB is the BIOS's extended data area. */
export const BASE_END = 0x9fc00;
/** Start of extended memory. */
export const EXTENDED_START = 0x100000;

/** Bytes to put at a physical address; `memoryBytes` beyond them are zeroed. */
export interface Placed {
  readonly physical: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

/** Throws BadInput when it does not fit; `name` says what needs the memory. */
export function place(mem: MachineMemory, { physical, bytes, memoryBytes }: Placed, name: string): void {
  const end = physical + memoryBytes;
  needMemory(mem, end, name);
  mem.u8.set(bytes, RAM + physical);
  mem.u8.fill(0, RAM + physical + bytes.length, RAM + end);
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

/** How a 32-bit boot protocol starts the processor: flat segments, protection on, paging and interrupts off. */
export interface ProtectedEntry {
  readonly eip: number;
  readonly eax: number;
  readonly ebx: number;
  readonly esi: number;
  readonly codeSelector: number;
  readonly dataSelector: number;
  /** GDT for a kernel that may load segments before it has one of its own; absent where the protocol promises none. */
  readonly gdt?: { readonly base: number; readonly limit: number };
}
