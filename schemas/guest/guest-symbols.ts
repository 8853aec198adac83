import type { TraceGuest } from '../trace/header.ts';
import { unpackFile } from '../trace/packed-file.ts';
import type { ElfSymbol } from './elf.ts';
import { readSymbols, symbolsOfImage } from './symbol-file.ts';

/** Symbols of the recorded kernel, by address: from its symbol file if it has one, otherwise from its image. */
export function guestSymbols({ image, symbols, name, perCpuOffset }: TraceGuest): readonly ElfSymbol[] {
  if (symbols) return readSymbols(unpackFile(symbols, 'symbols'), String(name), perCpuOffset);
  return image ? symbolsOfImage(unpackFile(image, 'image'), String(name)) : [];
}
