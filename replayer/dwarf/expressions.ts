import { ByteReader } from './byte-reader.ts';

/** Evaluates location expressions (DWARF 5, 2.5 and 2.6). */

/** The location of a value (DWARF 5, 2.6). */
export type Location =
  | { readonly kind: 'memory'; readonly address: number }
  | { readonly kind: 'register'; readonly register: number }
  /** A known value without a location. */
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] };

export interface Piece {
  /** Undefined if this part was optimized away. */
  readonly location: Location | undefined;
  readonly bytes: number;
}

/** The access to a frame that an expression needs. */
export interface FrameContext {
  /** A register by DWARF number; undefined if unknown. */
  register(n: number): number | undefined;
  /** Canonical frame address. */
  cfa(): number | undefined;
  frameBase(): number | undefined;
  /** The bytes at a linear address; undefined if it is not mapped. */
  read(address: number, bytes: number): Uint8Array | undefined;
}

/** Maximum steps: more than any compiler's expression takes. */
const MAX_STEPS = 1000;
/** Maximum bytes of all pieces of a value. */
const MAX_PIECES = 4096;

/** Thrown during an evaluation if something is unknown. */
class Unknown extends Error {}

/** Evaluates an expression; undefined if it needs something unknown about the frame or is not supported. */
export function locate(expression: Uint8Array, frame: FrameContext, initial?: number): Location | undefined {
  try {
    return new Evaluation(expression, frame, initial).run();
  } catch (error) {
    if (error instanceof Unknown || error instanceof RangeError) return undefined;
    throw error;
  }
}

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** One execution of the stack machine of 32-bit words (2.5). */
class Evaluation {
  private readonly reader: ByteReader;
  private readonly frame: FrameContext;
  private readonly stack: number[];
  private readonly pieces: Piece[] = [];
  private pieceBytes = 0;
  /** The location given before the next piece. */
  private found: Location | undefined;

  constructor(expression: Uint8Array, frame: FrameContext, initial?: number) {
    this.reader = new ByteReader(expression);
    this.frame = frame;
    this.stack = initial === undefined ? [] : [initial];
  }

  run(): Location | undefined {
    const { reader } = this;
    for (let steps = 0; reader.at < reader.bytes.length; steps++) {
      if (steps > MAX_STEPS) throw new Unknown();
      this.step(reader.u8());
    }
    if (this.pieces.length > 0) return { kind: 'pieces', pieces: this.pieces };
    return this.taken();
  }

  /** The location so far: an explicit one, otherwise the address on the stack. */
  private taken(): Location | undefined {
    const { found, stack } = this;
    this.found = undefined;
    if (found) return found;
    const address = stack.pop();
    return address === undefined ? undefined : { kind: 'memory', address };
  }

  private push(value: number | undefined): void {
    if (value === undefined) throw new Unknown();
    this.stack.push(value >>> 0);
  }

  private pop(): number {
    const value = this.stack.pop();
    if (value === undefined) throw new Unknown();
    return value;
  }

  private load(address: number, bytes: number): number {
    const found = this.frame.read(address, bytes);
    if (!found) throw new Unknown();
    return found.reduceRight((value, byte) => value * 256 + byte, 0);
  }

  private step(opcode: number): void {
    const { reader, frame, stack } = this;
    if (opcode >= 0x30 && opcode <= 0x4f) this.push(opcode - 0x30);
    else if (opcode >= 0x50 && opcode <= 0x6f) this.found = { kind: 'register', register: opcode - 0x50 };
    else if (opcode >= 0x70 && opcode <= 0x8f) this.based(frame.register(opcode - 0x70));
    else
      switch (opcode) {
        case 0x03:
          this.push(reader.u32());
          break;
        case 0x06:
          this.push(this.load(this.pop(), 4));
          break;
        case 0x90:
          this.found = { kind: 'register', register: reader.uleb() };
          break;
        case 0x91:
          this.based(frame.frameBase());
          break;
        case 0x92:
          this.based(frame.register(reader.uleb()));
          break;
        case 0x93:
          this.addPiece(reader.uleb());
          break;
        case 0x94:
          this.push(this.load(this.pop(), reader.u8()));
          break;
        case 0x96:
          break;
        case 0x9c:
          this.push(frame.cfa());
          break;
        case 0x9e: {
          this.found = { kind: 'value', bytes: reader.block(reader.uleb()).slice() };
          break;
        }
        case 0x9f:
          this.found = { kind: 'value', bytes: word(this.pop()) };
          break;
        default:
          if (opcode <= 0x11) this.push(constant(reader, opcode));
          else if (opcode <= 0x17) this.shuffle(opcode, stack);
          else this.compute(opcode);
      }
  }

  private addPiece(bytes: number): void {
    this.pieceBytes += bytes;
    if (this.pieceBytes > MAX_PIECES) throw new Unknown();
    this.pieces.push({ location: this.taken(), bytes });
  }

  private based(base: number | undefined): void {
    const offset = this.reader.sleb();
    this.push(base === undefined ? undefined : base + offset);
  }

  private shuffle(opcode: number, stack: number[]): void {
    const at = (depth: number) => stack[stack.length - 1 - depth];
    if (opcode === 0x12) this.push(at(0));
    else if (opcode === 0x13) this.pop();
    else if (opcode === 0x14) this.push(at(1));
    else if (opcode === 0x15) this.push(at(this.reader.u8()));
    else {
      // Swap, and rotation of three.
      const top = this.pop();
      const below = opcode === 0x16 ? [] : [this.pop()];
      const third = this.pop();
      for (const value of [top, third, ...below]) this.push(value);
    }
  }

  /** Arithmetic, comparisons and branches (2.5.1.4 and 2.5.1.5). */
  private compute(opcode: number): void {
    const { reader } = this;
    if (opcode === 0x2f || opcode === 0x28) {
      const by = (reader.u16() << 16) >> 16;
      if (opcode === 0x2f || this.pop() !== 0) reader.at += by;
      return;
    }
    const top = this.pop();
    const binary = BINARY[opcode];
    if (opcode === 0x23) this.push(top + reader.uleb());
    else if (UNARY[opcode]) this.push(UNARY[opcode](top));
    else if (binary) this.push(binary(this.pop(), top));
    else throw new Unknown();
  }
}

const UNARY: Readonly<Record<number, (a: number) => number>> = {
  25: (a) => Math.abs(a | 0),
  31: (a) => -a,
  32: (a) => ~a,
};

const shift = (by: number, run: () => number, beyond: number): number => (by > 31 ? beyond : run());
const divided = (a: number, b: number, run: (a: number, b: number) => number): number => {
  if (b === 0) throw new Unknown();
  return run(a, b);
};

/** Applies an operation to the value below the top and the top. */
const BINARY: Readonly<Record<number, (a: number, b: number) => number>> = {
  26: (a, b) => a & b,
  27: (a, b) => divided(a | 0, b | 0, (x, y) => Math.trunc(x / y)),
  28: (a, b) => a - b,
  29: (a, b) => divided(a, b, (x, y) => x % y),
  30: (a, b) => Math.imul(a, b),
  33: (a, b) => a | b,
  34: (a, b) => a + b,
  36: (a, b) => shift(b, () => a << b, 0),
  37: (a, b) => shift(b, () => a >>> b, 0),
  38: (a, b) => (a | 0) >> Math.min(b, 31),
  39: (a, b) => a ^ b,
  41: (a, b) => Number(a === b),
  42: (a, b) => Number((a | 0) >= (b | 0)),
  43: (a, b) => Number((a | 0) > (b | 0)),
  44: (a, b) => Number((a | 0) <= (b | 0)),
  45: (a, b) => Number((a | 0) < (b | 0)),
  46: (a, b) => Number(a !== b),
};

/** DW_OP_const1u to DW_OP_consts. */
function constant(reader: ByteReader, opcode: number): number {
  switch (opcode) {
    case 0x08:
      return reader.u8();
    case 0x09:
      return reader.s8();
    case 0x0a:
      return reader.u16();
    case 0x0b:
      return (reader.u16() << 16) >> 16;
    case 0x0c:
    case 0x0d:
      return reader.u32();
    case 0x0e:
    case 0x0f: {
      const low = reader.u32();
      reader.u32();
      return low;
    }
    case 0x10:
      return reader.uleb();
    case 0x11:
      return reader.sleb();
    default:
      throw new Unknown();
  }
}
