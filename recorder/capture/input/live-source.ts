import type { Input } from '../../../schemas/trace/inputs.ts';
import type { Icount } from '../../../schemas/units.ts';
import type { InputSource } from './input-source.ts';
import { type TypeTo, Typist } from './typing.ts';
import { isTypeable } from './us-keyboard.ts';

/**
 * The keys that a person types while the guest runs. Their times are not determined by the seed; only the trace makes the run repeatable.
 */
export class LiveSource implements InputSource {
  private readonly typist: Typist;
  private readonly to: TypeTo;
  private readonly waiting: string[] = [];
  private typed: Input[] = [];

  constructor(to: TypeTo, instructionsPerSecond: number) {
    this.to = to;
    this.typist = new Typist(instructionsPerSecond);
  }

  /** Takes typed text, between two stretches of the run. */
  type(text: string): void {
    this.waiting.push(text);
  }

  nextAt(): number {
    return this.typed[0]?.icount ?? (this.waiting.length > 0 ? 0 : Number.POSITIVE_INFINITY);
  }

  take(now: Icount): Input | undefined {
    const text = this.waiting.splice(0).join('');
    if (text !== '') this.typed.push(...this.typist.type(this.typeable(text), this.to, now));
    return this.typed.length > 0 && this.typed[0].icount <= now ? this.typed.shift() : undefined;
  }

  /** Drops characters that are not ASCII, for which a keyboard has no keys. */
  private typeable(text: string): string {
    return this.to === 'serial' ? text : [...text].filter(isTypeable).join('');
  }
}
