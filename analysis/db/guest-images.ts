import { createHash } from 'node:crypto';
import type { GuestNames } from '../../replayer/trace/trace-reader.ts';
import type { TraceGuest } from '../../schemas/trace/header.ts';
import { type DebugFile, GuestImage } from './guest-image.ts';

/** The images of the guests of several traces: traces of the same kernel share one. */
export class GuestImages {
  private readonly names: readonly GuestNames[];
  private readonly debugFile: DebugFile | undefined;
  private readonly numbers = new Map<number, number>();
  private readonly byContents = new Map<string, number>();
  private readonly images: GuestImage[] = [];

  constructor(names: readonly GuestNames[], debugFile?: DebugFile) {
    this.names = names;
    this.debugFile = debugFile;
  }

  /** The number of the image of a trace; undefined if there is no such trace. */
  numberOf(run: number): number | undefined {
    const known = this.numbers.get(run);
    if (known !== undefined || !this.names[run]) return known;
    const contents = digestOf(this.names[run]);
    const number = this.byContents.get(contents) ?? this.images.length;
    if (number === this.images.length) this.images.push(new GuestImage(this.names[run], this.debugFile));
    this.byContents.set(contents, number);
    this.numbers.set(run, number);
    return number;
  }

  image(number: number): GuestImage {
    return this.images[number];
  }
}

/** Of all that an image is made of, by its bytes: the digests that a header has of its files are only what it says. */
function digestOf({ guest, programs = [] }: GuestNames): string {
  const hash = createHash('sha256');
  const add = ({ name, image, symbols }: TraceGuest, base: number) => {
    hash.update(JSON.stringify([String(name), base, ...[image, symbols].map((file) => sizesOf(file))]));
    for (const file of [image, symbols]) if (file) hash.update(file.contents.data);
  };
  add(guest, 0);
  for (const { file, base } of programs) add(file, base);
  return hash.digest('hex');
}

const sizesOf = (file: TraceGuest['image']): readonly number[] =>
  file ? [file.contents.codec, file.contents.rawBytes, file.contents.data.length] : [];
