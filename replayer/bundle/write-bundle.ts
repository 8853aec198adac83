import { closeSync, rmSync, writeSync } from 'node:fs';
import { fileError } from '../../host/file-error.ts';
import { createFile, nameFile } from '../../host/new-file.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { encodeBundle, type TraceBundle } from '../../schemas/trace/bundle.ts';
import type { ChunkEntry } from '../../schemas/trace/chunk.ts';
import { encodeFooter, type TraceFooter } from '../../schemas/trace/footer.ts';
import { FRAME, frame, preamble, trailer } from '../../schemas/trace/framing.ts';
import { encodeHeader, type TraceHeader } from '../../schemas/trace/header.ts';
import { checkWritable } from '../../schemas/trace/header-limits.ts';
import type { TraceReader } from '../trace/trace-reader.ts';

/**
 * Rewrites a trace as a bundle: a new header, the bundle's frame, and the unchanged chunks. Checkpoints are omitted: they can be made
 * again, they depend on the layout of the state, and they contain what a redaction removes.
 */
export function writeBundle(
  reader: TraceReader,
  header: TraceHeader,
  bundle: TraceBundle,
  path: string,
): void {
  checkWritable(header);
  const file = createFile(path);
  const { fd } = file;
  let offset = 0;
  const append = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    offset += bytes.length;
  };
  try {
    append(preamble());
    append(frame(FRAME.header, encodeHeader(header)));
    append(frame(FRAME.bundle, encodeBundle(bundle)));
    const chunks = reader.chunks.map((entry, n): ChunkEntry => {
      const moved = { ...entry, offset };
      append(frame(FRAME.chunk, reader.chunkBytes(n)));
      return moved;
    });
    const footerAt = offset;
    append(frame(FRAME.footer, encodeFooter({ ...(reader.footer as TraceFooter), chunks, checkpoints: [] })));
    append(trailer(footerAt));
  } catch (error) {
    closeSync(fd);
    rmSync(file.partial, { force: true });
    if (error instanceof BadInput) throw error;
    throw new BadInput(`cannot write ${path}: ${fileError(error)}`);
  }
  nameFile(file);
}
