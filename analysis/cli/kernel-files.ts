import { unpackFile } from '../../schemas/packed-file.ts';
import type { TraceGuest } from '../../schemas/trace-header.ts';
import { builtinDebugFile, builtinSources } from './builtin-guest.ts';

/** What a debugger wants of a recorded kernel. */
export interface KernelFiles {
  /** The image as it was recorded; undefined where the guest came from a disk. */
  readonly kernel: Uint8Array | undefined;
  /** A file with its DWARF, if that is not in the image. */
  readonly debugFile: Uint8Array | undefined;
  /** The folder that the paths in `debugFile` are relative to. */
  readonly sources: string | undefined;
}

export function kernelFiles({ image }: TraceGuest): KernelFiles {
  const kernel = image && unpackFile(image, 'image');
  const debugFile = kernel && builtinDebugFile(kernel);
  return { kernel, debugFile, sources: debugFile && builtinSources() };
}
