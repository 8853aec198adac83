import { INPUT_KINDS, type Input, type InputKind } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Nondet } from '../machine/nondet.ts';
import type { InputSource } from './input/input-source.ts';
import { Prng } from './prng.ts';

/**
 * The outside world of a recording: random numbers from a seed, and asynchronous inputs from sources (input/). One seed determines the
 * whole run. Each kind has its own generator, so that an additional read of the clock does not change disk latencies.
 */
export class SeededNondet implements Nondet {
  private readonly generators: Record<InputKind, Prng>;
  private readonly sources: readonly InputSource[];

  /** If several sources are due, the first takes precedence. */
  constructor(seed: bigint, sources: readonly InputSource[] = []) {
    this.generators = Object.fromEntries(
      INPUT_KINDS.map((kind, stream) => [kind, new Prng(seed, stream)]),
    ) as Record<InputKind, Prng>;
    this.sources = sources;
  }

  /** A copy in the same state, with other sources. */
  fork(sources: readonly InputSource[]): SeededNondet {
    const fork = new SeededNondet(0n, sources);
    for (const kind of INPUT_KINDS) fork.generators[kind] = this.generators[kind].copy();
    return fork;
  }

  draw(kind: InputKind, _now: Icount, low: number, high: number): number {
    const generator = this.generators[kind];
    if (kind === 'disk_latency') return diskLatency(generator, low, high);
    if (kind === 'disk_block') return generator.within(low, low + Math.floor((high - low) / TRACK_BUFFER));
    return generator.within(low, high);
  }

  get isOver(): boolean {
    for (const source of this.sources) if (source.end) return true;
    return false;
  }

  nextInputAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const source of this.sources) next = Math.min(next, source.nextAt());
    return next;
  }

  takeInput(now: Icount): Input | undefined {
    for (const source of this.sources) {
      while (source.nextAt() <= now) {
        const input = source.take(now);
        if (input) return input;
      }
    }
    return undefined;
  }
}

/** The later sectors of a transfer are in the track buffer: their latency lies in this lowest share of the range. */
const TRACK_BUFFER = 32;

/**
 * A disk with a track cache: of 16 requests 10 hit it, 5 seek, and 1 is slow (a full rotation, a retry). Hits lie in the lowest sixteenth
 * of the range, seeks in the middle half, slow requests anywhere above. Races need this variation; equal latencies would always give the
 * same interleaving.
 */
function diskLatency(generator: Prng, low: number, high: number): number {
  const span = high - low;
  const part = (from: number, to: number) =>
    generator.within(low + Math.floor(span * from), low + Math.floor(span * to));
  const luck = generator.next() >>> 28;
  if (luck < 10) return part(0, 1 / 16);
  if (luck < 15) return part(1 / 4, 3 / 4);
  return part(3 / 4, 1);
}
