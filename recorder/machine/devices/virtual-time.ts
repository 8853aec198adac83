import type { Icount } from '../../../schemas/units.ts';

/**
 * A clock of `hertz` ticks per second, driven by the count of retired instructions. Exact at any icount below 2^53: whole
 * seconds are split off before anything is multiplied.
 */
export class VirtualClock {
  private readonly hertz: number;
  private readonly instructionsPerSecond: number;

  constructor(hertz: number, instructionsPerSecond: number) {
    this.hertz = hertz;
    this.instructionsPerSecond = instructionsPerSecond;
  }

  /** Ticks that have passed after `icount` retired instructions. */
  ticksAt(icount: Icount): number {
    const { hertz, instructionsPerSecond } = this;
    const rest = icount % instructionsPerSecond;
    return (
      ((icount - rest) / instructionsPerSecond) * hertz + Math.floor((rest * hertz) / instructionsPerSecond)
    );
  }

  /** The first icount at which `ticks` ticks have passed. */
  icountOf(ticks: number): number {
    const { hertz, instructionsPerSecond } = this;
    const rest = ticks % hertz;
    return (
      ((ticks - rest) / hertz) * instructionsPerSecond + Math.ceil((rest * instructionsPerSecond) / hertz)
    );
  }
}
