import { unpack } from './compression.ts';
import type { ElfSymbol } from './elf.ts';
import { readSymbols, symbolsOfImage } from './symbol-file.ts';
import type { TraceGuest } from './trace-header.ts';

/** Symbols of the kernel that a trace was recorded of, by address: from its symbol file if it has one, or its image. */
export function guestSymbols({ image, symbols, name }: TraceGuest): readonly ElfSymbol[] {
  if (symbols) return readSymbols(unpack(symbols.contents), String(name));
  return image ? symbolsOfImage(unpack(image.contents), String(name)) : [];
}
