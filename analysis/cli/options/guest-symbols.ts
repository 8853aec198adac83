import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import type { ElfSymbol } from '../../../schemas/guest/elf.ts';
import { guestSymbols } from '../../../schemas/guest/guest-symbols.ts';

/** Symbols of the recorded kernel, or those given by the user. */
export function symbolsOf(file: string, names?: Names): readonly ElfSymbol[] {
  const reader = TraceReader.open(file, { names });
  try {
    return guestSymbols(reader.names.guest);
  } finally {
    reader.close();
  }
}
