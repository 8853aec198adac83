/**
 * The form in which the meaning of a micro-op is written down, once: expressions and statements over 32-bit words. The
 * interpreter's text is printed from it (javascript.ts); facts of a micro-op, such as whether it may fault, are read off it (facts.ts).
 *
 * Values are 32 bits. Sums, differences and products wrap; `<`, `>>` are signed, `<u`, `<=u` and `>>>` unsigned; a
 * comparison is a truth value, for `choose`, `when` and transfers only.
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
  /** True if an unsigned word and a small number more are at most `limit`, in 33 bits. */
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
  /** A helper that tells a truth: `condition`. */
  | { readonly kind: 'asked'; readonly helper: HelperName; readonly args: readonly Expression[] };

export type Size = 1 | 2 | 4;

export type Statement =
  | { readonly kind: 'let'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'set';
      readonly target: Expression & { kind: 'word' | 'byte' };
      readonly value: Expression;
    }
  /** `v` = what is at linear address `lin`; `modify` when a store to the same place is to follow. */
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

/** The end of a block, after all else that its micro-op does. Links to other blocks are in the fields `a` and `b` (micro-ops.ts). */
export type Transfer =
  /** Execution goes on behind the block's last instruction, which did nothing yet. */
  | { readonly kind: 'fall' }
  /** A handler has said where to go on: the loop is left. */
  | { readonly kind: 'leave' }
  /** The next instruction is fetched anew, from the block linked to if the TLB still leads there (`linked`). */
  | { readonly kind: 'refetch'; readonly linked: boolean }
  /** Execution goes on at EIP `to`. */
  | { readonly kind: 'goto'; readonly to: Expression; readonly linked: boolean }
  /** Execution goes on at base + displacement if `taken`, else at base + immediate. */
  | { readonly kind: 'branch'; readonly taken: Truth }
  /**
   * The same where the code segment matters: EIP is cut to the mask in `scale` when the jump is made, and must lie within CS's
   * limit. `before` happens once nothing can fault any more.
   */
  | { readonly kind: 'near'; readonly taken: Truth; readonly before: readonly Statement[] };

/** The fields that hold links to where the micro-op leads. */
export function linksOf(transfer: Transfer | undefined): readonly ('a' | 'b')[] {
  if (transfer?.kind === 'branch' || transfer?.kind === 'near') return ['a', 'b'];
  return transfer !== undefined && 'linked' in transfer && transfer.linked ? ['a'] : [];
}

export interface Helper {
  /** The object in scope of the interpreter that has it. */
  readonly of: 'run' | 'flags';
  /** It may end the instruction by an exception. */
  readonly faults?: true;
  /** It faults above privilege level 0. */
  readonly privileged?: true;
  readonly flags?: 'reads' | 'changes';
  /** Of `run`: it need not know which micro-op asks. */
  readonly anywhere?: true;
}

/** All that a meaning leaves to the block runner (block-runner.ts) and to the lazy flags. Those of `run` take the micro-op first. */
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
/** `yes` where `test` holds, else `no`. */
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
