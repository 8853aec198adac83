import type { Comparison, Expression, Field, Truth } from '../blocks/meaning.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import * as wasm from './assembler.ts';
import { carry, condition, conditionOf } from './flag-expressions.ts';
import { localOf, localOfName } from './locals.ts';
import { type Known, simplify, simplifyTruth } from './simplify.ts';

/** Expressions of micro-ops as WebAssembly. */

const OPERATIONS = {
  '+': wasm.I32_ADD,
  '-': wasm.I32_SUB,
  '&': wasm.I32_AND,
  '|': wasm.I32_OR,
  '^': wasm.I32_XOR,
  '<<': wasm.I32_SHL,
  '>>': wasm.I32_SHR_S,
  '>>>': wasm.I32_SHR_U,
} as const;

const COMPARISONS: Readonly<Record<Comparison, number>> = {
  '===': wasm.I32_EQ,
  '!==': wasm.I32_NE,
  '<': wasm.I32_LT_S,
  '<=': wasm.I32_LE_S,
  '>': wasm.I32_GT_S,
  '>=': wasm.I32_GE_S,
  '<u': wasm.I32_LT_U,
  '<=u': wasm.I32_LE_U,
  '>u': wasm.I32_GT_U,
  '>=u': wasm.I32_GE_U,
};

/** The kind of the last operation that set flags, if it is not known at compile time. */
export const UNKNOWN_KIND = -1;
/** The local for the six flags in their places. */
const FLAGS = 'flags';

/** Writes expressions and truths as WebAssembly that leaves their value, a truth as 0 or 1, on the stack. */
export class ExpressionEmitter implements Known {
  readonly asm: wasm.Assembler;
  /** FLAG_KIND, if known. */
  kind = UNKNOWN_KIND;
  /** The function (kind, result, a, b) → the six flags in their places. */
  private readonly arithmeticFunction: number;
  /** Known values of names. */
  protected readonly names = new Map<string, number>();

  constructor(asm: wasm.Assembler, arithmeticFunction: number) {
    this.asm = asm;
    this.arithmeticFunction = arithmeticFunction;
  }

  field(_field: Field): number {
    throw new Error('no micro-op, no field');
  }

  name(name: string): number | undefined {
    return this.names.get(name);
  }

  word(index: number): number | undefined {
    return index === FLAG_KIND && this.kind !== UNKNOWN_KIND ? this.kind : undefined;
  }

  /** The local that holds a word of CPU_STATE. */
  protected place(word: number): number | undefined {
    return localOf(word);
  }

  // --- Expressions ---------------------------------------------------------------------------------------------------

  value(of: Expression): void {
    this.simple(simplify(of, this));
  }

  truth(of: Truth): void {
    const simple = simplifyTruth(of, this);
    if (typeof simple === 'boolean') this.asm.constant(simple ? 1 : 0);
    else this.simpleTruth(simple);
  }

  private simple(of: Expression): void {
    const { asm } = this;
    switch (of.kind) {
      case 'constant':
        asm.constant(of.value);
        break;
      case 'name':
        this.readName(of.name);
        break;
      case 'word':
        this.readWord(of.at);
        break;
      case 'byte':
        this.readByte(of.at);
        break;
      case 'binary':
        this.simple(of.left);
        this.simple(of.right);
        asm.op(OPERATIONS[of.operator]);
        break;
      case 'unary':
        if (of.operator === '-') asm.constant(0);
        this.simple(of.operand);
        if (of.operator === '-') asm.op(wasm.I32_SUB);
        else {
          asm.constant(-1);
          asm.op(wasm.I32_XOR);
        }
        break;
      case 'product':
        this.simple(of.left);
        this.simple(of.right);
        asm.op(wasm.I32_MUL);
        break;
      case 'choose':
        this.choose(of);
        break;
      case 'call':
        this.called(of);
        break;
      default:
        throw new Error(`an expression of kind ${of.kind} is left`);
    }
  }

  protected readName(name: string): void {
    this.asm.get(localOfName(name));
  }

  private readWord(at: Expression): void {
    if (at.kind !== 'constant') throw new Error('a word whose location is unknown');
    const local = this.place(at.value);
    if (local === undefined) this.asm.loadWord(at.value);
    else this.asm.get(local);
  }

  /** A byte of a word that is in a local. */
  private readByte(at: Expression): void {
    if (at.kind !== 'constant') throw new Error('a byte whose location is unknown');
    const { asm } = this;
    asm.get(this.place(at.value >>> 2)!);
    const shift = (at.value & 3) * 8;
    if (shift > 0) {
      asm.constant(shift);
      asm.op(wasm.I32_SHR_U);
    }
    if (shift < 24) {
      asm.constant(0xff);
      asm.op(wasm.I32_AND);
    }
  }

  private choose({ test, yes, no }: Expression & { kind: 'choose' }): void {
    const { asm } = this;
    const isBit = yes.kind === 'constant' && yes.value === 1 && no.kind === 'constant' && no.value === 0;
    if (isBit) {
      this.simpleTruth(test);
    } else if (no.kind === 'call') {
      this.simpleTruth(test);
      asm.when(
        () => this.simple(yes),
        () => this.simple(no),
        wasm.I32,
      );
    } else {
      this.simple(yes);
      this.simple(no);
      this.simpleTruth(test);
      asm.op(wasm.SELECT);
    }
  }

  /** The result of a helper. Helpers with effects are not expressions here (emit-micro-op.ts). */
  protected called({ helper }: Expression & { kind: 'call' }): void {
    if (helper !== 'cf') throw new Error(`${helper} is no expression`);
    if (this.kind !== UNKNOWN_KIND) {
      this.value(carry(this.kind));
      return;
    }
    this.callArithmetic();
    this.asm.constant(1);
    this.asm.op(wasm.I32_AND);
  }

  protected callArithmetic(): void {
    for (const word of [FLAG_KIND, FLAG_RESULT, FLAG_A, FLAG_B]) this.asm.get(this.place(word)!);
    this.asm.call(this.arithmeticFunction);
  }

  // --- Truths --------------------------------------------------------------------------------------------------------

  private simpleTruth(of: Truth): void {
    const { asm } = this;
    switch (of.kind) {
      case 'always':
        asm.constant(1);
        break;
      case 'compare':
        this.compare(of);
        break;
      case 'both':
        this.simpleTruth(of.left);
        this.simpleTruth(of.right);
        asm.op(wasm.I32_AND);
        break;
      case 'either':
        this.simpleTruth(of.test);
        asm.when(
          () => this.simpleTruth(of.yes),
          () => this.simpleTruth(of.no),
          wasm.I32,
        );
        break;
      case 'within':
        this.within(of);
        break;
      case 'productIs':
        for (const factor of [of.left, of.right]) this.extended(factor);
        asm.op(wasm.I64_MUL);
        this.extended(of.value);
        asm.op(wasm.I64_EQ);
        break;
      case 'asked':
        this.asked(of);
    }
  }

  private compare({ operator, left, right }: Truth & { kind: 'compare' }): void {
    this.simple(left);
    if (right.kind === 'constant' && right.value === 0 && operator === '===') {
      this.asm.op(wasm.I32_EQZ);
      return;
    }
    this.simple(right);
    this.asm.op(COMPARISONS[operator]);
  }

  /** word <= limit and more <= limit - word: no sum that needs more than 32 bits. */
  private within({ word, more, limit }: Truth & { kind: 'within' }): void {
    const { asm } = this;
    this.simple(word);
    this.simple(limit);
    asm.op(wasm.I32_LE_U);
    this.simple(more);
    this.simple(limit);
    this.simple(word);
    asm.op(wasm.I32_SUB, wasm.I32_LE_U, wasm.I32_AND);
  }

  private extended(of: Expression): void {
    this.simple(of);
    this.asm.op(wasm.I64_EXTEND_I32_S);
  }

  private asked({ helper, args }: Truth & { kind: 'asked' }): void {
    const [code] = args;
    if (helper !== 'condition' || code.kind !== 'constant') throw new Error(`${helper} is no truth`);
    if (this.kind !== UNKNOWN_KIND) {
      this.truth(condition(this.kind, code.value));
      return;
    }
    this.callArithmetic();
    this.asm.set(localOfName(FLAGS));
    this.simpleTruth(conditionOf({ kind: 'name', name: FLAGS }, code.value));
  }
}
