import { isDeliverable } from '../../recorder/machine/deliverable.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { icount } from '../../schemas/units.ts';
import { Footprint, type Touched } from './footprint.ts';
import type { Boundaries } from './placements.ts';

/** The recorded run through some boundaries: where the processor would take a request, and what the code touches on the way. */

/** A boundary at which the processor takes a request. */
export interface Taking {
  /** The first boundary from which a request waits for this one: with IF off, or behind another interrupt. */
  readonly first: number;
  readonly at: number;
  /** By the instructions since the boundary before of this kind. */
  readonly touched: Touched;
  /** One of those instructions, or an interrupt or exception among them, does what no list of memory tells: order matters. */
  readonly ordered: boolean;
}

export interface Trail {
  readonly takings: readonly Taking[];
  /** Requests from this boundary on wait for one behind all these, if any do. */
  readonly waiting: number | undefined;
}

/** Executes the session through these boundaries. */
export function trailThrough(session: ForwardSession, irq: number, { first, last }: Boundaries): Trail {
  const { machine } = session;
  const takings: Taking[] = [];
  let waiting = first;
  let ordered = false;
  session.run(icount(first));
  const footprint = new Footprint(machine);
  footprint.attach();
  try {
    while (machine.icount <= last) {
      const { icount: at, deliveries } = session.position;
      // After a delivery at the same icount no boundary is new: the line would have risen before it.
      if (deliveries === 0 && isDeliverable(machine, irq)) {
        takings.push({ first: waiting, at, touched: footprint.sinceLast(), ordered });
        waiting = at + 1;
        ordered = false;
      }
      ordered ||= deliveries > 0 || machine.cpu.halted || isOrdered(machine);
      // A step would go through all of the time that the processor is halted.
      if (machine.cpu.halted) session.run(icount(at + 1));
      else session.step();
      const now = session.position;
      if (now.icount === at && now.deliveries === deliveries) break;
    }
  } finally {
    footprint.detach();
  }
  return { takings, waiting: waiting <= last ? waiting : undefined };
}

const PREFIXES: ReadonlySet<number> = new Set([
  0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
]);
/** INS, OUTS, IN, OUT, HLT. */
const PORTS: ReadonlySet<number> = new Set([
  0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0xf4,
]);
const TWO_BYTES = 0x0f;
const LONGEST = 15;

/** Of those behind 0F: what loads tables, control and debug registers and MSRs, tells the time, or flushes. */
const isSystem = (second: number): boolean =>
  [0x00, 0x01, 0x06, 0x08, 0x09, 0xa2].includes(second) ||
  (second >= 0x20 && second <= 0x26) ||
  (second >= 0x30 && second <= 0x35);

/** True if the next instruction reaches more than memory and the registers of its context. */
function isOrdered({ cpu, mmu, mem }: Machine): boolean {
  for (let n = 0; n < LONGEST; n++) {
    const [code, second] = [n, n + 1].map((offset) => {
      const physical = mmu.translateForDebug((cpu.eip + offset) | 0);
      return physical < 0 ? -1 : mem.u8[RAM + physical];
    });
    if (PREFIXES.has(code)) continue;
    return code < 0 || PORTS.has(code) || (code === TWO_BYTES && isSystem(second));
  }
  return true;
}
