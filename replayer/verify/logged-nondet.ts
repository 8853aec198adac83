import type { Nondet } from '../../recorder/machine/nondet.ts';
import { type Input, type InputKind, isAsynchronous } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';
import { DivergenceFound } from '../trace/divergence.ts';

/** Receives each input as it is taken; `most`: the largest that the machine would have taken, for inputs that it requests. */
export type OnInput = (input: Input, most: number | undefined) => void;

/**
 * The outside world of a replay: the recorded inputs, in order. The machine must request each at the same icount and in the same way;
 * anything else is a divergence.
 */
export class LoggedNondet implements Nondet {
  private readonly log: readonly Input[];
  private readonly onInput: OnInput | undefined;
  private next = 0;
  /** Index of the next asynchronous input at or after `next`. */
  private nextAsynchronous = 0;
  /** Of each input, that index: a log of a long run has many inputs and few asynchronous ones, and a seek must not look for them. */
  private readonly asynchronousFrom: Int32Array;

  constructor(log: readonly Input[], onInput?: OnInput) {
    this.log = log;
    this.onInput = onInput;
    this.asynchronousFrom = new Int32Array(log.length + 1).fill(log.length);
    for (let i = log.length - 1; i >= 0; i--)
      this.asynchronousFrom[i] = isAsynchronous(log[i].kind) ? i : this.asynchronousFrom[i + 1];
    this.findAsynchronous();
  }

  /** Resets to the point where `taken` inputs have been taken, after the machine was restored to it. */
  seek(taken: number): void {
    this.next = taken;
    this.findAsynchronous();
  }

  /** Inputs taken so far. */
  get taken(): number {
    return this.next;
  }

  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const recorded = this.log[this.next];
    if (!recorded || recorded.kind !== kind || recorded.icount !== now) {
      throw this.divergence(recorded, now, `${kind} (${low} to ${high}) at icount ${now}`);
    }
    if (recorded.value < low || recorded.value > high) {
      throw this.divergence(recorded, now, `${kind} is ${low} to ${high}`);
    }
    this.take(recorded, high);
    return recorded.value;
  }

  nextInputAt(): number {
    return this.log[this.nextAsynchronous]?.icount ?? Number.POSITIVE_INFINITY;
  }

  takeInput(now: Icount): Input | undefined {
    const recorded = this.log[this.nextAsynchronous];
    if (!recorded || recorded.icount > now) return undefined;
    if (this.nextAsynchronous !== this.next || recorded.icount !== now) {
      throw this.divergence(this.log[this.next], now, `${recorded.kind} at icount ${now}`);
    }
    this.take(recorded);
    this.findAsynchronous();
    return recorded;
  }

  /** Throws unless every input before `icount` was requested. */
  checkTaken(icount: Icount): void {
    const recorded = this.log[this.next];
    if (recorded && recorded.icount < icount) {
      throw this.divergence(recorded, recorded.icount, 'no request for it');
    }
  }

  private take(input: Input, most?: number): void {
    this.next++;
    this.onInput?.(input, most);
  }

  private findAsynchronous(): void {
    this.nextAsynchronous = this.asynchronousFrom[this.next];
  }

  private divergence(recorded: Input | undefined, now: Icount, actual: string): DivergenceFound {
    const expected = recorded
      ? `${recorded.kind} = ${recorded.value} at icount ${recorded.icount}`
      : 'no more inputs';
    return new DivergenceFound({
      icount: Math.min(now, recorded?.icount ?? now),
      subsystem: 'input',
      expected,
      actual,
    });
  }
}
