import type { Frame, Linear, Physical } from '../../../schemas/units.ts';

/** Calls of probed functions that have not returned, by the stack pages on which their return addresses lie. */

export interface OpenCall {
  /** Index of the probe. */
  readonly probe: number;
  readonly id: number;
  /** Linear address that the call returns to, and that of the word that holds it. */
  readonly returnTo: Linear;
  readonly slot: Linear;
  readonly physical: Physical;
  readonly nesting: number;
}

/** More than that many never return: the oldest are forgotten. */
const MAX_OPEN = 65_536;
/** Bytes of arguments that a function may pop itself (RET n), at most. */
const MAX_POPPED = 64;
const WORDS = 6;

/**
 * Stacks grow down, so of the calls whose return addresses are on one page the innermost is last, and a call that is made from further up
 * says that those below it are over without having returned: by longjmp, or since their thread is gone.
 */
export class OpenCalls {
  /** By frame of the stack page. */
  private readonly pages = new Map<Frame, OpenCall[]>();
  private count = 0;

  /** Open calls on a page that are further up its stack than `slot`, or at it by a jump from the start of another function. */
  above(physical: Physical, slot: Linear): number {
    const calls = this.pages.get(physical >>> 12);
    return calls ? calls.filter((call) => call.slot >>> 0 > slot >>> 0).length : 0;
  }

  /** Open calls on a page. */
  on(frame: Frame): number {
    return this.pages.get(frame)?.length ?? 0;
  }

  /** Calls that are over are given up: those further down the stack, and an earlier one of the same function at the same place. */
  add(call: OpenCall): void {
    const frame = call.physical >>> 12;
    const calls = this.pages.get(frame) ?? [];
    const slot = call.slot >>> 0;
    while (calls.length > 0 && calls[calls.length - 1].slot >>> 0 < slot) this.take(calls);
    const again = calls.findIndex((one) => one.slot === call.slot && one.probe === call.probe);
    if (again >= 0) this.count -= calls.splice(again).length;
    calls.push(call);
    // The page used last comes last.
    this.pages.delete(frame);
    this.pages.set(frame, calls);
    if (++this.count > MAX_OPEN) this.forgetOldest();
  }

  /** The calls that have returned to `address` with the stack pointer at `esp`, the innermost first. */
  returned(address: Linear, esp: Linear, physicalOf: (linear: Linear) => Physical): OpenCall[] {
    const found: OpenCall[] = [];
    let page = -1;
    let frame = -1;
    for (let slot = (esp - 4) >>> 0; slot + 4 + MAX_POPPED >= esp >>> 0 && slot < esp >>> 0; slot -= 4) {
      if (slot >>> 12 !== page) {
        page = slot >>> 12;
        frame = physicalOf(slot | 0) >> 12;
      }
      const calls = frame < 0 ? undefined : this.pages.get(frame);
      const at = calls?.findIndex((call) => call.slot >>> 0 === slot && call.returnTo === address) ?? -1;
      if (!calls || at < 0) continue;
      const over = calls.splice(at);
      this.count -= over.length;
      if (calls.length === 0) this.pages.delete(frame);
      found.push(...over.filter((call) => call.slot >>> 0 === slot && call.returnTo === address).reverse());
      return found;
    }
    return found;
  }

  *returnAddresses(): Iterable<Linear> {
    for (const calls of this.pages.values()) for (const { returnTo } of calls) yield returnTo;
  }

  save(): number[] {
    return [...this.pages.values()].flatMap((calls) =>
      calls.flatMap(({ probe, id, returnTo, slot, physical, nesting }) => [
        ...[probe, id, returnTo, slot, physical, nesting],
      ]),
    );
  }

  restore(words: ArrayLike<number>): void {
    this.pages.clear();
    this.count = 0;
    for (let at = 0; at + WORDS <= words.length; at += WORDS) {
      const [probe, id, returnTo, slot, physical, nesting] = Array.from(
        { length: WORDS },
        (_, n) => words[at + n],
      );
      const frame = physical >>> 12;
      const calls = this.pages.get(frame) ?? [];
      calls.push({ probe, id, returnTo, slot, physical, nesting });
      this.pages.set(frame, calls);
      this.count++;
    }
  }

  private take(calls: OpenCall[]): void {
    calls.pop();
    this.count--;
  }

  private forgetOldest(): void {
    for (const [frame, calls] of this.pages) {
      this.count -= calls.length;
      this.pages.delete(frame);
      return;
    }
  }
}
