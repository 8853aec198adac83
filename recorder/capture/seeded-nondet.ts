import { INPUT_KINDS, type Input, type InputKind } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Nondet } from '../machine/nondet.ts';
import type { InputSource } from './input/input-source.ts';
import { Prng } from './prng.ts';

/**
 * The outside world of a recording: draws from a seed, and asynchronous inputs from sources (input/). One seed yields the whole
 * run. Each kind draws from a generator of its own, so a guest that reads its clock once more keeps its disk latencies.
 */
export class SeededNondet implements Nondet {
  private readonly generators: Record<InputKind, Prng>;
  private readonly sources: readonly InputSource[];

  /** Of sources that are due at once, the first goes first. */
  constructor(seed: bigint, sources: readonly InputSource[] = []) {
    this.generators = Object.fromEntries(
      INPUT_KINDS.map((kind, stream) => [kind, new Prng(seed, stream)]),
    ) as Record<InputKind, Prng>;
    this.sources = sources;
  }

  /** One that goes on as this one does, with other sources. */
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

/** The later sectors of a transfer lie in the track buffer: the lowest part of the range, this share of it. */
const TRACK_BUFFER = 32;

/**
 * A disk with a track cache: of 16 requests 10 hit it, 5 seek, and 1 has bad luck (a full turn, a retry). Hits lie in the
 * lowest sixteenth of the range, seeks in the middle half, bad luck anywhere above. What a race needs is this unevenness:
 * equal latencies would always interleave alike.
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
