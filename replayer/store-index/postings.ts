import { decodeColumn, encodeColumn, maxEncodedBytes } from '../../schemas/column-codec.ts';

export const WORDS_IN_FRAME = 1024;

/**
 * For each word of a frame the epochs in which it was written: `epochs[starts[word] … starts[word + 1]]`, ascending, each as
 * epoch * 16 + mask of the bytes written.
 */
export interface Postings {
  readonly starts: Uint32Array;
  readonly epochs: Uint32Array;
}

/** From the words of each epoch (EpochContents.words), the postings of each frame that was written, in order. */
export function* invert(
  words: readonly Uint32Array[],
  frames: number,
): Generator<{ readonly frame: number; readonly postings: Postings }> {
  const starts = new Uint32Array(frames * WORDS_IN_FRAME + 1);
  for (const epoch of words) for (const word of epoch) starts[(word >>> 4) + 1]++;
  for (let word = 1; word < starts.length; word++) starts[word] += starts[word - 1];
  const all = new Uint32Array(starts[starts.length - 1]);
  const next = starts.slice();
  words.forEach((epoch, number) => {
    for (const word of epoch) all[next[word >>> 4]++] = (number << 4) | (word & 15);
  });
  for (let frame = 0; frame < frames; frame++) {
    const first = frame * WORDS_IN_FRAME;
    const own = starts.subarray(first, first + WORDS_IN_FRAME + 1);
    const [begin] = own;
    const end = own[WORDS_IN_FRAME];
    if (begin === end) continue;
    yield { frame, postings: { starts: own.map((at) => at - begin), epochs: all.subarray(begin, end) } };
  }
}

/** Length of the first column u32, then how many epochs each word has, then the epochs as deltas. */
export function encodePostings({ starts, epochs }: Postings): Uint8Array {
  const counts = new Uint32Array(WORDS_IN_FRAME);
  for (let word = 0; word < WORDS_IN_FRAME; word++) counts[word] = starts[word + 1] - starts[word];
  const room = maxEncodedBytes('value', WORDS_IN_FRAME) + maxEncodedBytes('address', epochs.length);
  const out = new Uint8Array(4 + room);
  const middle = encodeColumn('value', counts, WORDS_IN_FRAME, out, 4);
  new DataView(out.buffer).setUint32(0, middle - 4, true);
  return out.subarray(0, encodeColumn('address', epochs, epochs.length, out, middle));
}

/** No bytes are a frame that was never written. */
export function decodePostings(bytes: Uint8Array): Postings {
  const starts = new Uint32Array(WORDS_IN_FRAME + 1);
  if (bytes.length === 0) return { starts, epochs: new Uint32Array() };
  const middle = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  decodeColumn('value', bytes.subarray(4, middle), WORDS_IN_FRAME, starts.subarray(1));
  for (let word = 1; word <= WORDS_IN_FRAME; word++) starts[word] += starts[word - 1];
  const epochs = new Uint32Array(starts[WORDS_IN_FRAME]);
  decodeColumn('address', bytes.subarray(middle), epochs.length, epochs);
  return { starts, epochs };
}
