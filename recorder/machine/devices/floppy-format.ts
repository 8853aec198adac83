/** The layout of a floppy. All have 512-byte sectors. */
export interface FloppyFormat {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
  /** The drive that takes it, as CMOS byte 10h codes it: 1 360 KB, 2 1.2 MB, 3 720 KB, 4 1.44 MB, 5 2.88 MB. */
  readonly cmosType: number;
}

const format = (
  cylinders: number,
  heads: number,
  sectorsPerTrack: number,
  cmosType: number,
): FloppyFormat => ({
  ...{ cylinders, heads, sectorsPerTrack, cmosType },
});

const FORMATS: readonly FloppyFormat[] = [
  format(40, 1, 8, 1),
  format(40, 1, 9, 1),
  format(40, 2, 8, 1),
  format(40, 2, 9, 1),
  format(80, 2, 9, 3),
  format(80, 2, 15, 2),
  format(80, 2, 18, 4),
  format(80, 2, 36, 5),
];
const LARGEST = FORMATS[FORMATS.length - 1];

const sectorsOf = ({ cylinders, heads, sectorsPerTrack }: FloppyFormat) =>
  cylinders * heads * sectorsPerTrack;

/** True if an image of this many sectors has exactly the size of a format. */
export const isFloppySize = (sectors: number): boolean =>
  FORMATS.some((known) => sectorsOf(known) === sectors);

/** The format for an image of this many sectors: the smallest 3.5 or 5.25 inch format that holds it. */
export const floppyFormat = (sectors: number): FloppyFormat =>
  FORMATS.find((known) => sectorsOf(known) === sectors) ??
  FORMATS.find((known) => known.cmosType >= 3 && sectorsOf(known) >= sectors) ??
  LARGEST;

/** Sectors that the largest floppy has. */
export const MAX_FLOPPY_SECTORS = sectorsOf(LARGEST);
