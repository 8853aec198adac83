import type { Linear } from '../../../../schemas/units.ts';
import type { MachineMemory } from '../../layout.ts';
import { KIND_MASK } from '../flags.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import { Assembler, I32, I32_AND, I32_EQ } from './assembler.ts';
import { CHAIN_LOCALS, chainBody } from './chain.ts';
import { ExpressionEmitter } from './emit-expressions.ts';
import { arithmetic, KINDS } from './flag-expressions.ts';
import { LOCALS, PARAMETERS, STATE_WORDS } from './locals.ts';
import { encodeModule, type FunctionType, REGION_TYPE } from './module.ts';

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
  /** Forgets the function at `index`. */
  remove(index: number): void;
}

/** `fill` makes room in the TLB for an access, if that makes no event: the FAST_PATH slot then, which lets the access through or not. */
export function createRuntime(mem: MachineMemory, fill: Fill): Runtime {
  const table = new WebAssembly.Table({ initial: TABLE_SIZE, maximum: TABLE_SIZE, element: 'anyfunc' });
  const pages = mem.memory.buffer.byteLength >>> 16;
  const helpers = instantiate(helperModule(pages), { memory: mem.memory, table, fill });
  const imports = { ...helpers, memory: mem.memory };
  return {
    run: helpers.run as Runtime['run'],
    add(index, body) {
      const bytes = regionModule(pages, body);
      table.set(index, instantiate(bytes, imports).region);
      return bytes.length;
    },
    remove(index) {
      table.set(index, null);
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

/** The module of one region. */
export function regionModule(pages: number, { code }: Assembler): Uint8Array<ArrayBuffer> {
  return encodeModule({
    types: TYPES,
    imports: [
      { name: 'arithmetic', kind: 'function', type: 1 },
      { name: 'fill', kind: 'function', type: 2 },
      { name: 'chain', kind: 'function', type: REGION_TYPE },
      { name: 'chainUser', kind: 'function', type: REGION_TYPE },
      { name: 'memory', kind: 'memory', pages },
    ],
    functions: [{ type: REGION_TYPE, locals: LOCALS - PARAMETERS, code }],
    exports: [{ name: 'region', func: 4 }],
  });
}

/** The functions that regions import, and the way into them. These alone know the table: it would cost each module that imports it. */
function helperModule(pages: number): Uint8Array<ArrayBuffer> {
  return encodeModule({
    types: TYPES,
    imports: [
      { name: 'fill', kind: 'function', type: 2 },
      { name: 'memory', kind: 'memory', pages },
      { name: 'table', kind: 'table', size: TABLE_SIZE },
    ],
    functions: [
      { type: 3, locals: 0, code: runBody().code },
      { type: 1, locals: 0, code: arithmeticBody().code },
      { type: REGION_TYPE, locals: CHAIN_LOCALS, code: chainBody(false).code },
      { type: REGION_TYPE, locals: CHAIN_LOCALS, code: chainBody(true).code },
      { type: 2, locals: 0, code: fillBody().code },
    ],
    exports: [
      { name: 'run', func: 1 },
      { name: 'arithmetic', func: 2 },
      { name: 'chain', func: 3 },
      { name: 'chainUser', func: 4 },
      { name: 'fill', func: 5 },
    ],
  });
}

function runBody(): Assembler {
  const asm = new Assembler();
  const [INDEX, ENTRY, LEFT, PAGE] = [0, 1, 2, 3];
  for (const parameter of [ENTRY, LEFT, PAGE]) asm.get(parameter);
  for (const word of STATE_WORDS) asm.loadWord(word);
  asm.get(INDEX);
  asm.callIndirect(REGION_TYPE);
  return asm;
}

/** The imported function again: V8 makes a wrapper for each module that imports one of JavaScript, and none for one of WebAssembly. */
function fillBody(): Assembler {
  const asm = new Assembler();
  asm.get(0);
  asm.get(1);
  asm.call(0);
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
