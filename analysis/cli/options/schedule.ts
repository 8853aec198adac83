import { kindsOfLine, type Move } from '../../../recorder/capture/scheduled-nondet.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { Input } from '../../../schemas/trace/inputs.ts';
import { icount } from '../../../schemas/units.ts';
import { parseCount } from './values.ts';

/** A schedule in one line: the interrupts whose times differ from the seed's. */

export interface InterruptSchedule {
  readonly moves: readonly Move[];
  readonly injected: readonly Input[];
}

export const SCHEDULE = {
  schedule: {
    type: 'string',
    requiresArg: true,
    describe:
      'move interrupts: for example irq14=4758667@4790286 (from icount 4,790,286 to 4,758,667) or irq4@5M (an additional one), separated by commas',
  },
} as const;

/** `irqN=TO@FROM` and `irqN@ICOUNT`, with commas between. Throws BadInput. */
export function parseSchedule(text: string): InterruptSchedule {
  const moves: Move[] = [];
  const injected: Input[] = [];
  for (const entry of text.split(',')) {
    const [, number, to, when] = /^irq(\d+)(?:=([^@]+))?@([^@]+)$/.exec(entry.trim()) ?? [];
    const line = number === undefined ? 16 : Number(number);
    if (line > 15)
      throw new BadInput(
        `--schedule ${entry}: not an interrupt and its time`,
        'write irqN=ICOUNT@ICOUNT to move an interrupt, or irqN@ICOUNT to add one',
      );
    const at = parseCount(when, '--schedule');
    if (to === undefined) injected.push({ kind: 'inject_irq', icount: icount(at), value: line });
    else if (kindsOfLine(line).length > 0) moves.push({ line, from: at, to: parseCount(to, '--schedule') });
    else
      throw new BadInput(
        `--schedule ${entry}: the time of IRQ ${line} is not an input: it follows from what the guest does`,
        'the lines of drives (6, 14, 15), and with --jitter 0 and 4, can be moved',
      );
  }
  return { moves, injected };
}
