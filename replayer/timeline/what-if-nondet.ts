import type { Nondet } from '../../recorder/machine/nondet.ts';
import { INPUT_KINDS, type Input, type InputKind, isAsynchronous } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';

/**
 * The outside world of a run that left the recorded one. For each kind of input the machine gets the recorded answers in order, and then
 * the lowest value that it allows; asynchronous inputs come at their recorded icounts. The answers given are kept, so that the run can go
 * back and forth.
 */
export class WhatIfNondet implements Nondet {
  private readonly recorded: Record<InputKind, readonly Input[]>;
  private readonly asynchronous: readonly Input[];
  /** Positions in `recorded`, and last in `asynchronous`, before each input taken. */
  private readonly history: number[][];
  private places: number[];

  /** Starts at `icount` of the recorded run. */
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
