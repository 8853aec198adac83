import { expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../recorder/machine/config.ts';
import {
  CS,
  DS,
  EBX,
  ES,
  FPU_CONTROL,
  FPU_REGISTERS,
  FPU_STATUS,
  SS,
} from '../../recorder/machine/cpu/state.ts';
import { CpuBench } from './bench.ts';
import { hexBytes } from './real-mode.ts';

/** x87 environments in 32-bit protected mode, and accesses that fault on their way. */

const CODE = 0x10000;
const DATA = 0x20000;
const DIRECTORY = 0x30000;
const TABLE = 0x31000;
/** PE, ET and NE. */
const CR0 = 0x31;
const PAGING = 0x80000000 | 0;

/** FNINIT; FLD1; FST qword [ebx+40h], which is remembered. */
const STORE = 'db e3 d9 e8 dd 53 40';

function start(code: string, ebx = DATA, missing = -1, revision = DEFAULT_CONFIG.cpuRevision): CpuBench {
  const bench = new CpuBench({ revision });
  const { cpu, mmu } = bench;
  mmu.setCr0(CR0);
  cpu.setSegment(CS, 8, 0, -1, 0xc09b00);
  for (const segment of [DS, ES, SS]) cpu.setSegment(segment, 16, 0, -1, 0xc09300);
  if (missing >= 0) {
    bench.poke32(DIRECTORY, TABLE | 3);
    for (let page = 0; page < 1024; page++)
      bench.poke32(TABLE + 4 * page, page === missing ? 0 : (page << 12) | 3);
    mmu.setCr3(DIRECTORY);
    mmu.setCr0(CR0 | PAGING);
  }
  cpu.setRegister(EBX, ebx);
  cpu.eip = CODE;
  bench.pokeBytes(CODE, hexBytes(`${code} f4`));
  for (let n = 0; n < 20 && !cpu.halted && cpu.shutdown === null; n++) bench.step();
  return bench;
}

const words = (bench: CpuBench, count: number) =>
  Array.from({ length: count }, (_, n) => bench.peek32(DATA + 4 * n).toString(16));

it('FNSTENV in the 32-bit format has selectors, offsets and the opcode', () => {
  const got = words(start(`${STORE} d9 33`), 7);
  expect(got).toEqual(['ffff037f', 'ffff3800', 'ffff3fff', '10004', '5530008', '20040', 'ffff0010']);
});

it('in the 16-bit format it has no opcode', () => {
  const got = words(start(`${STORE} 66 d9 33`), 3);
  expect(got).toEqual(['3800037f', '43fff', '400008']);
  expect(start(`${STORE} 66 d9 33`).peek16(DATA + 12)).toBe(0x10);
});

it('FLDENV brings both back', () => {
  for (const prefix of ['', '66 ']) {
    const bench = start(`${STORE} ${prefix}d9 33 db e3 ${prefix}d9 23 ${prefix}d9 73 40`);
    const bytes = prefix ? 14 : 28;
    for (let at = 0; at < bytes; at++) {
      // Storing the environment has masked what was masked before: nothing differs.
      expect(bench.peek8(DATA + 0x40 + at), `${prefix}+${at}`).toBe(bench.peek8(DATA + at));
    }
  }
});

it('FNSAVE that runs into a page which is not there stores nothing and keeps the registers', () => {
  const edge = DATA + 0x1000 - 60;
  const bench = start('db e3 d9 eb dd 33', edge, (DATA + 0x1000) >>> 12);
  expect(bench.cpu.shutdown).not.toBeNull();
  for (let at = 0; at < 60; at++) expect(bench.peek8(edge + at)).toBe(0);
  const { i32 } = bench.mem;
  expect(i32[FPU_STATUS]).toBe(0x3800);
  expect(i32[FPU_REGISTERS + 4 * 7 + 1]).toBe(0xc90fdaa2 | 0);
});

it('FSTP of 80 bits that faults does not pop; FRSTOR that faults loads nothing', () => {
  const edge = DATA + 0x1000 - 4;
  const missing = (DATA + 0x1000) >>> 12;
  const store = start('db e3 d9 eb db 3b', edge, missing);
  expect(store.mem.i32[FPU_STATUS]).toBe(0x3800);
  expect(store.peek32(edge)).toBe(0);
  const restore = start('db e3 d9 eb dd 23', edge, missing);
  expect(restore.mem.i32[FPU_STATUS]).toBe(0x3800);
  expect(restore.mem.i32[FPU_CONTROL]).toBe(0x37f);
});

it('a store that an unmasked exception prevents does not reach its operand', () => {
  // FNINIT; mov dword [ebx], 340h; FLDCW [ebx]: nothing is masked. FBSTP of an empty register, by DS and by CS.
  const prepare = 'db e3 c7 03 40 03 00 00 d9 2b';
  const prevented = start(`${prepare} df 73 10`);
  expect(prevented.cpu.shutdown).toBeNull();
  expect(prevented.mem.i32[FPU_STATUS]).toBe(0x41);
  expect(prevented.peek32(DATA + 0x10)).toBe(0);
  const elsewhere = start(`${prepare} 2e df 73 10`);
  expect(elsewhere.cpu.shutdown).toBeNull();
  expect(elsewhere.mem.i32[FPU_STATUS]).toBe(0x41);
  // In a machine of before it must be there, and writable, as on AMD's processors.
  const before = start(`${prepare} 2e df 73 10`, undefined, undefined, 1);
  expect(before.cpu.shutdown).not.toBeNull();
  expect(before.mem.i32[FPU_STATUS]).toBe(0);
});
