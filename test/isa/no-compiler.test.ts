import { afterEach, expect, it, vi } from 'vitest';
import { load } from './assemble.ts';
import { ProtectedMode } from './protected-mode.ts';

/** A host that compiles nothing, or nothing more: the interpreter executes all, with the same results. */

afterEach(() => vi.unstubAllGlobals());

/** mov ecx, 300; again: add eax, ecx; jmp next; next: dec ecx; jnz again; hlt */
const program = `${load('ecx', 300)} 01 c8 eb 00 49 75 f9 f4`;
const LAST = 1 + 300 * 4 + 1;

function run(compileAfter: number) {
  const bench = new ProtectedMode({ ramBytes: 1 << 20, compileAfter }).code(program);
  bench.step(5000);
  expect(bench.cpu.icount).toBe(LAST);
  return { state: bench.fingerprint(), compiled: bench.cpu.compiled };
}

/** A host whose compiler throws from the module with number `first` on. */
function limit(first: number, error: Error): void {
  const { Module } = WebAssembly;
  let made = 0;
  class Limited {
    constructor(bytes: BufferSource) {
      if (made++ >= first) throw error;
      // biome-ignore lint/correctness/noConstructorReturn: the module of the host's own class
      return new Module(bytes);
    }
  }
  vi.stubGlobal('WebAssembly', { ...everything(WebAssembly), Module: Limited });
}
const everything = (of: object) =>
  Object.fromEntries(Object.getOwnPropertyNames(of).map((name) => [name, Reflect.get(of, name)]));

it.each([
  ['no tail calls, or a policy against compiling', 0, () => new WebAssembly.CompileError('no')],
  ['no memory for code at all', 0, () => new RangeError('no')],
  ['no memory for more code', 2, () => new RangeError('no more')],
] as const)('%s', (_what, first, error) => {
  const { state } = run(0);
  limit(first, error());
  const limited = run(1);
  expect(limited.state).toBe(state);
  // The helpers come first, then a module for each region.
  expect(limited.compiled?.regions).toBe(Math.max(0, first - 1));
});

it('a module that is wrong is a bug, and says so', () => {
  limit(1, new WebAssembly.CompileError('a bug'));
  expect(() => run(1)).toThrow('a bug');
});
