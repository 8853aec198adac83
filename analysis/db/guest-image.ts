import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import type { GuestNames } from '../../replayer/trace/trace-reader.ts';
import { type ElfSymbol, symbolize } from '../../schemas/guest/elf.ts';
import { guestSymbols } from '../../schemas/guest/guest-symbols.ts';
import { type CodeSegment, codeOf, isElf } from '../../schemas/guest/symbol-file.ts';
import type { TraceGuest } from '../../schemas/trace/header.ts';
import { unpackFile } from '../../schemas/trace/packed-file.ts';

/** Finds the file with a guest's DWARF, where that is not in its image or symbols. */
export type DebugFile = (guest: TraceGuest) => Uint8Array | undefined;

/** Addresses whose source lines are kept. */
const MAX_KNOWN = 1 << 16;

/** The kernel that a trace was recorded of, as its file has it. */
export class GuestImage {
  private readonly programs: readonly { readonly base: number; readonly image: GuestImage }[];
  private readonly guest: TraceGuest;
  private readonly debugFile: DebugFile | undefined;
  private code: GuestCode | undefined;
  private readonly inlinedAt = new Map<number, string | undefined>();
  private readonly segments: readonly CodeSegment[];
  private readonly symbols: readonly ElfSymbol[];

  constructor({ guest, programs = [] }: Pick<GuestNames, 'guest' | 'programs'>, debugFile?: DebugFile) {
    this.programs = programs.map(({ file, base }) => ({ base, image: new GuestImage({ guest: file }) }));
    this.guest = guest;
    this.debugFile = debugFile;
    this.segments = segmentsOf(guest);
    this.symbols = guestSymbols(guest);
  }

  /** function+offset at a linear address; the address in hexadecimal where no symbol holds it. */
  symbol(address: number): string {
    const program = this.programAt(address);
    if (program) return program.image.symbol(address - program.base);
    return symbolize(this.symbols, address) ?? address.toString(16).padStart(8, '0');
  }

  /** FILE:LINE of the code at a linear address, by the kernel's DWARF; undefined where it says nothing. */
  line(address: number): string | undefined {
    const program = this.programAt(address);
    if (program) return program.image.line(address - program.base);
    const { path, line } = this.dwarf.place(address);
    return path === undefined ? undefined : `${path}:${line}`;
  }

  /** The functions at a linear address with the lines that they are at, innermost first: `inlined:12 < function:34`. */
  inlined(address: number): string | undefined {
    const program = this.programAt(address);
    if (program) return program.image.inlined(address - program.base);
    if (this.inlinedAt.has(address)) return this.inlinedAt.get(address);
    if (this.inlinedAt.size >= MAX_KNOWN) this.inlinedAt.clear();
    const { dwarf } = this;
    dwarf.info.begin();
    let line = dwarf.place(address).line;
    const names = dwarf.info.scopesAt(address).map(({ functionName, inlinedAt }) => {
      const here = `${functionName ?? '?'}:${line ?? '?'}`;
      line = inlinedAt;
      return here;
    });
    const text = names.length > 0 ? names.join(' < ') : undefined;
    this.inlinedAt.set(address, text);
    return text;
  }

  /** The program that was given for a linear address: it comes before the kernel. */
  private programAt(address: number) {
    return this.programs.find(({ base, image }) => image.segmentAt(address - base) !== undefined);
  }

  private segmentAt(address: number): CodeSegment | undefined {
    return this.segments.find(({ linear, bytes }) => address >= linear && address < linear + bytes.length);
  }

  private get dwarf(): GuestCode {
    if (this.code) return this.code;
    const { image, symbols } = this.guest;
    const given = symbols && unpackFile(symbols, 'symbols');
    this.code = new GuestCode(this.guest, {
      kernel: image && unpackFile(image, 'image'),
      debugFile: given && isElf(given) ? given : this.debugFile?.(this.guest),
    });
    return this.code;
  }

  /** The instruction in the file at a linear address, in AT&T syntax; undefined outside the file's segments. */
  instruction(address: number): string | undefined {
    const program = this.programAt(address);
    if (program) return program.image.instruction(address - program.base);
    const segment = this.segmentAt(address);
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
