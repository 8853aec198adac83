import type { Counts, Density } from './page-data.ts';

/** The counts of a track that cover a stretch: finer ones where they are known, else those of the whole run, which ends at `end`. */
export function countsOver({ counts, fine }: Density, from: number, to: number, end: number): Counts {
  const isFine = fine && fine.first <= from && to <= fine.first + fine.part * fine.counts.length;
  return isFine ? fine : { first: 0, part: end / counts.length, counts };
}
