import type { Comparison, Expression, Field, Truth } from '../blocks/meaning.ts';
import * as m from '../blocks/meaning.ts';
import { ZERO } from '../state.ts';

/** Known facts about a micro-op's operands and the state at compile time. */
export interface Known {
  field(field: Field): number;
  /** The constant that a local name stands for. */
  name(name: string): number | undefined;
  /** The constant that a word of CPU_STATE is known to hold. */
  word(index: number): number | undefined;
}

const constant = (value: number): Expression => ({ kind: 'constant', value: value | 0 });
const constantOf = (of: Expression): number | undefined => (of.kind === 'constant' ? of.value : undefined);

const COMPARE: Readonly<Record<Comparison, (left: number, right: number) => boolean>> = {
  '===': (left, right) => left === right,
  '!==': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
  '<u': (left, right) => left >>> 0 < right >>> 0,
  '<=u': (left, right) => left >>> 0 <= right >>> 0,
  '>u': (left, right) => left >>> 0 > right >>> 0,
  '>=u': (left, right) => left >>> 0 >= right >>> 0,
};

/** Simplifies an expression with the known values. */
export function simplify(of: Expression, known: Known): Expression {
  const inner = (part: Expression) => simplify(part, known);
  switch (of.kind) {
    case 'constant':
      return constant(of.value);
    case 'field':
      return constant(known.field(of.field));
    case 'name': {
      const value = known.name(of.name);
      return value === undefined ? of : constant(value);
    }
    case 'word': {
      const at = inner(of.at);
      const index = constantOf(at);
      const value = index === undefined ? undefined : index === ZERO ? 0 : known.word(index);
      return value === undefined ? { kind: 'word', at } : constant(value);
    }
    case 'byte':
      return { kind: 'byte', at: inner(of.at) };
    case 'binary':
      return binary({ ...of, left: inner(of.left), right: inner(of.right) });
    case 'unary': {
      const operand = inner(of.operand);
      const value = constantOf(operand);
      if (value === undefined) return { ...of, operand };
      return constant(of.operator === '-' ? -value : ~value);
    }
    case 'product':
      return { ...of, left: inner(of.left), right: inner(of.right) };
    case 'choose': {
      const test = simplifyTruth(of.test, known);
      if (typeof test === 'boolean') return inner(test ? of.yes : of.no);
      return { ...of, test, yes: inner(of.yes), no: inner(of.no) };
    }
    case 'call':
      return { ...of, args: of.args.map(inner) };
  }
}

function binary(of: Expression & { kind: 'binary' }): Expression {
  const { operator, left, right } = of;
  const a = constantOf(left);
  const b = constantOf(right);
  if (a !== undefined && b !== undefined) return constant(calculate(operator, a, b));
  if (b === 0 && operator !== '&') return left;
  if (a === 0 && (operator === '+' || operator === '|' || operator === '^')) return right;
  if (operator === '&' && (a === 0 || b === 0)) return constant(0);
  if (operator === '&' && b === -1) return left;
  if (operator === '&' && a === -1) return right;
  return of;
}

function calculate(operator: (Expression & { kind: 'binary' })['operator'], a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    case '>>':
      return a >> b;
    case '>>>':
      return a >>> b;
  }
}

/** Simplifies a truth value; a boolean if it is known. */
export function simplifyTruth(of: Truth, known: Known): Truth | boolean {
  const inner = (part: Expression) => simplify(part, known);
  switch (of.kind) {
    case 'always':
      return true;
    case 'compare': {
      const left = inner(of.left);
      const right = inner(of.right);
      const [a, b] = [constantOf(left), constantOf(right)];
      return a !== undefined && b !== undefined ? COMPARE[of.operator](a, b) : { ...of, left, right };
    }
    case 'both': {
      const left = simplifyTruth(of.left, known);
      const right = simplifyTruth(of.right, known);
      if (left === false || right === false) return false;
      if (left === true) return right;
      return right === true ? left : m.both(left, right);
    }
    case 'either': {
      const test = simplifyTruth(of.test, known);
      if (typeof test === 'boolean') return simplifyTruth(test ? of.yes : of.no, known);
      return m.either(test, asTruth(of.yes, known), asTruth(of.no, known));
    }
    case 'within':
      return m.within(inner(of.word), inner(of.more), inner(of.limit));
    case 'productIs':
      return m.productIs(inner(of.left), inner(of.right), inner(of.value));
    case 'asked':
      return { ...of, args: of.args.map(inner) };
  }
}

const NEVER = m.compare(0, '!==', 0);
const asTruth = (of: Truth, known: Known): Truth => {
  const truth = simplifyTruth(of, known);
  return typeof truth === 'boolean' ? (truth ? m.ALWAYS : NEVER) : truth;
};
