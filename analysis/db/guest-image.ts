import { disassemble } from '../../recorder/machine/cpu/disassembler.ts';
import { unpack } from '../../schemas/compression.ts';
import { type Elf, readElf, symbolize } from '../../schemas/elf.ts';
import type { TraceHeader } from '../../schemas/trace-header.ts';

/** The kernel that a trace was recorded of, as its file has it. */
export class GuestImage {
  private readonly elf: Elf | undefined;

  constructor({ guest }: TraceHeader) {
    this.elf = guest.image ? elfOf(unpack(guest.image.contents), guest.name) : undefined;
  }

  /** function+offset at a linear address; the address in hexadecimal where no symbol holds it. */
  symbol(address: number): string {
    return (this.elf && symbolize(this.elf.symbols, address)) ?? address.toString(16).padStart(8, '0');
  }

  /** The instruction in the file at a linear address, in AT&T syntax; undefined outside the file's segments. */
  instruction(address: number): string | undefined {
    const segment = this.elf?.segments.find(
      ({ linear, bytes }) => address >= linear && address < linear + bytes.length,
    );
    if (!segment) return undefined;
    let at = address - segment.linear;
    const line = disassemble(() => segment.bytes[at++] ?? 0, address, true);
    return typeof line === 'string' ? `(${line})` : line.text;
  }
}

/** A kernel that is no ELF file (loaded by the addresses in its Multiboot header) has neither symbols nor segments. */
function elfOf(image: Uint8Array, name: string): Elf | undefined {
  const isElf = image.length >= 4 && image[0] === 0x7f && image[1] === 0x45;
  return isElf ? readElf(image, name) : undefined;
}
