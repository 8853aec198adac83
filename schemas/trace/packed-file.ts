import { type PackedFile, unpack } from './compression.ts';
import { TraceDamage } from './framing.ts';

/** The contents of a file embedded in a header, whose size was checked when the header was read. Throws TraceDamage. */
export function unpackFile({ contents }: PackedFile, part: string): Uint8Array {
  try {
    return unpack(contents, contents.rawBytes);
  } catch (error) {
    throw new TraceDamage(`header, ${part}`, error instanceof Error ? error.message : String(error));
  }
}
