import { Schedule } from '../../recorder/capture/input/input-source.ts';
import { dueAt, type Move } from '../../recorder/capture/scheduled-nondet.ts';
import { SeededNondet } from '../../recorder/capture/seeded-nondet.ts';
import type { Nondet } from '../../recorder/machine/nondet.ts';
import { type Input, type InputKind, isLatency } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/** The world of a seed, with some of its answers overruled. */

/** The nth answer (from 0) of a kind. */
export interface Answer {
  readonly kind: InputKind;
  readonly nth: number;
  readonly value: number;
}

/** An answer that is not the seed's, and what it did to the interrupt. */
export interface Overruled extends Answer, Omit<Move, 'line'> {
  readonly drawnAt: number;
}

export const answerKey = ({ kind, nth }: Pick<Answer, 'kind' | 'nth'>): string => `${kind} ${nth}`;

export class OverruledNondet implements Nondet {
  private readonly seeded: SeededNondet;
  private readonly answers: ReadonlyMap<string, number>;
  private readonly asked = new Map<InputKind, number>();
  /** Times that were not the seed's, in the order of the run. */
  readonly overruled: Overruled[] = [];

  constructor(seed: bigint, answers: readonly Answer[], own: readonly Input[]) {
    this.seeded = new SeededNondet(seed, [new Schedule(own)]);
    this.answers = new Map(answers.map((answer) => [answerKey(answer), answer.value]));
  }

  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const nth = this.asked.get(kind) ?? 0;
    this.asked.set(kind, nth + 1);
    const drawn = this.seeded.draw(kind, now, low, high);
    const asked = this.answers.get(answerKey({ kind, nth })) ?? drawn;
    const value = Math.min(high, Math.max(low, asked));
    if (value !== drawn && isLatency(kind)) {
      const [from, to] = [drawn, value].map((time) => dueAt(kind, now, time));
      this.overruled.push({ kind, nth, value, drawnAt: now, from, to });
    }
    return value;
  }

  nextInputAt(): number {
    return this.seeded.nextInputAt();
  }

  takeInput(now: Icount): Input | undefined {
    return this.seeded.takeInput(now);
  }
}
