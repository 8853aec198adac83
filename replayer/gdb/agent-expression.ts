/** Evaluates the bytecode in which gdb sends conditions (Debugging with gdb, appendix F). */

/** The access to the target that an expression needs. */
export interface AgentContext {
  /** A register by gdb's number, unsigned; undefined if it is not a word. */
  register(n: number): number | undefined;
  /** Memory; undefined if not all of it can be read. */
  read(address: number, bytes: number): Uint8Array | undefined;
}

/** Maximum steps: more than any terminating condition takes. */
const MAX_STEPS = 10_000;
const MAX_STACK = 256;

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);
/** A shift by more than 63 bits behaves as in gdb's own evaluation on the host. */
const distance = (value: bigint): bigint => unsigned(value) & 63n;

const END = 0x27;

/** Operations on the value below the top and the top. Undefined for a division by zero. */
const BINARY: Readonly<Record<number, (a: bigint, b: bigint) => bigint | undefined>> = {
  2: (a, b) => a + b,
  3: (a, b) => a - b,
  4: (a, b) => a * b,
  5: (a, b) => (b === 0n ? undefined : signed(a) / signed(b)),
  6: (a, b) => (b === 0n ? undefined : unsigned(a) / unsigned(b)),
  7: (a, b) => (b === 0n ? undefined : signed(a) % signed(b)),
  8: (a, b) => (b === 0n ? undefined : unsigned(a) % unsigned(b)),
  9: (a, b) => a << distance(b),
  10: (a, b) => signed(a) >> distance(b),
  11: (a, b) => unsigned(a) >> distance(b),
  15: (a, b) => a & b,
  16: (a, b) => a | b,
  17: (a, b) => a ^ b,
  19: (a, b) => truth(signed(a) === signed(b)),
  20: (a, b) => truth(signed(a) < signed(b)),
  21: (a, b) => truth(unsigned(a) < unsigned(b)),
};

const UNARY: Readonly<Record<number, (a: bigint) => bigint>> = {
  14: (a) => truth(a === 0n),
  18: (a) => ~a,
};

/** Operand bytes of `ref8` to `ref64` and `const8` to `const64`. */
const READS: Readonly<Record<number, number>> = { 23: 1, 24: 2, 25: 4, 26: 8 };
const CONSTANTS: Readonly<Record<number, number>> = { 34: 1, 35: 2, 36: 4, 37: 8 };

/**
 * The value of an expression in gdb's bytecode for agents (GDB manual, appendix F): a stack machine of 64-bit words. Undefined for an
 * unknown opcode, unmapped memory or an endless loop.
 */
export function evaluateAgent(code: Uint8Array, context: AgentContext): bigint | undefined {
  const run = new Evaluation(code, context);
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const opcode = run.immediate(1);
    if (opcode === END) return run.result();
    if (opcode === undefined || !run.step(opcode)) return undefined;
  }
  return undefined;
}

class Evaluation {
  private readonly code: Uint8Array;
  private readonly context: AgentContext;
  private readonly stack: bigint[] = [];
  private at = 0;

  constructor(code: Uint8Array, context: AgentContext) {
    this.code = code;
    this.context = context;
  }

  result(): bigint | undefined {
    return this.stack.pop();
  }

  /** A number in the code, highest byte first; undefined beyond its end. */
  immediate(bytes: number): number | undefined {
    if (this.at + bytes > this.code.length) return undefined;
    let value = 0;
    for (let n = 0; n < bytes; n++) value = value * 256 + this.code[this.at++];
    return value;
  }

  /** Executes one operation; false if it cannot be done. */
  step(opcode: number): boolean {
    if (BINARY[opcode]) return this.binary(BINARY[opcode]);
    if (UNARY[opcode]) return this.push(this.with((value) => UNARY[opcode](value)));
    if (READS[opcode]) return this.reference(READS[opcode]);
    if (CONSTANTS[opcode]) return this.constant(CONSTANTS[opcode]);
    switch (opcode) {
      case 0x16:
        return this.extend((bits, value) => BigInt.asIntN(bits, value));
      case 0x2a:
        return this.extend((bits, value) => BigInt.asUintN(bits, value));
      case 0x20:
      case 0x21:
        return this.branch(opcode === 0x20);
      case 0x26: {
        const number = this.immediate(2);
        const value = number === undefined ? undefined : this.context.register(number);
        return this.push(value === undefined ? undefined : BigInt(value));
      }
      case 0x28:
        return this.push(this.stack.at(-1));
      case 0x29:
        return this.stack.pop() !== undefined;
      case 0x2b:
        return this.pick(1, true);
      case 0x32:
        return this.pick(this.immediate(1) ?? MAX_STACK, false);
      case 0x33:
        return this.rotate();
      default:
        return false;
    }
  }

  private push(value: bigint | undefined): boolean {
    if (value === undefined || this.stack.length === MAX_STACK) return false;
    this.stack.push(BigInt.asIntN(64, value));
    return true;
  }

  private with(change: (value: bigint) => bigint): bigint | undefined {
    const value = this.stack.pop();
    return value === undefined ? undefined : change(value);
  }

  private binary(compute: (a: bigint, b: bigint) => bigint | undefined): boolean {
    const top = this.stack.pop();
    const below = this.stack.pop();
    return below !== undefined && top !== undefined && this.push(compute(below, top));
  }

  private reference(bytes: number): boolean {
    const address = this.stack.pop();
    if (address === undefined) return false;
    const found = this.context.read(Number(BigInt.asUintN(32, address)), bytes);
    return this.push(found?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n));
  }

  private constant(bytes: number): boolean {
    let value = 0n;
    for (let n = 0; n < bytes; n++) {
      const byte = this.immediate(1);
      if (byte === undefined) return false;
      value = (value << 8n) | BigInt(byte);
    }
    return this.push(value);
  }

  private extend(change: (bits: number, value: bigint) => bigint): boolean {
    const bits = this.immediate(1);
    return bits !== undefined && this.push(this.with((value) => change(bits, value)));
  }

  private branch(onlyIf: boolean): boolean {
    const target = this.immediate(2);
    const taken = onlyIf ? this.stack.pop() : 1n;
    if (target === undefined || taken === undefined) return false;
    if (taken !== 0n) this.at = target;
    return true;
  }

  /** Pushes the value at a depth, or moves it to the top. */
  private pick(depth: number, take: boolean): boolean {
    const place = this.stack.length - 1 - depth;
    if (place < 0) return false;
    return this.push(take ? this.stack.splice(place, 1)[0] : this.stack[place]);
  }

  /** a, b, c become c, a, b. */
  private rotate(): boolean {
    const top = this.stack.pop();
    if (top === undefined || this.stack.length < 2) return false;
    this.stack.splice(this.stack.length - 2, 0, top);
    return true;
  }
}
