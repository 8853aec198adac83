import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import type { GuestNames } from '../../replayer/trace/trace-reader.ts';
import { type ElfSymbol, symbolize } from '../../schemas/guest/elf.ts';
import { guestSymbols } from '../../schemas/guest/guest-symbols.ts';
import { type CodeSegment, codeOf } from '../../schemas/guest/symbol-file.ts';
import type { TraceGuest } from '../../schemas/trace/header.ts';
import { unpackFile } from '../../schemas/trace/packed-file.ts';

/** The kernel that a trace was recorded of, as its file has it. */
export class GuestImage {
  private readonly segments: readonly CodeSegment[];
  private readonly symbols: readonly ElfSymbol[];

  constructor({ guest }: GuestNames) {
    this.segments = segmentsOf(guest);
    this.symbols = guestSymbols(guest);
  }

  /** function+offset at a linear address; the address in hexadecimal where no symbol holds it. */
  symbol(address: number): string {
    return symbolize(this.symbols, address) ?? address.toString(16).padStart(8, '0');
  }

  /** The instruction in the file at a linear address, in AT&T syntax; undefined outside the file's segments. */
  instruction(address: number): string | undefined {
    const segment = this.segments.find(
      ({ linear, bytes }) => address >= linear && address < linear + bytes.length,
    );
    if (!segment) return undefined;
    let at = address - segment.linear;
    const line = disassemble(() => segment.bytes[at++] ?? 0, address, true);
    return typeof line === 'string' ? `(${line})` : line.text;
  }
}

/** The kernel's code by linear address: in its image, or in the file given for its symbols (vmlinux, an a.out kernel). */
function segmentsOf({ image, symbols, name }: TraceGuest): readonly CodeSegment[] {
  for (const file of [symbols, image]) {
    const segments = file ? codeOf(unpackFile(file, 'image'), String(name)) : [];
    if (segments.length > 0) return segments;
  }
  return [];
}
