import { isDeliverable } from '../../recorder/machine/deliverable.ts';
import type { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import type { Boundaries } from './placements.ts';

/** Placements that come to the same delivery. */

/** A request that rises anywhere from `first` to `at` is delivered at `at`; with `late`, at some boundary after `at`. */
export interface PlacementClass {
  readonly first: number;
  readonly at: number;
  readonly late: boolean;
}

/**
 * Executes the recorded run through these boundaries, and puts those together from which the processor takes a request at the same
 * boundary: with IF off, or behind another interrupt, it waits.
 */
export function classesAmong(
  session: ForwardSession,
  irq: number,
  { first, last }: Boundaries,
): PlacementClass[] {
  const { machine } = session;
  const classes: PlacementClass[] = [];
  let waiting = first;
  session.run(first as typeof machine.icount);
  while (machine.icount <= last) {
    const { icount, deliveries } = session.position;
    // After a delivery at the same icount no boundary is new: the line would have risen before it.
    if (deliveries === 0 && isDeliverable(machine, irq)) {
      classes.push({ first: waiting, at: icount, late: false });
      waiting = icount + 1;
    }
    // A step would go through all of the time that the processor is halted.
    if (machine.cpu.halted) session.run((icount + 1) as typeof machine.icount);
    else session.step();
    const now = session.position;
    if (now.icount === icount && now.deliveries === deliveries) break;
  }
  if (waiting <= last) classes.push({ first: waiting, at: last, late: true });
  return classes;
}

/** Boundaries in a class. */
export const sizeOf = ({ first, at }: PlacementClass): number => at - first + 1;
