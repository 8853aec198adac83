// Copies of a trace that are traces of their own: each says something else of its end, so no two have the same bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { product } from './measure.mjs';

const { TraceReader } = await product('replayer/trace/trace-reader.js');
const { encodeFooter } = await product('schemas/trace/footer.js');
const { FRAME, frame, readTrailer, TRAILER_BYTES, trailer } = await product('schemas/trace/framing.js');

/** Writes a copy to each of the files. */
export function copyTrace(model, files) {
  const reader = TraceReader.open(model);
  const { footer } = reader;
  reader.close();
  const bytes = readFileSync(model);
  const end = readTrailer(bytes.subarray(-TRAILER_BYTES));
  for (const [n, file] of files.entries()) {
    const exit = { ...footer.exit, message: `run ${n}` };
    const last = [frame(FRAME.footer, encodeFooter({ ...footer, exit })), trailer(end)];
    writeFileSync(file, Buffer.concat([bytes.subarray(0, end), ...last]));
  }
}
