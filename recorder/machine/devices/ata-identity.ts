/** The answer to IDENTIFY DEVICE (ATA-3, 8.12): a 1996 drive with LBA, no DMA. */

const WORDS = 256;
/** ATA strings have the bytes of each word exchanged. */
function putString(words: Uint16Array, at: number, length: number, text: string): void {
  const padded = text.padEnd(length * 2, ' ');
  for (let i = 0; i < length; i++)
    words[at + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1);
}

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

export const DEFAULT_HEADS = 16;
export const DEFAULT_SECTORS_PER_TRACK = 63;
const MAX_CYLINDERS = 16_383;

export const geometryFor = (sectors: number, heads: number, sectorsPerTrack: number): Geometry => ({
  cylinders: Math.min(MAX_CYLINDERS, Math.floor(sectors / (heads * sectorsPerTrack))),
  heads,
  sectorsPerTrack,
});

/** `multiple`: sectors of an interrupt as set by SET MULTIPLE MODE, 0 = off; `current`: the geometry in force. */
export function identity(
  sectors: number,
  current: Geometry,
  multiple: number,
  maxMultiple: number,
): Uint8Array {
  const words = new Uint16Array(WORDS);
  const standard = geometryFor(sectors, DEFAULT_HEADS, DEFAULT_SECTORS_PER_TRACK);
  words[0] = 0x0040;
  words[1] = standard.cylinders;
  words[3] = standard.heads;
  words[6] = standard.sectorsPerTrack;
  putString(words, 10, 10, 'R386-0001');
  putString(words, 23, 4, '1.0');
  putString(words, 27, 20, 'REWIND386 DISK');
  words[47] = 0x8000 | maxMultiple;
  words[49] = 0x0200;
  words[53] = 1;
  words[54] = current.cylinders;
  words[55] = current.heads;
  words[56] = current.sectorsPerTrack;
  const currentSectors = current.cylinders * current.heads * current.sectorsPerTrack;
  words[57] = currentSectors & 0xffff;
  words[58] = currentSectors >>> 16;
  words[59] = multiple > 0 ? 0x0100 | multiple : 0;
  words[60] = sectors & 0xffff;
  words[61] = sectors >>> 16;
  words[80] = 0x000e;
  return new Uint8Array(words.buffer);
}
