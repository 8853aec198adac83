import type { Frame, Linear, Physical } from '../../../schemas/units.ts';

/** Calls of probed functions that have not returned, by the stack pages on which their return addresses lie. */

export interface OpenCall {
  /** Index of the probe. */
  readonly probe: number;
  readonly id: number;
  /** The return address, linear. */
  readonly returnTo: Linear;
  /** Physical address of the word with the return address, since a stack may be mapped at several linear addresses. */
  readonly slot: Physical;
  readonly nesting: number;
}

/** Maximum open calls; beyond it the oldest are assumed never to return and are dropped. */
const MAX_OPEN = 65_536;
/** Bytes of arguments that a function may pop itself (RET n), at most. */
const MAX_POPPED = 64;
const WORDS = 5;

/**
 * Stacks grow down, so the innermost of the calls on one stack page is last. A call from further up shows that those below it ended
 * without returning, by longjmp or because their thread is gone.
 */
export class OpenCalls {
  /** By frame of the stack page. */
  private readonly pages = new Map<Frame, OpenCall[]>();
  private count = 0;

  /** Open calls on the page of `slot` that are further up its stack. */
  above(slot: Physical): number {
    return this.pages.get(slot >>> 12)?.filter((call) => call.slot > slot).length ?? 0;
  }

  /** Open calls on a page. */
  on(frame: Frame): number {
    return this.pages.get(frame)?.length ?? 0;
  }

  /** Opens a call. Drops calls that are over: those further down the stack, and an earlier one of the same function at the same place. */
  add(call: OpenCall): void {
    const frame = call.slot >>> 12;
    const calls = this.pages.get(frame) ?? [];
    while (calls.length > 0 && calls[calls.length - 1].slot < call.slot) this.take(calls);
    const again = calls.findIndex((one) => one.slot === call.slot && one.probe === call.probe);
    if (again >= 0) this.count -= calls.splice(again).length;
    calls.push(call);
    // Most recently used page last.
    this.pages.delete(frame);
    this.pages.set(frame, calls);
    if (++this.count > MAX_OPEN) this.forgetOldest();
  }

  /** The calls that have returned to `address` with the stack pointer at `esp`, the innermost first. */
  returned(address: Linear, esp: Linear, physicalOf: (linear: Linear) => Physical): OpenCall[] {
    for (let below = 4; below <= 4 + MAX_POPPED; below += 4) {
      const slot = physicalOf((esp - below) | 0);
      const calls = slot < 0 ? undefined : this.pages.get(slot >>> 12);
      const isOver = (call: OpenCall) => call.slot === slot && call.returnTo === address;
      const at = calls?.findIndex(isOver) ?? -1;
      if (!calls || at < 0) continue;
      const over = calls.splice(at);
      this.count -= over.length;
      if (calls.length === 0) this.pages.delete(slot >>> 12);
      return over.filter(isOver).reverse();
    }
    return [];
  }

  *returnAddresses(): Iterable<Linear> {
    for (const calls of this.pages.values()) for (const { returnTo } of calls) yield returnTo;
  }

  save(): number[] {
    return [...this.pages.values()].flatMap((calls) =>
      calls.flatMap(({ probe, id, returnTo, slot, nesting }) => [probe, id, returnTo, slot, nesting]),
    );
  }

  restore(words: ArrayLike<number>): void {
    this.pages.clear();
    this.count = 0;
    for (let at = 0; at + WORDS <= words.length; at += WORDS) {
      const [probe, id, returnTo, slot, nesting] = Array.from({ length: WORDS }, (_, n) => words[at + n]);
      const frame = slot >>> 12;
      const calls = this.pages.get(frame) ?? [];
      calls.push({ probe, id, returnTo, slot, nesting });
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
