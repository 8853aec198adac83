import { expect, it } from 'vitest';
import { evaluateAgent } from '../../replayer/gdb/agent-expression.ts';

/** gdb's own compiler is in test/replay/gdb.test.ts: here what it never writes. */

const context = {
  register: (n: number) => (n === 1 ? 0xfffffffe : undefined),
  read: (address: number, bytes: number) =>
    address === 0x1000 ? Uint8Array.of(1, 2, 3, 0x84).subarray(0, bytes) : undefined,
};
const run = (...code: number[]) => evaluateAgent(Uint8Array.from(code), context);
const END = 0x27;

it('computes with signed words of 64 bits', () => {
  expect(run(0x22, 5, 0x22, 7, 0x03, END)).toBe(-2n);
  expect(run(0x26, 0, 1, 0x16, 32, END)).toBe(-2n);
  expect(run(0x26, 0, 1, 0x16, 32, 0x2a, 8, END)).toBe(254n);
  expect(run(0x25, 0x80, 0, 0, 0, 0, 0, 0, 0, END)).toBe(-(2n ** 63n));
  expect(run(0x23, 0x10, 0, 0x19, END)).toBe(0x84030201n);
  expect(run(0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x29, END)).toBe(1n);
  expect(run(0x22, 1, 0x22, 2, 0x2b, END)).toBe(1n);
  expect(run(0x22, 1, 0x22, 2, 0x32, 1, END)).toBe(1n);
  expect(run(0x22, 1, 0x20, 0, 7, 0x22, 9, 0x22, 4, END)).toBe(4n);
});

it.each([
  ['nothing', []],
  ['no end', [0x22, 1]],
  ['nothing on the stack', [END]],
  ['an operator without operands', [0x22, 1, 0x02, END]],
  ['an unknown opcode', [0x22, 1, 0xff, END]],
  ['a register that there is not', [0x26, 0, 9, END]],
  ['memory that there is not', [0x22, 0, 0x17, END]],
  ['division by zero', [0x22, 1, 0x22, 0, 0x05, END]],
  ['a loop', [0x21, 0, 0]],
  ['a stack without end', [0x22, 1, 0x28, 0x21, 0, 2]],
  ['a branch behind the end', [0x21, 0xff, 0xff]],
  ['a depth that there is not', [0x22, 1, 0x32, 1, END]],
  ['a constant that is cut', [0x24, 1, 2]],
])('comes to no value with %s', (_, code) => {
  expect(run(...code)).toBeUndefined();
});
