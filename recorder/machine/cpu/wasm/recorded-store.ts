import { RAM } from '../../layout.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import * as wasm from './assembler.ts';
import { Assembler } from './assembler.ts';
import { RowEmitter } from './emit-rows.ts';
import type { Value } from './values.ts';

/** Stores of detail `stores`: of 1, 2 or 4 bytes to a plain page, with the event, as the short path does. */

const [LINEAR, FRAME, VALUE, SIZE, EIP, LEFT] = [0, 1, 2, 3, 4, 5];
const PARAMETERS = { linear: LINEAR, write: -1, eip: EIP, left: LEFT };

const SMALL = [
  [1, wasm.I32_LOAD8_U, wasm.I32_STORE8, 0xff],
  [2, wasm.I32_LOAD16_U, wasm.I32_STORE16, 0xffff],
] as const;

/** The function (linear, physical address of the page, value, size, eip, left) → 1. */
export function recordedStore(facts: FillFacts, flush: number): Assembler {
  const asm = new Assembler();
  if (facts.events) new StoreEmitter(asm, facts, flush).body();
  asm.constant(1);
  return asm;
}

class StoreEmitter extends RowEmitter {
  protected readonly flush: number;
  private readonly at = this.get('place');

  constructor(asm: Assembler, facts: FillFacts, flush: number) {
    super(asm, facts, PARAMETERS, LEFT + 1);
    this.flush = flush;
  }

  body(): void {
    const { asm, linear, and, or } = this;
    const value = this.parameter(VALUE);
    this.set('place', or(this.parameter(FRAME), and(linear, 0xfff)));
    for (const [size, load, store, mask] of SMALL)
      this.when(this.equal(this.parameter(SIZE), size), () => {
        this.storeRow(size, this.memory(load), and(value, mask));
        this.push(this.at);
        asm.get(VALUE);
        asm.memory(store, RAM);
        this.return(1);
      });
    this.storeRow(4, this.memory(wasm.I32_LOAD), value);
    this.push(this.at);
    asm.get(VALUE);
    asm.memory(wasm.I32_STORE, RAM);
  }

  private memory(load: number): Value {
    return () => {
      this.push(this.at);
      this.asm.memory(load, RAM);
    };
  }

  private storeRow(size: number, old: Value, value: Value): void {
    const { linear, at } = this;
    this.row(this.facts.events!, 'stores', { linear, physical: at, size, old, new: value });
  }
}
