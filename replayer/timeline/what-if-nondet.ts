import type { Nondet } from '../../recorder/machine/nondet.ts';
import { INPUT_KINDS, type Input, type InputKind, isAsynchronous } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/**
 * The outside world of a run that left the recorded one: what was recorded, as far as it serves. Of each kind the machine
 * gets the recorded answers in their order, and the lowest it asked for when they are used up; what came by itself comes
 * at its recorded icount. The answers given are kept, so that one can go back and forth.
 */
export class WhatIfNondet implements Nondet {
  private readonly recorded: Record<InputKind, readonly Input[]>;
  private readonly asynchronous: readonly Input[];
  /** Places in `recorded`, and at the end in `asynchronous`, before each input taken. */
  private readonly history: number[][];
  private places: number[];

  /** Begins at `icount` of the recorded run. */
  constructor(log: readonly Input[], icount: Icount) {
    const rest = log.filter((input) => input.icount >= icount);
    this.recorded = Object.fromEntries(
      INPUT_KINDS.map((kind) => [kind, rest.filter((input) => input.kind === kind)]),
    ) as unknown as Record<InputKind, readonly Input[]>;
    this.asynchronous = rest.filter(({ kind }) => isAsynchronous(kind));
    this.places = new Array(INPUT_KINDS.length + 1).fill(0);
    this.history = [];
  }

  get taken(): number {
    return this.history.length;
  }

  seek(taken: number): void {
    if (taken === this.history.length) return;
    this.places = this.history[taken];
    this.history.length = taken;
  }

  draw(kind: InputKind, _now: Icount, low: number, high: number): number {
    const number = INPUT_KINDS.indexOf(kind);
    const recorded = this.recorded[kind][this.places[number]]?.value ?? low;
    this.advance(number);
    return Math.max(low, Math.min(recorded, high));
  }

  nextInputAt(): number {
    return this.asynchronous[this.places[INPUT_KINDS.length]]?.icount ?? Number.POSITIVE_INFINITY;
  }

  takeInput(now: Icount): Input | undefined {
    const input = this.asynchronous[this.places[INPUT_KINDS.length]];
    if (!input || input.icount > now) return undefined;
    this.advance(INPUT_KINDS.length);
    return input;
  }

  private advance(place: number): void {
    this.history.push(this.places);
    this.places = this.places.map((n, i) => (i === place ? n + 1 : n));
  }
}
