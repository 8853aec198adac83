import type { Linear } from '../../../../schemas/units.ts';
import type { MachineMemory } from '../../layout.ts';
import { KIND_MASK } from '../flags.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import { Assembler, I32, I32_AND, I32_EQ } from './assembler.ts';
import { ExpressionEmitter } from './emit-expressions.ts';
import { arithmetic, KINDS } from './flag-expressions.ts';
import { LOCALS, PARAMETERS, STATE_WORDS } from './locals.ts';
import { encodeModule, type FunctionType } from './module.ts';

/** Compiled functions at most; more are met by dropping all. */
export const TABLE_SIZE = 2048;

/** Function types that every module has. */
const REGION: FunctionType = { parameters: PARAMETERS, results: 1 };
const ARITHMETIC: FunctionType = { parameters: 4, results: 1 };
const FILL: FunctionType = { parameters: 2, results: 1 };
const RUN: FunctionType = { parameters: 4, results: 1 };
const TYPES = [REGION, ARITHMETIC, FILL, RUN];

type Fill = (linear: Linear, write: number) => number;

/** The ways into compiled code, and the functions that it calls. */
export interface Runtime {
  /** Calls compiled function `index` with what is in CPU_STATE; `page` is the EIP of the page's first byte. */
  run(index: number, entry: number, left: number, page: number): number;
  /** Makes a function of a region's body, and puts it at `index`; the bytes that its module has. */
  add(index: number, body: Assembler): number;
  /** Forgets the first `count` functions. */
  clear(count: number): void;
}

/** `fill` makes room in the TLB for an access, if that makes no event: the FAST_PATH slot then, which lets the access through or not. */
export function createRuntime(mem: MachineMemory, fill: Fill): Runtime {
  const table = new WebAssembly.Table({ initial: TABLE_SIZE, maximum: TABLE_SIZE, element: 'anyfunc' });
  const pages = mem.memory.buffer.byteLength >>> 16;
  const helpers = instantiate(helperModule(pages), { memory: mem.memory, table });
  const imports = { memory: mem.memory, table, arithmetic: helpers.arithmetic, fill };
  return {
    run: helpers.run as Runtime['run'],
    add(index, body) {
      const bytes = regionModule(pages, body);
      table.set(index, instantiate(bytes, imports).region);
      return bytes.length;
    },
    clear(count) {
      for (let index = 0; index < count; index++) table.set(index, null);
    },
  };
}

type Imports = Readonly<
  Record<string, WebAssembly.Memory | WebAssembly.Table | ((...args: number[]) => number)>
>;
type Exports = Readonly<Record<string, (...args: number[]) => number>>;

function instantiate(bytes: Uint8Array<ArrayBuffer>, imports: Imports): Exports {
  const module = new WebAssembly.Module(bytes);
  return new WebAssembly.Instance(module, { m: imports }).exports as Exports;
}

const imported = (pages: number) =>
  [
    { name: 'memory', kind: 'memory', pages },
    { name: 'table', kind: 'table', size: TABLE_SIZE },
  ] as const;

/** The module of one region. */
export function regionModule(pages: number, { code }: Assembler): Uint8Array<ArrayBuffer> {
  return encodeModule({
    types: TYPES,
    imports: [
      { name: 'arithmetic', kind: 'function', type: 1 },
      { name: 'fill', kind: 'function', type: 2 },
      ...imported(pages),
    ],
    functions: [{ type: 0, locals: LOCALS - PARAMETERS, code }],
    exports: [{ name: 'region', func: 2 }],
  });
}

/** `run` and `arithmetic`. */
function helperModule(pages: number): Uint8Array<ArrayBuffer> {
  return encodeModule({
    types: TYPES,
    imports: imported(pages),
    functions: [
      { type: 3, locals: 0, code: runBody().code },
      { type: 1, locals: 0, code: arithmeticBody().code },
    ],
    exports: [
      { name: 'run', func: 0 },
      { name: 'arithmetic', func: 1 },
    ],
  });
}

function runBody(): Assembler {
  const asm = new Assembler();
  const [INDEX, ENTRY, LEFT, PAGE] = [0, 1, 2, 3];
  for (const parameter of [ENTRY, LEFT, PAGE]) asm.get(parameter);
  for (const word of STATE_WORDS) asm.loadWord(word);
  asm.get(INDEX);
  asm.callIndirect(0);
  return asm;
}

/** (kind, result, a, b) → the six arithmetic flags in their places. */
class ArithmeticEmitter extends ExpressionEmitter {
  private static readonly PARAMETERS = [FLAG_KIND, FLAG_RESULT, FLAG_A, FLAG_B];

  protected override place(word: number): number {
    return ArithmeticEmitter.PARAMETERS.indexOf(word);
  }

  body(kinds: readonly number[] = KINDS): void {
    const { asm } = this;
    const [kind, ...others] = kinds;
    if (others.length === 0) {
      this.value(arithmetic(kind));
      return;
    }
    asm.get(0);
    asm.constant(KIND_MASK);
    asm.op(I32_AND);
    asm.constant(kind);
    asm.op(I32_EQ);
    asm.when(
      () => this.value(arithmetic(kind)),
      () => this.body(others),
      I32,
    );
  }
}

function arithmeticBody(): Assembler {
  const asm = new Assembler();
  new ArithmeticEmitter(asm, -1).body();
  return asm;
}
