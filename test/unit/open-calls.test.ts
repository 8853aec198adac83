import { expect, it } from 'vitest';
import { type OpenCall, OpenCalls } from '../../recorder/machine/events/open-calls.ts';

/** Open calls: which are over when others begin or return. Linear is physical here. */

const call = (probe: number, slot: number, returnTo = 0x1000): OpenCall => ({
  ...{ probe, id: probe + 10, returnTo, slot, nesting: 0 },
});
const opened = (...calls: OpenCall[]): OpenCalls => {
  const open = new OpenCalls();
  for (const one of calls) open.add(one);
  return open;
};
const back = (open: OpenCalls, esp: number, to = 0x1000) =>
  open.returned(to, esp, (linear) => Number(linear)).map(({ probe }) => probe);

it('returns in the order of the stack', () => {
  const open = opened(call(0, 0x5ffc), call(1, 0x5ff0));
  expect(open.above(0x5fe0)).toBe(2);
  expect([back(open, 0x5ff4), back(open, 0x6000), back(open, 0x6000)]).toEqual([[1], [0], []]);
});

it('gives up calls that are further down when one is made or returns above them', () => {
  const open = opened(call(0, 0x5ffc), call(1, 0x5ff0), call(2, 0x5ff8));
  expect(back(open, 0x5ff4)).toEqual([]);
  expect(open.on(5)).toBe(2);
  expect(back(open, 0x6000)).toEqual([0]);
  expect(open.on(5)).toBe(0);
});

it('has both of a tail call return at once, the inner one first', () => {
  expect(back(opened(call(0, 0x5ff0), call(1, 0x5ff0)), 0x5ff4)).toEqual([1, 0]);
});

it('takes a second call of a function at the same place for another', () => {
  expect(back(opened(call(0, 0x5ff0), call(0, 0x5ff0)), 0x5ff4)).toEqual([0]);
});

it('knows a return by RET n, and none to another address or from another stack', () => {
  expect(back(opened(call(0, 0x5ff0)), 0x5ffc)).toEqual([0]);
  expect(back(opened(call(0, 0x5ff0)), 0x5ff4, 0x2000)).toEqual([]);
  expect(back(opened(call(0, 0x5ff0)), 0x7ff4)).toEqual([]);
});

it('is the same after it was saved and restored', () => {
  const again = new OpenCalls();
  again.restore(opened(call(0, 0x5ffc, 0x3000), call(1, 0x7ff0)).save());
  expect([...again.returnAddresses()]).toEqual([0x3000, 0x1000]);
  expect([back(again, 0x6000, 0x3000), back(again, 0x7ff4)]).toEqual([[0], [1]]);
});
