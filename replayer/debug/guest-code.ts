import { isAbsolute, join } from 'node:path';
import { type ElfSymbol, symbolize } from '../../schemas/guest/elf.ts';
import { guestSymbols } from '../../schemas/guest/guest-symbols.ts';
import type { TraceGuest } from '../../schemas/trace/header.ts';
import { CallFrames } from '../dwarf/call-frames.ts';
import { DebugInfo } from '../dwarf/debug-info.ts';
import { LineTable } from '../dwarf/line-table.ts';
import { elfSections } from '../dwarf/sections.ts';

/** Names and source lines of the guest's code. */

export interface Place {
  /** function+offset, or the address. */
  readonly name: string;
  /** Path of the source file, absolute if the folder of the sources is known. */
  readonly path?: string;
  readonly line?: number;
}

export interface GuestCodeOptions {
  /** The recorded image. */
  readonly kernel?: Uint8Array | undefined;
  /** A file with the kernel's DWARF; default: the image itself. */
  readonly debugFile?: Uint8Array | undefined;
  /** The folder to which the paths in it are relative. */
  readonly sources?: string | undefined;
}

/** The guest's program, by its symbols and DWARF. */
export class GuestCode {
  readonly frames: CallFrames;
  readonly info: DebugInfo;
  private readonly symbols: readonly ElfSymbol[];
  private readonly lines: LineTable;
  private readonly sources: string | undefined;

  constructor(guest: TraceGuest, { kernel, debugFile, sources }: GuestCodeOptions = {}) {
    const sections = elfSections(debugFile ?? kernel ?? new Uint8Array());
    this.symbols = guestSymbols(guest);
    this.lines = new LineTable(sections);
    this.frames = new CallFrames(sections);
    this.info = new DebugInfo(sections);
    this.sources = sources;
  }

  place(address: number): Place {
    const at = address >>> 0;
    const name = symbolize(this.symbols, at) ?? hex(at);
    const source = this.lines.at(at);
    return source ? { name, path: this.absolute(source.file), line: source.line } : { name };
  }

  /**
   * function+offset of a frame at `address`, whose code is at `pc`. A function that does not return may end with the call, so that the
   * return address lies in another function; `pc` determines the function.
   */
  nameAt(address: number, pc: number): string {
    const start = this.functionStart(pc);
    const name = start === undefined ? undefined : symbolize(this.symbols, start);
    if (name === undefined || start === undefined) return this.place(address).name;
    const offset = (address >>> 0) - start;
    return offset === 0 ? String(name) : `${name}+0x${offset.toString(16)}`;
  }

  /** symbol+offset of the object that contains an address, if its symbol has a size. */
  within(address: number): string | undefined {
    const at = address >>> 0;
    const holder = this.symbols.findLast(({ address: start }) => start <= at);
    if (!holder || at >= holder.address + holder.size) return undefined;
    return symbolize(this.symbols, at);
  }

  /** Start of the function that contains an address. */
  functionStart(address: number): number | undefined {
    const at = address >>> 0;
    const holder = this.symbols.findLast(({ address: start }) => start <= at);
    return holder && (holder.size === 0 || at < holder.address + holder.size) ? holder.address : undefined;
  }

  addressOf(name: string): number | undefined {
    return this.symbols.find((symbol) => symbol.name.raw === name)?.address;
  }

  /** The addresses at which to stop for a line of a file; the line is the next one with code. */
  breakpoint(path: string, line: number): { readonly line: number; readonly addresses: readonly number[] } {
    const file = this.lines
      .files()
      .find((known) => this.absolute(known) === path || path.endsWith(`/${known}`));
    return file === undefined ? { line, addresses: [] } : this.lines.addressesOf(file, line);
  }

  private absolute(file: string): string {
    return this.sources && !isAbsolute(file) ? join(this.sources, file) : file;
  }
}

export const hex = (address: number): string => `0x${(address >>> 0).toString(16).padStart(8, '0')}`;
