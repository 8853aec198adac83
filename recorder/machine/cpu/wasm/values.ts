import type { Assembler } from './assembler.ts';
import * as wasm from './assembler.ts';

/** Code that leaves a value on the stack; a number stands for itself. */
export type Value = number | (() => void);

/** Writes the bodies of helper functions as nested values. */
export class Values {
  readonly asm: Assembler;
  private readonly first: number;
  private readonly names: readonly string[];

  /** Locals with `names`, from number `first` on. */
  constructor(asm: Assembler, first: number, names: readonly string[]) {
    this.asm = asm;
    this.first = first;
    this.names = names;
  }

  push(value: Value): void {
    if (typeof value === 'number') this.asm.constant(value);
    else value();
  }

  private of(operation: number, ...operands: readonly Value[]): Value {
    return () => {
      for (const operand of operands) this.push(operand);
      this.asm.op(operation);
    };
  }
  readonly and = (a: Value, b: Value): Value => this.of(wasm.I32_AND, a, b);
  readonly or = (a: Value, b: Value): Value => this.of(wasm.I32_OR, a, b);
  readonly xor = (a: Value, b: Value): Value => this.of(wasm.I32_XOR, a, b);
  readonly add = (a: Value, b: Value): Value => this.of(wasm.I32_ADD, a, b);
  readonly sub = (a: Value, b: Value): Value => this.of(wasm.I32_SUB, a, b);
  readonly multiply = (a: Value, b: Value): Value => this.of(wasm.I32_MUL, a, b);
  readonly shl = (a: Value, by: Value): Value => this.of(wasm.I32_SHL, a, by);
  /** Unsigned. */
  readonly shr = (a: Value, by: number): Value => this.of(wasm.I32_SHR_U, a, by);
  readonly equal = (a: Value, b: Value): Value => this.of(wasm.I32_EQ, a, b);
  readonly differ = (a: Value, b: Value): Value => this.of(wasm.I32_NE, a, b);
  readonly trailingZeros = (a: Value): Value => this.of(wasm.I32_CTZ, a);
  readonly isZero = (a: Value): Value => this.of(wasm.I32_EQZ, a);
  /** Unsigned. */
  readonly atLeast = (a: Value, b: Value): Value => this.of(wasm.I32_GE_U, a, b);
  readonly isNegative = (a: Value): Value => this.of(wasm.I32_LT_S, a, 0);
  readonly choose = (test: Value, yes: Value, no: Value): Value => this.of(wasm.SELECT, yes, no, test);

  /** The word at byte offset `at` of an area that begins at `area`. */
  load(area: number, at: Value): Value {
    return () => {
      this.push(at);
      this.asm.memory(wasm.I32_LOAD, area, 2);
    };
  }

  store(area: number, at: Value, value: Value): void {
    this.push(at);
    this.push(value);
    this.asm.memory(wasm.I32_STORE, area, 2);
  }

  /** The lowest byte of `value`. */
  storeByte(area: number, at: Value, value: Value): void {
    this.push(at);
    this.push(value);
    this.asm.memory(wasm.I32_STORE8, area);
  }

  parameter(number: number): Value {
    return () => this.asm.get(number);
  }

  readonly get = (name: string): Value => {
    const local = this.number(name);
    return () => this.asm.get(local);
  };

  /** Returns from the function. */
  protected return(value: Value): void {
    this.push(value);
    this.asm.op(wasm.RETURN);
  }

  set(name: string, value: Value): void {
    this.push(value);
    this.asm.set(this.number(name));
  }

  when(test: Value, yes: () => void): void {
    this.push(test);
    this.asm.when(yes);
  }

  protected number(name: string): number {
    const at = this.names.indexOf(name);
    if (at < 0) throw new Error(`no local ${name}`);
    return this.first + at;
  }
}
