import { BadInput } from '../../schemas/bad-input.ts';
import { type Input, type InputKind, isDiskTime } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Nondet } from '../machine/nondet.ts';

/** The outside world with some interrupts moved by a schedule. */

/** A move: the interrupt of a line comes at `to` instead of `from`; both are icounts at which the line rises. */
export interface Move {
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** Kinds of inputs that determine the time of a line's interrupt; none if it depends only on the guest. */
export function kindsOfLine(line: number): readonly InputKind[] {
  if (line === 0) return ['timer_latency'];
  if (line === 4) return ['serial_latency'];
  return [6, 14, 15].includes(line) ? ['disk_latency', 'disk_block'] : [];
}

/** icount at which an operation requested at `now` completes if it takes `value` instructions. */
export const dueAt = (kind: InputKind, now: number, value: number): number =>
  // A drive with latency 0 completes at the next instruction.
  now + (isDiskTime(kind) ? Math.max(1, value) : value);

/** Answers like `source`, except for the moves; each is applied once, to the first answer that would bring its interrupt at `from`. */
export class ScheduledNondet implements Nondet {
  private readonly source: Nondet;
  private readonly left: Move[];

  constructor(source: Nondet, moves: readonly Move[]) {
    this.source = source;
    this.left = [...moves];
  }

  /** Moves whose interrupt has not occurred. */
  get unmoved(): readonly Move[] {
    return this.left;
  }

  /** Throws BadInput for a time that is impossible for the device. */
  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const value = this.source.draw(kind, now, low, high);
    const due = dueAt(kind, now, value);
    const at = this.left.findIndex(({ line, from }) => from === due && kindsOfLine(line).includes(kind));
    if (at < 0) return value;
    const [{ line, from, to }] = this.left.splice(at, 1);
    const first = dueAt(kind, now, low);
    if (to >= first && to <= now + high) return to - now;
    throw new BadInput(
      `the schedule moves IRQ ${line} of icount ${from} to ${to}, but requested at ${now} it can only come from ${first} to ${now + high}`,
      'give an icount in that range',
    );
  }

  get isOver(): boolean {
    return this.source.isOver ?? false;
  }

  nextInputAt(): number {
    return this.source.nextInputAt();
  }

  takeInput(now: Icount): Input | undefined {
    return this.source.takeInput(now);
  }
}
