/** A budget of work, so that no debug information makes a reader run forever. */

/**
 * The most that an answer may cost, in steps of some ten nanoseconds: entries, attributes, rows of lists. Debug information of a
 * compiler needs a fraction of it; one that was made to take forever gets no answer (a RangeError, as for other mistakes in it).
 */
export const MAX_STEPS = 12_000_000;

export class Work {
  private done = 0;

  /** Begins a new answer. */
  begin(): void {
    this.done = 0;
  }

  spend(steps = 1): void {
    this.done += steps;
    if (this.done > MAX_STEPS) throw new RangeError('debug information that takes too long to read');
  }
}

/** The answer; undefined where a compiler wrote what is not understood here, or a stranger what cannot be. */
export function understood<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
