import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import { DivergenceFound } from '../trace/divergence.ts';
import type { TraceReader } from '../trace/trace-reader.ts';

/**
 * Checks the parts that every recording has. Without them, a comparison of everything present could compare nothing. A recorder always
 * writes them; a forged trace may not.
 */

/** Components of every machine; a row of the ladder without them would not cover the state. */
const ALWAYS_HASHED = ['cpu', 'ram', 'tlb'];

/** Reads every chunk; throws TraceDamage, or calls the reader's `onDamage`, if one does not match the index. */
export function checkChunks(reader: TraceReader): void {
  for (const [n, { inputs, ladderRows }] of reader.chunks.entries()) {
    // Chunks with inputs or rungs are read anyway (skeleton).
    if (inputs === 0 && ladderRows === 0) reader.readChunk(n);
  }
}

/** Throws unless there is exactly one rung at each multiple of the interval, from 0 to the end. */
export function checkRungs(rungs: readonly LadderRow[], interval: number, end: number | undefined): void {
  const wrong = rungs.findIndex(({ icount }, n) => icount !== n * interval);
  if (wrong >= 0)
    throw unlikeLadder(rungs[wrong].icount, `a rung at icount ${rungs[wrong].icount}`, wrong * interval);
  if (end === undefined) return;
  const wanted = Math.floor(end / interval) + 1;
  if (rungs.length < wanted)
    throw unlikeLadder(end, `the last of ${rungs.length} rungs`, rungs.length * interval);
  if (rungs.length > wanted)
    throw unlikeLadder(end, `a rung at icount ${wanted * interval}`, end, 'the run ends');
}

function unlikeLadder(
  icount: Icount,
  expected: string,
  at: number,
  actual = 'the next rung is due',
): DivergenceFound {
  return new DivergenceFound({ icount, subsystem: 'ladder', expected, actual: `${actual} at icount ${at}` });
}

/** Throws if a row of hashes lacks a component that every machine has. */
export function checkComponents({ icount, hashes }: LadderRow): void {
  const missing = ALWAYS_HASHED.find((name) => !hashes[name]);
  if (missing === undefined) return;
  throw new DivergenceFound({
    icount,
    subsystem: missing,
    expected: `no hash of ${missing}`,
    actual: 'one for every machine',
  });
}
