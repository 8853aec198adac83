import type { MachineMemory } from '../../layout.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import { KIND_MASK } from '../flags.ts';
import { FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import { Assembler, I32, I32_AND, I32_EQ } from './assembler.ts';
import { CHAIN_LOCALS, chainBody } from './chain.ts';
import { ExpressionEmitter } from './emit-expressions.ts';
import { TLB_LOCALS } from './emit-tlb.ts';
import { type FillCalls, fetchFirst, fillFirst, storeFirst, usualFill } from './fill.ts';
import { arithmetic, KINDS } from './flag-expressions.ts';
import { type FlushCalls, invlpgFirst, loadDirectoryFirst } from './flush.ts';
import { HOST_CALLS, type HostCallName, type HostCalls } from './host-calls.ts';
import { importedFunctions } from './imported.ts';
import { LOCALS, PARAMETERS, STATE_WORDS } from './locals.ts';
import { encodeModule, type FunctionType, REGION_TYPE } from './module.ts';
import { marked, tableStored } from './paging-rows.ts';
import { recordedStore } from './recorded-store.ts';

/** Maximum compiled functions; beyond it all are dropped. */
export const TABLE_SIZE = 2048;

/** Function types that every module has: after a region's one for each number of parameters, at the index PARAMETERS_TYPE + n. */
const PARAMETERS_TYPE = 1;
const TYPES: readonly FunctionType[] = [
  { parameters: PARAMETERS, results: 1 },
  ...[0, 1, 2, 3, 4, 5, 6].map((parameters) => ({ parameters, results: 1 })),
];
const taking = (parameters: number): number => PARAMETERS_TYPE + parameters;

/** The ways into compiled code, and the functions that it calls. */
export interface Runtime {
  /** Calls compiled function `index` with what is in CPU_STATE; `page` is the EIP of the page's first byte. */
  run(index: number, entry: number, left: number, page: number): number;
  /** Makes a function of a region's body, and puts it at `index`; the bytes that its module has. */
  add(index: number, body: Assembler): number;
  /** Removes the function at `index`. */
  remove(index: number): void;
}

/** Thrown if the host cannot compile this WebAssembly, or no more of it; the interpreter continues without. */
export class CannotCompile extends Error {}

/**
 * A runtime created at the first compilation, which many machines never reach.
 * @throws CannotCompile by `add`: the host knows no tail calls, forbids to compile (a page's content security policy), or has no
 * memory left for code.
 */
export function createRuntime(mem: MachineMemory, host: () => HostCalls, facts: FillFacts): Runtime {
  const runtime = {
    run(): number {
      throw new Error('nothing is compiled');
    },
    add(index: number, body: Assembler): number {
      Object.assign(runtime, makeRuntime(mem, host(), facts));
      return runtime.add(index, body);
    },
    remove(): void {},
  };
  return runtime;
}

function makeRuntime(mem: MachineMemory, host: HostCalls, facts: FillFacts): Runtime {
  const table = new WebAssembly.Table({ initial: TABLE_SIZE, maximum: TABLE_SIZE, element: 'anyfunc' });
  const pages = mem.memory.buffer.byteLength >>> 16;
  const helpers = createHelpers(mem, host, facts, table);
  const imports = { ...helpers, memory: mem.memory };
  return {
    run: helpers.run as Runtime['run'],
    add(index, body) {
      const bytes = regionModule(pages, body);
      table.set(index, within([RangeError], () => instantiate(bytes, imports)).region);
      return bytes.length;
    },
    remove(index) {
      table.set(index, null);
    },
  };
}

/** The functions that regions call, and `run`, by name. */
export function createHelpers(
  mem: MachineMemory,
  host: HostCalls,
  facts: FillFacts,
  table = new WebAssembly.Table({ initial: TABLE_SIZE, maximum: TABLE_SIZE, element: 'anyfunc' }),
): Exports {
  const pages = mem.memory.buffer.byteLength >>> 16;
  return within([RangeError, WebAssembly.CompileError], () =>
    instantiate(helperModule(pages, facts), { ...host, memory: mem.memory, table }),
  );
}

/** The functions that a region imports, in the order of their numbers (imported.ts). */
const IMPORTED = importedFunctions(taking);

/** The result of `compile`; turns errors that are limits of the host into CannotCompile. */
function within<T>(kinds: readonly (new () => Error)[], compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
    throw new CannotCompile((error as Error).message, { cause: error });
  }
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
      ...IMPORTED.map(({ name, type }) => ({ name, kind: 'function' as const, type })),
      { name: 'memory', kind: 'memory', pages },
    ],
    functions: [{ type: REGION_TYPE, locals: LOCALS - PARAMETERS, code }],
    exports: [{ name: 'region', func: IMPORTED.length }],
  });
}

/** Host calls by their numbers in the module of the helpers, which imports them first; then its own functions, of which these come first. */
const hostCall = (of: HostCallName): number => HOST_CALLS.findIndex(([name]) => name === of);
const INNER = ['usualFill', 'marked', 'tableStored', 'recordedStore'] as const;
const inner = (of: (typeof INNER)[number]): number => HOST_CALLS.length + INNER.indexOf(of);
const CALLS: FillCalls & FlushCalls = {
  usualFill: inner('usualFill'),
  marked: inner('marked'),
  tableStored: inner('tableStored'),
  recordedStore: inner('recordedStore'),
  flushEvents: hostCall('flushEvents'),
  // As passed on.
  fetch: HOST_CALLS.length + INNER.length + hostCall('fetch'),
};

/** The functions that regions import, and the way into them. These alone know the table: it would cost each module that imports it. */
function helperModule(pages: number, facts: FillFacts): Uint8Array<ArrayBuffer> {
  const innerFunctions = {
    usualFill: { type: taking(4), locals: TLB_LOCALS, code: usualFill(facts, CALLS).code },
    marked: { type: taking(5), locals: TLB_LOCALS, code: marked(facts, CALLS.flushEvents).code },
    tableStored: { type: taking(5), locals: TLB_LOCALS, code: tableStored(facts, CALLS.flushEvents).code },
    recordedStore: {
      type: taking(6),
      locals: TLB_LOCALS,
      code: recordedStore(facts, CALLS.flushEvents).code,
    },
  };
  const functions = [
    ...INNER.map((name) => ({ name, ...innerFunctions[name] })),
    ...HOST_CALLS.map(([name, parameters], call) => {
      const own = OWN_WAYS[name];
      const code = passOn(call, parameters, own && ((asm) => own(asm, facts, CALLS))).code;
      return { name, type: taking(parameters), locals: own ? TLB_LOCALS : 0, code };
    }),
    { name: 'run', type: taking(4), locals: 0, code: runBody().code },
    { name: 'arithmetic', type: taking(4), locals: 0, code: arithmeticBody().code },
    { name: 'chain', type: REGION_TYPE, locals: CHAIN_LOCALS, code: chainBody(false, CALLS.fetch).code },
    { name: 'chainUser', type: REGION_TYPE, locals: CHAIN_LOCALS, code: chainBody(true, CALLS.fetch).code },
  ];
  return encodeModule({
    types: TYPES,
    imports: [
      ...HOST_CALLS.map(([name, parameters]) => {
        return { name, kind: 'function' as const, type: taking(parameters) };
      }),
      { name: 'memory', kind: 'memory', pages },
      { name: 'table', kind: 'table', size: TABLE_SIZE },
    ],
    functions,
    exports: functions.map(({ name }, n) => ({ name, func: HOST_CALLS.length + n })),
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

/** The beginnings of helpers that may return without this call. */
const OWN_WAYS: Partial<
  Record<HostCallName, (asm: Assembler, facts: FillFacts, calls: typeof CALLS) => void>
> = {
  fill: fillFirst,
  store: storeFirst,
  fetch: fetchFirst,
  invlpg: invlpgFirst,
  loadDirectory: loadDirectoryFirst,
};

/**
 * An imported function again, after `first`: V8 makes a wrapper for each module that imports one of JavaScript, and none for one of
 * WebAssembly.
 */
function passOn(func: number, parameters: number, first: (asm: Assembler) => void = () => {}): Assembler {
  const asm = new Assembler();
  first(asm);
  for (let n = 0; n < parameters; n++) asm.get(n);
  asm.call(func);
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
