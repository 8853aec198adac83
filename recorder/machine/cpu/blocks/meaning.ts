/**
 * The language for the meaning of micro-ops: expressions and statements over 32-bit words. The interpreter's text is generated from it
 * (javascript.ts); facts about a micro-op, such as whether it may fault, are derived from it (facts.ts).
 *
 * Values are 32 bits. Sums, differences and products wrap; `<`, `>>` are signed, `<u`, `<=u` and `>>>` unsigned; a comparison is a truth
 * value, used only in `choose`, `when` and transfers.
 */

/** A word of the micro-op itself (micro-ops.ts). */
export type Field = 'a' | 'b' | 'x' | 'scale' | 'displacement' | 'immediate';

export type Arithmetic = '+' | '-' | '&' | '|' | '^' | '<<' | '>>' | '>>>';
export type Comparison = '===' | '!==' | '<' | '<=' | '>' | '>=' | '<u' | '<=u' | '>u' | '>=u';

export type Expression =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly field: Field }
  /** A word of the machine's memory by its index (CPU_STATE in state.ts), or a byte of it by its address. */
  | { readonly kind: 'word' | 'byte'; readonly at: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: '-' | '~'; readonly operand: Expression }
  /** The low 32 bits of a product. */
  | { readonly kind: 'product'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'choose'; readonly test: Truth; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'call'; readonly helper: HelperName; readonly args: readonly Expression[] };

export type Truth =
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'both'; readonly left: Truth; readonly right: Truth }
  | { readonly kind: 'either'; readonly test: Truth; readonly yes: Truth; readonly no: Truth }
  /** True if an unsigned word plus a small number is at most `limit`, in 33 bits. */
  | {
      readonly kind: 'within';
      readonly word: Expression;
      readonly more: Expression;
      readonly limit: Expression;
    }
  /** True if the signed product of two words is `value`, in 64 bits. */
  | {
      readonly kind: 'productIs';
      readonly left: Expression;
      readonly right: Expression;
      readonly value: Expression;
    }
  | { readonly kind: 'always' }
  /** A helper that returns a truth value: `condition`. */
  | { readonly kind: 'asked'; readonly helper: HelperName; readonly args: readonly Expression[] };

export type Size = 1 | 2 | 4;

export type Statement =
  | { readonly kind: 'let'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'set';
      readonly target: Expression & { kind: 'word' | 'byte' };
      readonly value: Expression;
    }
  /** `v` = the value at linear address `lin`; `modify` if a store to the same address follows. */
  | { readonly kind: 'load'; readonly size: Size; readonly modify: boolean }
  /** To linear address `lin`. */
  | { readonly kind: 'store'; readonly size: Size; readonly value: Expression }
  /** The lazy flags: kind of operation, result and operands (flags.ts). */
  | {
      readonly kind: 'flags';
      readonly operation: number;
      readonly result: Expression;
      readonly a: Expression;
      readonly b: Expression;
    }
  | { readonly kind: 'when'; readonly test: Truth; readonly then: readonly Statement[] }
  | { readonly kind: 'scope'; readonly body: readonly Statement[] }
  | { readonly kind: 'perform'; readonly helper: HelperName; readonly args: readonly Expression[] };

/** The end of a block, after everything else in its micro-op. Links to other blocks are in the fields `a` and `b` (micro-ops.ts). */
export type Transfer =
  /** Execution continues after the block's last instruction, which has done nothing yet. */
  | { readonly kind: 'fall' }
  /** A handler has set the continuation; the loop is left. */
  | { readonly kind: 'leave' }
  /** The next instruction is fetched anew, from the linked block if the TLB still gives the same frame (`linked`). */
  | { readonly kind: 'refetch'; readonly linked: boolean }
  /** Execution continues at EIP `to`. */
  | { readonly kind: 'goto'; readonly to: Expression; readonly linked: boolean }
  /** Execution continues at base + displacement if `taken`, otherwise at base + immediate. */
  | { readonly kind: 'branch'; readonly taken: Truth }
  /**
   * The same where the code segment matters: EIP is cut to the mask in `scale` when the jump is made, and must lie within CS's
   * limit. `before` is executed once nothing can fault.
   */
  | { readonly kind: 'near'; readonly taken: Truth; readonly before: readonly Statement[] };

/** The fields that hold links to the next blocks. */
export function linksOf(transfer: Transfer | undefined): readonly ('a' | 'b')[] {
  if (transfer?.kind === 'branch' || transfer?.kind === 'near') return ['a', 'b'];
  return transfer !== undefined && 'linked' in transfer && transfer.linked ? ['a'] : [];
}

export interface Helper {
  /** The object in the interpreter's scope that provides it. */
  readonly of: 'run' | 'flags';
  /** True if it may end the instruction with an exception. */
  readonly faults?: true;
  /** True if it faults above privilege level 0. */
  readonly privileged?: true;
  readonly flags?: 'reads' | 'changes';
  /** For helpers of `run`: true if it does not need the calling micro-op. */
  readonly anywhere?: true;
}

/**
 * The helpers that a meaning can call, of the block runner (block-runner.ts) and of the lazy flags. The first argument of those of `run`
 * is the micro-op.
 */
export const HELPERS = {
  cf: { of: 'flags', flags: 'reads' },
  condition: { of: 'flags', flags: 'reads' },
  cold: { of: 'run', faults: true, flags: 'changes' },
  coldEnd: { of: 'run', faults: true, flags: 'changes' },
  moveEsp: { of: 'run' },
  rotated: { of: 'run', flags: 'changes', anywhere: true },
  requirePrivilege: { of: 'run', faults: true, privileged: true },
  rdtsc: { of: 'run', faults: true },
  invlpg: { of: 'run', faults: true, privileged: true },
  loadDirectory: { of: 'run', faults: true, privileged: true },
  segmented: { of: 'run', faults: true },
  beyondCode: { of: 'run', faults: true },
} as const satisfies Record<string, Helper>;

export type HelperName = keyof typeof HELPERS;

// --- Constructors ----------------------------------------------------------------------------------------------------

type Operand = Expression | number;
const expression = (operand: Operand): Expression =>
  typeof operand === 'number' ? { kind: 'constant', value: operand } : operand;

export const name = (text: string): Expression => ({ kind: 'name', name: text });
export const field = (of: Field): Expression => ({ kind: 'field', field: of });
export const word = (at: Operand) => ({ kind: 'word', at: expression(at) }) as const;
export const byte = (at: Operand) => ({ kind: 'byte', at: expression(at) }) as const;

const binary = (operator: Arithmetic) => (left: Operand, right: Operand) =>
  ({ kind: 'binary', operator, left: expression(left), right: expression(right) }) as const;
export const add = binary('+');
export const sub = binary('-');
export const and = binary('&');
export const or = binary('|');
export const xor = binary('^');
export const shl = binary('<<');
export const sar = binary('>>');
export const shr = binary('>>>');
export const negate = (operand: Expression): Expression => ({ kind: 'unary', operator: '-', operand });
export const not = (operand: Expression): Expression => ({ kind: 'unary', operator: '~', operand });
export const product = (left: Expression, right: Expression): Expression => ({
  kind: 'product',
  left,
  right,
});
export const choose = (test: Truth, yes: Operand, no: Operand): Expression => ({
  kind: 'choose',
  test,
  yes: expression(yes),
  no: expression(no),
});
export const call = (helper: HelperName, ...args: Operand[]): Expression => ({
  kind: 'call',
  helper,
  args: args.map(expression),
});

export const compare = (left: Operand, operator: Comparison, right: Operand): Truth => ({
  kind: 'compare',
  operator,
  left: expression(left),
  right: expression(right),
});
export const both = (left: Truth, right: Truth): Truth => ({ kind: 'both', left, right });
/** `yes` if `test` is true, otherwise `no`. */
export const either = (test: Truth, yes: Truth, no: Truth): Truth => ({ kind: 'either', test, yes, no });
export const within = (of: Expression, more: Operand, limit: Expression): Truth => ({
  kind: 'within',
  word: of,
  more: expression(more),
  limit,
});
export const productIs = (left: Expression, right: Expression, value: Expression): Truth => ({
  kind: 'productIs',
  left,
  right,
  value,
});
export const ALWAYS: Truth = { kind: 'always' };
export const asked = (helper: HelperName, ...args: Operand[]): Truth => ({
  kind: 'asked',
  helper,
  args: args.map(expression),
});

export const local = (as: string, value: Operand): Statement => ({
  kind: 'let',
  name: as,
  value: expression(value),
});
export const set = (target: Expression & { kind: 'word' | 'byte' }, value: Operand): Statement => ({
  kind: 'set',
  target,
  value: expression(value),
});
export const load = (size: Size): Statement => ({ kind: 'load', size, modify: false });
export const loadToModify = (size: Size): Statement => ({ kind: 'load', size, modify: true });
export const store = (size: Size, value: Expression): Statement => ({ kind: 'store', size, value });
export const flags = (operation: number, result: Expression, a: Operand, b: Operand): Statement => ({
  kind: 'flags',
  operation,
  result,
  a: expression(a),
  b: expression(b),
});
export const when = (test: Truth, ...then: Statement[]): Statement => ({ kind: 'when', test, then });
export const scope = (...body: Statement[]): Statement => ({ kind: 'scope', body });
export const perform = (helper: HelperName, ...args: Operand[]): Statement => ({
  kind: 'perform',
  helper,
  args: args.map(expression),
});
export const FALL: Transfer = { kind: 'fall' };
export const LEAVE: Transfer = { kind: 'leave' };
export const goto = (to: Expression, linked: boolean): Transfer => ({ kind: 'goto', to, linked });
export const branch = (taken: Truth): Transfer => ({ kind: 'branch', taken });
export const near = (taken: Truth, ...before: Statement[]): Transfer => ({ kind: 'near', taken, before });
export const refetch = (linked: boolean): Transfer => ({ kind: 'refetch', linked });
