import { isElf } from '../../../schemas/guest/symbol-file.ts';
import type { TraceGuest } from '../../../schemas/trace/header.ts';
import { unpackFile } from '../../../schemas/trace/packed-file.ts';
import { builtinDebugFile, builtinSources } from './builtin-guest.ts';

/** The files of a recorded kernel for a debugger. */
export interface KernelFiles {
  /** The recorded image; undefined if the guest came from a disk. */
  readonly kernel: Uint8Array | undefined;
  /** A file with its DWARF, if that is not in the image. */
  readonly debugFile: Uint8Array | undefined;
  /** The folder to which the paths in `debugFile` are relative. */
  readonly sources: string | undefined;
}

/** A symbol file that is an ELF file may have DWARF, like a vmlinux; a map has none. */
export function kernelFiles({ image, symbols }: TraceGuest): KernelFiles {
  const kernel = image && unpackFile(image, 'image');
  const builtin = kernel && builtinDebugFile(kernel);
  const given = symbols && unpackFile(symbols, 'symbols');
  if (given && isElf(given)) return { kernel, debugFile: given, sources: builtin && builtinSources() };
  return { kernel, debugFile: builtin, sources: builtin && builtinSources() };
}
