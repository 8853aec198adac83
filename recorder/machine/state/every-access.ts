import type { Linear, Physical } from '../../../schemas/units.ts';
import { type Clock, Stops } from './stops.ts';

/** Reports every access to memory, for code that follows what a stretch of the run touches. */

/** Takes the arguments of Stops.accesses. */
type Listener = (
  linear: Linear,
  physical: Physical,
  size: number,
  write: boolean,
  byProgram: boolean,
) => void;

/** Reports every access to memory to a listener. No page has a fast path while it is installed (`Machine.watchFor`). */
export class EveryAccess extends Stops {
  private readonly listener: Listener;

  constructor(clock: Clock, listener: Listener) {
    super(clock, [], []);
    this.listener = listener;
  }

  override withholds(): boolean {
    return true;
  }

  override accesses(
    linear: Linear,
    physical: Physical,
    size: number,
    write: boolean,
    byProgram: boolean,
  ): void {
    this.listener(linear, physical, size, write, byProgram);
  }
}
