import { describe, expect, it } from 'vitest';
import type { Case } from './differential/case.ts';
import { Guest } from './differential/guest.ts';
import { CODE, STACK, USER_DATA } from './differential/memory-map.ts';

/** Found by random code: what was done otherwise by micro-ops than by handlers, or whole than in pieces. */

const programOf = (hex: string, registers: Partial<Record<number, number>>): Case => ({
  address: CODE.address,
  code: Uint8Array.from(Buffer.from(hex, 'hex')),
  eflags: 0x202,
  registers: [0, 0, 0, 0, STACK.address + 0x800, 0, 0, 0].map((value, n) => registers[n] ?? value),
  fs: USER_DATA,
  gs: USER_DATA,
  fpu: 0,
  undefinedFlags: new Map(),
  selfModifying: true,
});

describe.each([true, false])('an operand over the end of 4 GB (micro-ops: %s)', (specialise) => {
  const guest = new Guest('intel', { specialise });
  it.each([
    { what: 'a load', code: '8b02cc', registers: { 2: -2 }, vector: 13 },
    { what: 'a store', code: '890500000000cc'.replace('00000000', 'fdffffff'), registers: {}, vector: 13 },
    { what: 'a modification', code: '0102cc', registers: { 2: -1 }, vector: 13 },
    { what: 'a load by EBP', code: '8b4500cc', registers: { 5: -3 }, vector: 12 },
    { what: 'STOSD', code: 'abcc', registers: { 7: -2 }, vector: 13 },
    { what: 'LODSD in SS', code: '36adcc', registers: { 6: -3 }, vector: 12 },
    { what: 'STOSD, with a prefix for SS', code: '36abcc', registers: { 7: -3 }, vector: 13 },
    { what: 'PUSH', code: '50cc', registers: { 4: 2 }, vector: 12 },
    { what: 'POP', code: '58cc', registers: { 4: -1 }, vector: 12 },
  ])('$what is exception $vector', ({ code, registers, vector }) => {
    const { vector: got, error, eip } = guest.run(programOf(code, registers));
    expect([got, error, eip]).toEqual([vector, 0, CODE.address]);
  });
});

it('REP STOS over itself goes on with what it has written, whole or in pieces', () => {
  // It fills itself and what follows with INC EBX.
  const one = programOf('f3aa90909090cc', { 0: 0x43, 1: 6, 7: CODE.address });
  const ends = [undefined, () => 1, () => 2].map((slices) => new Guest('intel').run(one, slices));
  expect(ends[0].registers[3]).toBeGreaterThan(0);
  for (const end of ends) expect(end).toEqual(ends[0]);
});
