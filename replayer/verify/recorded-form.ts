import type { LadderRow } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import { DivergenceFound } from '../trace/divergence.ts';
import type { TraceReader } from '../trace/trace-reader.ts';

/**
 * The form that every recording has, whatever was recorded: without it a comparison of all there is could be one of nothing. A
 * recorder cannot leave it; whoever writes a trace by hand can.
 */

/** Components that every machine has: a row of the ladder without them says nothing of the state. */
const ALWAYS_HASHED = ['cpu', 'ram', 'tlb'];

/** Reads every chunk: throws TraceDamage, or tells the reader's `onDamage`, of one that does not hold what the index says. */
export function checkChunks(reader: TraceReader): void {
  for (const [n, { inputs, ladderRows }] of reader.chunks.entries()) {
    // Those with inputs or rungs are read for these (skeleton).
    if (inputs === 0 && ladderRows === 0) reader.readChunk(n);
  }
}

/** Throws when a rung is missing or one too many: there is one at each multiple of the interval, from 0 to the end. */
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

/** Throws when a row of hashes leaves out what every machine has. */
export function checkComponents({ icount, hashes }: LadderRow): void {
  const missing = ALWAYS_HASHED.find((name) => !hashes[name]);
  if (missing === undefined) return;
  throw new DivergenceFound({
    icount,
    subsystem: missing,
    expected: `no hash of ${missing}`,
    actual: 'every machine has one',
  });
}
