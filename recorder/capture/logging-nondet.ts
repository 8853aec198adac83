import type { Input, InputKind } from '../../schemas/trace/inputs.ts';
import { type Icount, icount } from '../../schemas/units.ts';
import type { Nondet } from '../machine/nondet.ts';

/** Logs every input that the machine takes from `source`. Input that bypassed it would not replay. */
export class LoggingNondet implements Nondet {
  private readonly source: Nondet;
  private readonly log: (input: Input) => void;

  constructor(source: Nondet, log: (input: Input) => void) {
    this.source = source;
    this.log = log;
  }

  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const value = this.source.draw(kind, now, low, high);
    this.log({ kind, icount: icount(now), value });
    return value;
  }

  get isOver(): boolean {
    return this.source.isOver ?? false;
  }

  nextInputAt(): number {
    return this.source.nextInputAt();
  }

  takeInput(now: Icount): Input | undefined {
    const input = this.source.takeInput(now);
    // Logged with the icount at which the machine takes it, even if it was due earlier.
    if (input) this.log({ ...input, icount: icount(now) });
    return input;
  }
}
