import { expect, it } from 'vitest';
import { type Place, Repeats } from '../../recorder/machine/events/repeats.ts';
import { INTERRUPT_OP, NO_IRQ } from '../../schemas/events.ts';

/** The edges of folding; test/replay/repeats.test.ts has what a trace makes of it. */

const AT: Place = { eip: 0x1000, cpl: 0, depth: 0, frameId: 0, cr3: 0, esp: 0 };
const [DELIVER, IRET] = [INTERRUPT_OP.indexOf('deliver'), INTERRUPT_OP.indexOf('iret')];

it('counts what is the same, and says when the last one was', () => {
  const repeats = new Repeats();
  for (const icount of [10, 20, 30])
    expect(repeats.fold('stack_switches', icount, AT, [2, 8])).toBe(icount > 10);
  expect(repeats.fold('stack_switches', 40, AT, [2, 9])).toBe(false);
  expect(repeats.fold('control_writes', 50, AT, [2, 8])).toBe(false);
  expect(repeats.fold('stack_switches', 60, { ...AT, cr3: 0x5000 }, [2, 8])).toBe(false);
  expect(repeats.take()).toMatchObject([{ first: 10, last: 30, count: 2, values: [2, 8] }]);
  expect(repeats.take()).toEqual([]);
  expect(repeats.fold('stack_switches', 70, AT, [2, 8])).toBe(false);
});

it('digests when each one was', () => {
  const digest = (...icounts: number[]) => {
    const repeats = new Repeats();
    for (const icount of icounts) repeats.fold('stack_switches', icount, AT, [1]);
    const [{ low, high }] = repeats.take();
    return `${low} ${high}`;
  };
  const all = [
    digest(1, 2, 4),
    digest(1, 3, 4),
    digest(1, 2 ** 32 + 2, 2 ** 32 + 4),
    digest(1, 2, 3, 4),
    digest(1, 4),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(digest(1, 2, 4)).toBe(all[0]);
});

it('keeps hardware interrupts, and IRETs of deliveries that were kept', () => {
  const interrupt = (op: number, id: number, irq = NO_IRQ) => [op, id, 0, 0x28, irq, 1, 0x2000, 0, 0x7000, 0];
  const repeats = new Repeats();
  const folded = (icount: number, values: number[]) => repeats.fold('interrupts', icount, AT, values);
  expect([1, 2].map((n) => folded(n, interrupt(DELIVER, n, 0)))).toEqual([false, false]);
  const iret = { ...AT, eip: 0x2001 };
  const ends = (icount: number, id: number) => repeats.fold('interrupts', icount, iret, interrupt(IRET, id));
  expect([folded(3, interrupt(DELIVER, 3)), ends(4, 3)]).toEqual([false, false]);
  // The second is folded; its end is the first that may be, so it is a row that others are folded into.
  expect([folded(5, interrupt(DELIVER, 4)), ends(6, 4)]).toEqual([true, false]);
  expect([folded(7, interrupt(DELIVER, 5)), ends(8, 5)]).toEqual([true, true]);
  expect(ends(9, 5)).toBe(false);
});

it('has room for so many different ones; those beyond are rows', () => {
  const repeats = new Repeats();
  const made = (esp: number) => repeats.fold('stack_switches', esp, AT, [esp]);
  for (let esp = 0; esp < 600; esp++) expect(made(esp)).toBe(false);
  expect([made(0), made(511), made(512), made(599)]).toEqual([true, true, false, false]);
});

it('is overdue before an icount no longer fits into what its row says', () => {
  const repeats = new Repeats();
  expect(repeats.isOverdue(2 ** 40)).toBe(false);
  repeats.fold('stack_switches', 5, AT, [1]);
  expect([repeats.isOverdue(2 ** 31 + 4), repeats.isOverdue(2 ** 31 + 5)]).toEqual([false, true]);
});
