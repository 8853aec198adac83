import { describe, expect, it } from 'vitest';
import { MmuBench } from './mmu-fixture.ts';

const DIRECTORY = 0x10000;
const TABLE = 0x11000;
const GLOBAL = 0x100;
const P_RW = 0x003;
/** Present, writable, accessed and dirty: nothing for the walk to set. */
const READY = 0x063;
const CLEAN = 0x023;
const USER = 0x004;

/** Page n of the first 4 MB at frame 0x100 + n; words of each frame tell which it is. */
function bench(options = {}): MmuBench {
  const b = new MmuBench(options);
  b.poke(DIRECTORY, TABLE | READY);
  for (let page = 0; page < 64; page++) {
    b.poke(TABLE + page * 4, ((0x100 + page) << 12) | READY);
    b.poke((0x100 + page) << 12, 0xf0000000 + page);
  }
  b.pagingOn(DIRECTORY);
  b.forget();
  return b;
}
const remap = (b: MmuBench, page: number, frame: number, bits = READY) =>
  b.mmu.physWrite32(TABLE + page * 4, (frame << 12) | bits);

describe('the TLB', () => {
  it('keeps a stale entry until INVLPG, and says once for each change that it was used', () => {
    const b = bench();
    expect(b.read(0x3000)).toBe(0xf0000003);
    remap(b, 3, 0x105);
    expect(b.events('tlb_events')).toEqual([]);
    expect(b.read(0x3000)).toBe(0xf0000003);
    expect(b.read(0x3000)).toBe(0xf0000003);
    expect(b.events('tlb_events')).toMatchObject([
      { op: 2, linear: 0x3000, used: 0x103063, fresh: 0x105063, access: 0 },
    ]);
    remap(b, 3, 0x106);
    b.write(0x3000, 7);
    expect(b.events('tlb_events')).toMatchObject([{ op: 2, fresh: 0x106063, access: 1 }]);
    b.mmu.invlpg(0x3000);
    expect(b.read(0x3000)).toBe(0xf0000006);
    expect(b.events('tlb_events')).toMatchObject([{ op: 0, linear: 0x3000 }]);
  });

  it('lets no one read by the rights that an entry had before a write filled it anew', () => {
    for (const everyStore of [false, true]) {
      const b = bench();
      b.mmu.recordEveryStore(everyStore);
      b.mmu.physWrite32(DIRECTORY, TABLE | READY | USER);
      remap(b, 3, 0x103, CLEAN | USER);
      expect(b.read(0x3000, 4, 3)).toBe(0xf0000003);
      // Without INVLPG: the entry keeps U until the write has to walk, to set D.
      remap(b, 3, 0x103, CLEAN);
      expect(b.read(0x3000)).toBe(0xf0000003);
      b.write(0x3000, 1);
      expect(b.faultOf(() => b.read(0x3000, 4, 3))).toBe(5);
    }
  });

  it('sees staleness that comes by the directory, and not a change that was taken back', () => {
    const b = bench();
    b.read(0x3000);
    b.mmu.physWrite32(DIRECTORY, 0);
    b.mmu.physWrite32(DIRECTORY, TABLE | READY);
    b.read(0x3000);
    expect(b.events('tlb_events')).toEqual([]);
    b.mmu.physWrite32(DIRECTORY, 0);
    b.read(0x3000);
    expect(b.events('tlb_events')).toMatchObject([{ op: 2, used: 0x103063, fresh: 0 }]);
  });

  it('holds A and D changes for no staleness, but for a write that will not set D again', () => {
    const b = bench();
    b.read(0x3000);
    remap(b, 3, 0x103, 0x043);
    b.read(0x3000);
    expect(b.events('tlb_events')).toEqual([]);
    remap(b, 3, 0x103, 0x023);
    b.read(0x3000);
    expect(b.events('tlb_events')).toEqual([]);
    b.write(0x3000, 1);
    expect(b.events('tlb_events')).toMatchObject([{ op: 2, used: 0x103063, fresh: 0x103023, access: 1 }]);
    expect(b.peek(TABLE + 12)).toBe(0x103023);
  });

  it('walks again for the first write, so D is set in memory and the newest entry is used', () => {
    const b = bench();
    remap(b, 3, 0x103, 0x001);
    b.read(0x3000);
    remap(b, 3, 0x107, P_RW);
    b.forget();
    b.write(0x3000, 0x55);
    expect(b.peek(0x107000)).toBe(0x55);
    expect(b.peek(TABLE + 12)).toBe(0x107063);
    expect(b.events('tlb_events')).toEqual([]);
  });

  it('faults by what it holds and forgets the page, so that a retry walks', () => {
    const b = bench();
    b.mmu.setCr0(0x80010001 | 0);
    remap(b, 3, 0x103, 0x061);
    b.read(0x3000);
    remap(b, 3, 0x103, READY);
    expect(b.faultOf(() => b.write(0x3000, 1))).toBe(3);
    expect(b.faultOf(() => b.write(0x3000, 1))).toBe(-1);
  });

  it('evicts first in, first out within a set, whatever is hit', () => {
    const b = bench();
    // 8 sets: pages 1, 9, 17, 25 fill set 1.
    for (const page of [1, 9, 17, 25]) b.read(page << 12);
    for (let i = 0; i < 5; i++) b.read(1 << 12);
    for (const page of [1, 9, 17, 25]) remap(b, page, 0x100);
    b.read(33 << 12);
    expect(b.read(9 << 12)).toBe(0xf0000009);
    expect(b.read(1 << 12)).toBe(0xf0000000);
    expect(b.read(9 << 12)).toBe(0xf0000000);
  });

  it('loses all but global pages with CR3, and checks those against the new directory', () => {
    const b = bench();
    b.mmu.setCr4(0x80);
    remap(b, 3, 0x103, READY | GLOBAL);
    b.read(0x3000);
    b.read(0x4000);
    b.poke(0x12000, 0x13000 | READY);
    b.poke(0x13000 + 12, 0x105000 | READY);
    b.poke(0x13000 + 16, 0x106000 | READY);
    b.forget();
    b.mmu.setCr3(0x12000);
    expect(b.read(0x4000)).toBe(0xf0000006);
    expect(b.read(0x3000)).toBe(0xf0000003);
    expect(b.events('tlb_events')).toMatchObject([{ op: 2, used: 0x103163, fresh: 0x105063 }]);
    b.mmu.setCr4(0);
    expect(b.read(0x3000)).toBe(0xf0000005);
    expect(b.events('tlb_events')).toMatchObject([{ op: 1 }]);
  });

  it('drops every fragment of a 4 MB page with one INVLPG', () => {
    const b = bench();
    b.mmu.setCr4(0x10);
    b.poke(DIRECTORY + 4, 0x000000e3);
    expect(b.read(0x503000)).toBe(0xf0000003);
    expect(b.read(0x504000)).toBe(0xf0000004);
    b.mmu.physWrite32(DIRECTORY + 4, 0);
    b.mmu.invlpg(0x7ff000);
    expect(b.faultOf(() => b.read(0x503000))).toBe(0);
    expect(b.faultOf(() => b.read(0x504000))).toBe(0);
  });

  it('serves accesses without attention once it holds the page', () => {
    const b = bench();
    b.read(0x3000);
    b.write(0x3000, 1);
    b.fast = 0;
    b.read(0x3ffc);
    b.write(0x3004, 2, 2);
    expect(b.fast).toBe(2);
    b.read(0x3ffe);
    expect(b.fast).toBe(2);
  });

  it('takes a fault on the second page of a straddling store before it writes the first', () => {
    const b = bench();
    remap(b, 4, 0, 0);
    expect(b.faultOf(() => b.write(0x3ffe, 0x11223344))).toBe(2);
    expect(b.cpu.cr2).toBe(0x4000);
    expect(b.peek(0x103ffc)).toBe(0);
    remap(b, 4, 0x120);
    b.write(0x3ffe, 0x11223344);
    expect(b.peek(0x103ffc)).toBe(0x33440000);
    expect(b.peek(0x120000)).toBe(0xf0001122);
    expect(b.read(0x3ffe)).toBe(0x11223344);
  });

  it('reports stores to decoded code for as long as it is decoded', () => {
    const b = bench();
    b.write(0x3000, 1);
    b.mmu.markCode(0x103);
    b.write(0x3010, 2, 2);
    b.mmu.physWrite8(0x103020, 3);
    expect(b.cpu.codeWrites).toEqual([
      [0x103, 0x10, 2],
      [0x103, 0x20, 1],
    ]);
    b.mmu.unmarkCode(0x103);
    b.write(0x3030, 4);
    b.write(0x3030, 4);
    expect(b.cpu.codeWrites).toHaveLength(2);
  });
});
