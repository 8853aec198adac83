import { isElf } from '../../../schemas/guest/symbol-file.ts';
import type { TraceGuest } from '../../../schemas/trace/header.ts';
import { unpackFile } from '../../../schemas/trace/packed-file.ts';
import { builtinDebugFile, builtinSources } from './builtin-guest.ts';

/** The files of a recorded kernel that a debugger wants. */
export interface KernelFiles {
  /** The image as it was recorded; undefined where the guest came from a disk. */
  readonly kernel: Uint8Array | undefined;
  /** A file with its DWARF, if that is not in the image. */
  readonly debugFile: Uint8Array | undefined;
  /** The folder that the paths in `debugFile` are relative to. */
  readonly sources: string | undefined;
}

/** A file of symbols that is an ELF may have the DWARF, as a vmlinux has; a map has none. */
export function kernelFiles({ image, symbols }: TraceGuest): KernelFiles {
  const kernel = image && unpackFile(image, 'image');
  const builtin = kernel && builtinDebugFile(kernel);
  const given = symbols && unpackFile(symbols, 'symbols');
  if (given && isElf(given)) return { kernel, debugFile: given, sources: builtin && builtinSources() };
  return { kernel, debugFile: builtin, sources: builtin && builtinSources() };
}
