import { BadInput } from './bad-input.ts';
import { GENERAL_REGISTERS } from './registers.ts';

/**
 * Expressions of probes, in C's syntax: `va`, `*(pmap+8)`, `p->p_pmap`, `u16(esp+8) & 0xff`. Numbers are 32 bits, unsigned, and wrap; `+`
 * counts bytes. `*A` and `u32(A)`, `u16(A)` and `u8(A)` read memory at linear address A.
 */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'load'; readonly bytes: LoadBytes; readonly address: Expression }
  | { readonly kind: 'unary'; readonly operator: '-' | '~'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  // These need types; replayer/dwarf/lower.ts replaces them.
  | { readonly kind: 'pointee'; readonly of: Expression }
  | { readonly kind: 'address'; readonly of: Expression }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string; readonly through: boolean }
  | { readonly kind: 'element'; readonly of: Expression; readonly index: Expression };

export type LoadBytes = 1 | 2 | 4;
export type BinaryOperator = '+' | '-' | '*' | '&' | '|' | '^' | '<<' | '>>';

/** Registers that an expression may name. */
export const PROBE_REGISTERS = [...GENERAL_REGISTERS, 'eip', 'cr2', 'cr3'] as const;
export type ProbeRegister = (typeof PROBE_REGISTERS)[number];
export const isProbeRegister = (name: string): name is ProbeRegister =>
  (PROBE_REGISTERS as readonly string[]).includes(name);

/** Maximum length in characters, and maximum nesting of operators. */
export const MAX_EXPRESSION = 512;
const MAX_DEPTH = 32;

const LOADS: Readonly<Record<string, LoadBytes>> = { u8: 1, u16: 2, u32: 4 };
/** Operators by precedence, as in C. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  ...{ '|': 1, '^': 2, '&': 3 },
  ...{ '<<': 4, '>>': 4, '+': 5, '-': 5, '*': 6 },
};
const TOKEN = /\s*(?:(0x[0-9a-f]+|\d+)|([A-Za-z_$.@][\w$.@]*)|(->|<<|>>|[-+*&|^~()[\].]))/iy;

/** Parses an expression. Throws BadInput if it is not one. */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_EXPRESSION)
    throw wrong(text.slice(0, 40), `longer than ${MAX_EXPRESSION} characters`);
  const parser = new Parser(text);
  const expression = parser.binary(0, 0);
  parser.end();
  return expression;
}

const wrong = (text: string, what: string): BadInput =>
  new BadInput(
    `${text}: not an expression: ${what}`,
    'write it as pmap, *(pmap+8), p->p_pmap, u16(esp+8) or arg0',
  );

class Parser {
  private readonly text: string;
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokensOf(text);
  }

  end(): void {
    if (this.at < this.tokens.length) throw this.unexpected();
  }

  binary(least: number, depth: number): Expression {
    let left = this.unary(depth + 1);
    for (;;) {
      const operator = this.tokens[this.at] as BinaryOperator;
      const binds = PRECEDENCE[operator];
      if (binds === undefined || binds <= least) return left;
      this.at++;
      left = { kind: 'binary', operator, left, right: this.binary(binds, depth + 1) };
    }
  }

  private unary(depth: number): Expression {
    if (depth > MAX_DEPTH) throw wrong(this.text, 'nested too deeply');
    const token = this.tokens[this.at];
    if (token === '*' || token === '&' || token === '-' || token === '~') {
      this.at++;
      const of = this.unary(depth + 1);
      if (token === '*') return { kind: 'pointee', of };
      return token === '&' ? { kind: 'address', of } : { kind: 'unary', operator: token, of };
    }
    return this.postfix(this.primary(depth), depth);
  }

  private postfix(first: Expression, depth: number): Expression {
    let of = first;
    for (let parts = 0; ; parts++) {
      if (parts > MAX_DEPTH) throw wrong(this.text, 'nested too deeply');
      const token = this.tokens[this.at];
      if (token === '->' || token === '.') {
        this.at++;
        of = { kind: 'member', of, name: this.name(), through: token === '->' };
      } else if (token === '[') {
        this.at++;
        const index = this.binary(0, depth + 1);
        this.take(']');
        of = { kind: 'element', of, index };
      } else return of;
    }
  }

  private primary(depth: number): Expression {
    const token = this.tokens[this.at];
    if (token === undefined) throw this.unexpected();
    if (token === '(') return this.inner(depth);
    if (/^\d/.test(token)) {
      this.at++;
      const value = Number(token);
      if (value < 2 ** 32) return { kind: 'number', value };
      throw wrong(this.text, `${token} has more than 32 bits`);
    }
    const name = this.name();
    const bytes = LOADS[name];
    return bytes && this.tokens[this.at] === '('
      ? { kind: 'load', bytes, address: this.inner(depth) }
      : { kind: 'name', name };
  }

  private inner(depth: number): Expression {
    this.take('(');
    const expression = this.binary(0, depth + 1);
    this.take(')');
    return expression;
  }

  private name(): string {
    const token = this.tokens[this.at];
    if (token === undefined || !/^[A-Za-z_$.@][\w$.@]*$/.test(token) || token === '.')
      throw this.unexpected();
    this.at++;
    return token;
  }

  private take(token: string): void {
    if (this.tokens[this.at] !== token) throw this.unexpected(token);
    this.at++;
  }

  private unexpected(wanted?: string): BadInput {
    const found = this.tokens[this.at];
    return wrong(
      this.text,
      found === undefined ? `it ends too early` : `${found} instead of ${wanted ?? 'something else'}`,
    );
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw wrong(text, `unexpected ${JSON.stringify(text.slice(from).trimStart()[0])}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** The text of an expression without types: `parseExpression` reads it again. */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return expression.value < 10 ? String(expression.value) : `0x${expression.value.toString(16)}`;
    case 'name':
      return expression.name;
    case 'load':
      return `u${8 * expression.bytes}(${expressionText(expression.address)})`;
    case 'unary':
      return `${expression.operator}(${expressionText(expression.of)})`;
    case 'binary':
      return `(${expressionText(expression.left)}${expression.operator}${expressionText(expression.right)})`;
    default:
      throw new BadInput(`${expression.kind}: this expression needs types`);
  }
}

/** The state that an expression can read. */
export interface ExpressionContext {
  register(name: ProbeRegister): number;
  /** Zero-extended; undefined where no memory is mapped. */
  load(address: number, bytes: LoadBytes): number | undefined;
}

/** Compiles an expression without types to a function. Throws BadInput if it names something that is not a register. */
export function compileExpression(
  expression: Expression,
): (context: ExpressionContext) => number | undefined {
  switch (expression.kind) {
    case 'number': {
      const { value } = expression;
      return () => value;
    }
    case 'name': {
      const { name } = expression;
      if (!isProbeRegister(name)) throw new BadInput(`${name}: not a register`);
      return (context) => context.register(name) >>> 0;
    }
    case 'load': {
      const { bytes } = expression;
      const address = compileExpression(expression.address);
      return (context) => {
        const at = address(context);
        return at === undefined ? undefined : context.load(at, bytes);
      };
    }
    case 'unary': {
      const { operator } = expression;
      const of = compileExpression(expression.of);
      return (context) => {
        const value = of(context);
        if (value === undefined) return undefined;
        return (operator === '-' ? -value : ~value) >>> 0;
      };
    }
    case 'binary': {
      const compute = BINARY[expression.operator];
      const left = compileExpression(expression.left);
      const right = compileExpression(expression.right);
      return (context) => {
        const [a, b] = [left(context), right(context)];
        return a === undefined || b === undefined ? undefined : compute(a, b) >>> 0;
      };
    }
    default:
      throw new BadInput(`${expression.kind}: this expression needs types`);
  }
}

/** A shift by 32 or more gives 0. */
const BINARY: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': Math.imul,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => (b > 31 ? 0 : a << b),
  '>>': (a, b) => (b > 31 ? 0 : a >>> b),
};
