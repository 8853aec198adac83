import { describe, expect, it } from 'vitest';
import { DS, EBP, EBX, ES } from '../../recorder/machine/cpu/state.ts';
import { UNNAMED_CPU } from '../../schemas/trace/processor-name.ts';
import { ProtectedMode, USER_DATA, USER_STACK } from './protected-mode.ts';
import { CODE, DATA } from './real-mode.ts';

/** Exception 17 (SDM volume 3, 6.15). The differential fuzzer compares it with hardware. */

const AM = 0x40000;
const AC = 0x40000;
const CR0 = 0x31;
const ALIGNMENT_CHECK = 17;

/** At CPL 3 in flat segments, with EBX at DATA. */
function atUser(
  code: string,
  options: { model?: string; specialise?: boolean; cr0?: number } = {},
): ProtectedMode {
  const bench = new ProtectedMode({ model: 'pentiumpro', ...options });
  bench.mmu.setCr0(options.cr0 ?? CR0 | AM);
  bench.code(code).user();
  for (const segment of [DS, ES]) bench.cpu.setSegment(segment, USER_DATA, 0, -1, 0xcff300);
  bench.cpu.setRegister(EBX, DATA);
  return bench;
}

interface Setting {
  readonly model?: string;
  readonly am?: boolean;
  readonly ac?: boolean;
  readonly specialise?: boolean;
}

/** At CPL 3 with EBX at `ebx`, and DATA read and written once before. */
function user(code: string, ebx: number, setting: Setting = {}): ProtectedMode {
  const { model = 'pentiumpro', am = true, ac = true, specialise = true } = setting;
  const bench = atUser(`89 03 ${code}`, { model, specialise, cr0: CR0 | (am ? AM : 0) });
  bench.step();
  bench.cpu.eflags = bench.cpu.eflags | (ac ? AC : 0);
  bench.cpu.setRegister(EBX, ebx);
  bench.cpu.setRegister(EBP, ebx);
  bench.step();
  return bench;
}

/** Each with the alignment that it asks for. */
const OPERANDS: readonly [what: string, code: string, alignment: number][] = [
  ['mov al, [ebx]', '8a 03', 1],
  ['mov ax, [ebx]', '66 8b 03', 2],
  ['mov eax, [ebx]', '8b 03', 4],
  ['mov [ebx], eax', '89 03', 4],
  ['add [ebx], eax', '01 03', 4],
  ['leave', 'c9', 4],
  ['lfs ax, [ebx]: 32 bits', '66 0f b4 03', 2],
  ['lfs eax, [ebx]: 48 bits', '0f b4 03', 4],
  ['bt [ebx], eax', '0f a3 03', 4],
  ['cmpxchg8b [ebx]', '0f c7 0b', 8],
  ['fild word [ebx]', 'df 03', 2],
  ['fld dword [ebx]', 'd9 03', 4],
  ['fld qword [ebx]', 'dd 03', 8],
  ['fld tbyte [ebx]', 'db 2b', 8],
  ['fbld [ebx]', 'df 23', 8],
  ['fldcw [ebx]', 'd9 2b', 2],
  ['fnstenv [ebx]', 'd9 33', 4],
  ['fnstenv [ebx], 16 bits', '66 d9 33', 2],
  ['fnsave [ebx]', 'dd 33', 4],
  ['fnsave [ebx], 16 bits', '66 dd 33', 2],
];

describe.each([true, false])('an operand that is not aligned (micro-ops: %s)', (specialise) => {
  it.each(OPERANDS)('%s', (_what, code, alignment) => {
    for (let by = 0; by < 8; by++) {
      const bench = user(code, DATA + by, { specialise });
      const faults = by % alignment !== 0;
      expect(bench.vector, `by ${by}`).toBe(faults ? ALIGNMENT_CHECK : -1);
      if (!faults) continue;
      expect([bench.top(0), bench.top(1)]).toEqual([0, CODE + 2]);
    }
  });
});

describe('there is none', () => {
  it.each<[string, Setting]>([
    ['without CR0.AM', { am: false }],
    ['without EFLAGS.AC', { ac: false }],
    ['on a 386', { model: '386' }],
    ['in a trace that names no processor', { model: UNNAMED_CPU }],
  ])('%s', (_what, setting) => {
    expect(user('8b 03', DATA + 1, setting).vector).toBe(-1);
  });

  it('at CPL 0', () => {
    const bench = new ProtectedMode();
    bench.mmu.setCr0(CR0 | AM);
    bench.cpu.eflags = AC;
    bench.code('8b 03').cpu.setRegister(EBX, DATA + 1);
    bench.step();
    expect(bench.vector).toBe(-1);
  });
});

it('the stack is checked too, and a fault changes nothing', () => {
  const bench = user('44 50', DATA); // inc esp; push eax
  bench.step();
  expect(bench.vector).toBe(ALIGNMENT_CHECK);
  expect(bench.top(4)).toBe(USER_STACK + 1);
});

it('SGDT stores a word, then a doubleword (SDM volume 3, 3.5.1)', () => {
  expect(user('0f 01 03', DATA + 2).vector).toBe(-1);
  expect(user('0f 01 03', DATA).vector).toBe(ALIGNMENT_CHECK);
});

it('starts with the POPF that sets AC, and ends with the one that clears it', () => {
  // push 40202h; popf; mov [ebx], eax; push 202h; popf; mov [ebx+1], eax; push 40202h; popf; mov [ebx+1], eax
  const bench = atUser('68 02 02 04 00 9d 89 03 68 02 02 00 00 9d 89 43 01 68 02 02 04 00 9d 89 43 01');
  bench.step(8);
  expect(bench.vector).toBe(-1);
  expect(bench.eip).toBe(CODE + 23);
  bench.step();
  expect(bench.vector).toBe(ALIGNMENT_CHECK);
  expect(bench.top(1)).toBe(CODE + 23);
});
