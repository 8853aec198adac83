/** A budget of work that keeps debug information from running a reader forever. */

/**
 * The most that an answer may cost, in steps of some ten nanoseconds: entries, attributes, rows of lists. A compiler's debug information
 * needs a fraction of it; information made to take forever gets a RangeError, like other errors in it.
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
    if (this.done > MAX_STEPS) throw new RangeError('the debug information takes too long to read');
  }
}

/** The answer; undefined if the debug information is unsupported or invalid. */
export function understood<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
