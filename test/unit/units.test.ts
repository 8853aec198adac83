import { expect, it } from 'vitest';
import type { EventLog } from '../../recorder/machine/events/event-log.ts';
import type { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import type { Nondet } from '../../recorder/machine/nondet.ts';
import type { Position, Stops } from '../../recorder/machine/state/stops.ts';
import type { Timeline } from '../../replayer/timeline/timeline.ts';
import type { Frame, Icount, Linear, Physical } from '../../schemas/units.ts';

/** The seams between parts keep the units of numbers apart; that is checked by TypeScript, and costs nothing at run time. */

/** Never called: what must not compile. */
function refused(
  parts: { mmu: Mmu; nondet: Nondet; stops: Stops; log: EventLog; timeline: Timeline },
  { at, linear, physical, frame }: { at: Icount; linear: Linear; physical: Physical; frame: Frame },
): void {
  const { mmu, nondet, stops, log, timeline } = parts;
  // @ts-expect-error a linear address is no physical one
  mmu.physRead32(linear);
  // @ts-expect-error nor the other way
  mmu.translateForDebug(physical);
  // @ts-expect-error an address is no frame
  mmu.markCode(physical);
  // @ts-expect-error a frame is no address
  mmu.physWrite8(frame, 0);
  // @ts-expect-error what is translated is physical
  mmu.translateForDebug(mmu.translateForDebug(linear));
  // @ts-expect-error an address is no icount
  nondet.draw('disk_latency', linear, 0, 1);
  // @ts-expect-error the wrong way round
  stops.accesses(physical, linear, 4, true, true);
  // @ts-expect-error an icount is no address
  stops.isBreakpoint(at);
  // @ts-expect-error the wrong way round
  log.store(physical, linear, 4, 0, 1);
  // @ts-expect-error a position is in time
  const position: Position = { icount: linear, deliveries: 0 };
  // @ts-expect-error the timeline goes to an icount
  timeline.restoreAt(physical);
  expect(position).toBeUndefined();
}

it('what has a unit is refused for another', () => {
  expect(refused).toBeTypeOf('function');
});

it('what arithmetic makes may be passed for any unit', () => {
  const linear: Linear = 0xf0100000;
  const page: Linear = linear & ~0xfff;
  const frame: Frame = linear >>> 12;
  const physical: Physical = (frame << 12) | (linear & 0xfff);
  // @ts-expect-error but not a linear address itself for a physical one
  const other: Physical = linear;
  expect([page, frame, physical, other].every(Number.isInteger)).toBe(true);
});
