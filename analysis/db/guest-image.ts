import { disassemble } from '../../recorder/machine/cpu/disassembler.ts';
import { unpack } from '../../schemas/compression.ts';
import { type Elf, type ElfSymbol, readElf, symbolize } from '../../schemas/elf.ts';
import { guestSymbols } from '../../schemas/guest-symbols.ts';
import { isElf } from '../../schemas/symbol-file.ts';
import type { TraceHeader } from '../../schemas/trace-header.ts';

/** The kernel that a trace was recorded of, as its file has it. */
export class GuestImage {
  private readonly elf: Elf | undefined;
  private readonly symbols: readonly ElfSymbol[];

  constructor({ guest }: TraceHeader) {
    this.elf = elfOf(guest);
    this.symbols = guestSymbols(guest);
  }

  /** function+offset at a linear address; the address in hexadecimal where no symbol holds it. */
  symbol(address: number): string {
    return symbolize(this.symbols, address) ?? address.toString(16).padStart(8, '0');
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

/** The kernel's code by linear address: in its image, or in the ELF file given for its symbols (vmlinux). */
function elfOf({ image, symbols, name }: TraceHeader['guest']): Elf | undefined {
  for (const file of [symbols, image]) {
    const bytes = file && unpack(file.contents);
    if (bytes && isElf(bytes)) return readElf(bytes, name);
  }
  return undefined;
}
