import { describe, expect, it } from 'vitest';
import type { MachineConfig, ResolvedProfile } from '../../recorder/machine/config.ts';
import { STRUCTURE_CAUSE, STRUCTURE_OP, STRUCTURE_ROLE } from '../../schemas/events.ts';
import { MmuBench } from './mmu-fixture.ts';

const READY = 0x063;
const PROFILE: ResolvedProfile = { name: 'windows', recursiveSlot: 959, alternateSlot: 1023 };
const PTMAP = 0xefc00000;
const PTD = 0xeffbf000;
const APTMAP = 0xffc00000;

/** Two address spaces after pmap-history.md, section 1: directories 0x10000 and 0x20000, tables 0x11000 and 0x21000. */
function spaces(options = {}): MmuBench {
  const b = new MmuBench({ profile: PROFILE, ...options });
  for (const dir of [0x10000, 0x20000]) {
    const table = dir + 0x1000;
    b.poke(dir, table | READY);
    b.poke(dir + 959 * 4, dir | READY);
    for (let page = 0; page < 64; page++) b.poke(table + page * 4, (page << 12) | READY);
  }
  b.pagingOn(0x10000);
  return b;
}

describe('tracking', () => {
  it('adopts the entries that a structure holds when the walker first uses it', () => {
    const b = spaces();
    expect(b.events('paging_writes')).toMatchObject([
      { physical: 0x10000, dir: 0x10000, slot: 0, level: 1, old: 0, new: 0x11063, source: 3 },
      { physical: 0x10efc, dir: 0x10000, slot: 959, level: 1, new: 0x10063, source: 3 },
    ]);
    b.read(0x5000);
    const rows = b.events('paging_writes');
    expect(rows).toHaveLength(64);
    expect(rows[5]).toMatchObject({
      physical: 0x11014,
      dir: 0x10000,
      slot: 0,
      vpn: 5,
      level: 2,
      new: 0x5063,
    });
    b.read(0x6000);
    expect(b.events('paging_writes')).toEqual([]);
  });

  it('records stores by direct, recursive and alternate mappings, by DMA and by the walk', () => {
    const b = spaces();
    b.write(0x11000 + 7 * 4, 0x107003);
    b.forget();
    b.write(0x11000 + 7 * 4, 0x108003);
    b.write(PTMAP + 8 * 4, 0x109003);
    b.write(PTD + 700 * 4, 0);
    b.mmu.physWrite32(0x11000 + 9 * 4, 0x10a003);
    b.read(0x8000);
    b.write(0x8000, 1);
    const seen = b.events('paging_writes').filter((row) => row.source !== 3);
    expect(seen).toMatchObject([
      {
        linear: 0x1101c,
        physical: 0x1101c,
        vpn: 7,
        level: 2,
        old: 0x107003,
        new: 0x108003,
        via: 1,
        source: 0,
      },
      {
        linear: PTMAP + 32,
        physical: 0x11020,
        dir: 0x10000,
        slot: 0,
        vpn: 8,
        new: 0x109003,
        via: 2,
        source: 0,
      },
      { linear: PTD + 2800, physical: 0x10af0, dir: 0x10000, slot: 700, level: 1, via: 2, source: 0 },
      { linear: 0, physical: 0x11024, vpn: 9, new: 0x10a003, via: 0, source: 2 },
      { linear: 0, physical: 0x11020, vpn: 8, old: 0x109003, new: 0x109023, via: 0, source: 1 },
      { linear: 0, physical: 0x11020, vpn: 8, old: 0x109023, new: 0x109063, via: 0, source: 1 },
    ]);
  });

  it('follows the alternate window into the other space, which has a history before it runs', () => {
    const b = spaces();
    b.write(PTD + 1023 * 4, 0x20063);
    expect(b.events('aptd_switches')).toMatchObject([{ op: 0, linear: PTD + 4092, old: 0, new: 0x20063 }]);
    expect(b.read(PTD + 1023 * 4)).toBe(0x20063);
    b.read(PTD + 1023 * 4);
    b.read(PTD + 1022 * 4);
    expect(b.events('aptd_switches')).toMatchObject([{ op: 1 }, { op: 1, old: 0x20063 }]);
    b.forget();
    expect(b.read(APTMAP + 5 * 4)).toBe(0x5063);
    b.read(APTMAP + 6 * 4);
    expect(b.events('apt_accesses')).toMatchObject([
      {
        linear: APTMAP + 20,
        physical: 0x21014,
        access: 0,
        apt: 0x20063,
        used: 0x20063,
        value: 0x5063,
        size: 4,
      },
    ]);
    const adopted = b.events('paging_writes');
    expect(adopted.every((row) => row.source === 3)).toBe(true);
    expect(adopted.filter((row) => row.level === 1).every((row) => row.dir === 0x20000)).toBe(true);
    expect(adopted.filter((row) => row.level === 2 && row.dir === 0x20000)).toHaveLength(64);
    b.write(APTMAP + 5 * 4, 0x30003);
    b.write(APTMAP + 5 * 4, 0x31003);
    expect(b.events('apt_accesses')).toMatchObject([{ access: 1 }, { access: 1, value: 0x31003 }]);
    expect(b.events('paging_writes')).toMatchObject([
      { physical: 0x21014, dir: 0x20000, slot: 0, vpn: 5, new: 0x30003, via: 3 },
      { physical: 0x21014, dir: 0x20000, slot: 0, vpn: 5, new: 0x31003, via: 3 },
    ]);
    // The foreign directory itself, at FFFBF000: its page table of slot 958 is set (vm_fork, step 2).
    b.write(0xfffbfef8, 0x22063);
    expect(b.events('paging_writes').at(-1)).toMatchObject({
      physical: 0x20ef8,
      dir: 0x20000,
      slot: 958,
      level: 1,
    });
  });

  it('tells under which alternate directory a stale window translation was filled', () => {
    const b = spaces();
    b.write(PTD + 1023 * 4, 0x20063);
    b.read(APTMAP);
    b.poke(0x40000 + 959 * 4, 0x40063);
    b.poke(0x40000, 0x41063);
    b.write(PTD + 1023 * 4, 0x40063);
    b.forget();
    b.write(APTMAP, 0x77003);
    expect(b.events('apt_accesses')).toMatchObject([
      { access: 1, apt: 0x40063, used: 0x20063, physical: 0x21000 },
    ]);
    expect(b.events('tlb_events')).toMatchObject([{ op: 2, access: 1 }]);
    expect(b.events('paging_writes')).toMatchObject([{ physical: 0x21000, dir: 0x20000, via: 3 }]);
  });

  it('splits a store that overlaps two entries, and shows whole entries for a narrow one', () => {
    const b = spaces();
    b.write(PTMAP + 100 * 4, 0);
    b.forget();
    b.write(PTMAP + 100 * 4 + 2, 0xaabbccdd);
    b.write(PTMAP + 102 * 4 + 1, 0x12, 1);
    expect(b.events('paging_writes')).toMatchObject([
      { vpn: 100, old: 0, new: 0xccdd0000 },
      { vpn: 101, old: 0, new: 0x0000aabb },
      { vpn: 102, old: 0, new: 0x00001200 },
    ]);
  });

  it('tells of writes by bus masters and pokes alone, and withholds no fast path for it', () => {
    const b = spaces();
    const told: number[][] = [];
    b.mmu.onDeviceWrite = (physical, size) => told.push([physical, size]);
    b.mmu.recordEveryStore(true);
    b.read(0x8000);
    b.write(0x8000, 1);
    b.mmu.physWrite32(0x8ffe, 2);
    b.mmu.poke(0x9004, 2, 3);
    expect(told).toEqual([
      [0x8ffe, 1],
      [0x8fff, 1],
      [0x9000, 1],
      [0x9001, 1],
      [0x9004, 2],
    ]);
    // Compiled code makes its stores by such slots.
    expect(b.mmu.slotButForStores(0x8000)).not.toBe(0);
  });

  it('stops when nothing can walk the table any more, and starts again with an adoption', () => {
    const b = spaces();
    b.mmu.physWrite32(0x10004, 0x30003);
    expect(b.faultOf(() => b.read(0x400000))).toBe(0);
    b.mmu.physWrite32(0x30000, 0x31003);
    b.read(0x400000);
    b.forget();
    b.mmu.physWrite32(0x30000, 0x32003);
    expect(b.events('paging_writes')).toHaveLength(1);
    b.mmu.physWrite32(0x10004, 0);
    b.forget();
    b.mmu.physWrite32(0x30000, 0x33003);
    expect(b.events('paging_writes')).toEqual([]);
    b.mmu.invlpg(0x400000);
    b.mmu.physWrite32(0x10008, 0x30003);
    b.forget();
    b.read(0x800000);
    expect(b.events('paging_writes')[0]).toMatchObject({ slot: 2, vpn: 0x800, new: 0x33003, source: 3 });
  });

  it('forgets a directory that no longer names itself, with the tables that only it named', () => {
    const b = spaces();
    b.read(0x5000);
    b.mmu.setCr3(0x20000);
    b.read(0x5000);
    b.mmu.physWrite32(0x10000 + 959 * 4, 0);
    b.forget();
    b.mmu.physWrite32(0x10000, 1);
    b.mmu.physWrite32(0x11000, 1);
    expect(b.events('paging_writes')).toEqual([]);
    b.mmu.physWrite32(0x21000, 1);
    expect(b.events('paging_writes')).toHaveLength(1);
  });

  /** Op, role, address, directory, slot and cause, by name. */
  const changes = (b: MmuBench) =>
    b
      .events('structure_changes')
      .map(({ op, role, physical, dir, slot, cause }) => [
        ...[STRUCTURE_OP[op], STRUCTURE_ROLE[role], physical, dir, slot, STRUCTURE_CAUSE[cause]],
      ]);

  it('tells when frames become structures and cease to be such, and why', () => {
    const b = spaces();
    expect(changes(b)).toEqual([['begin', 'directory', 0x10000, 0x10000, 0, 'cr3']]);
    b.read(0x5000);
    expect(changes(b)).toEqual([['begin', 'table', 0x11000, 0x10000, 0, 'walk']]);
    b.write(PTD + 1023 * 4, 0x20063);
    b.read(APTMAP);
    expect(changes(b)).toEqual([
      ['begin', 'table', 0x10000, 0x10000, 959, 'walk'],
      ['begin', 'directory', 0x20000, 0x20000, 0, 'window'],
      ['begin', 'table', 0x20000, 0x10000, 1023, 'walk'],
      ['begin', 'table', 0x21000, 0x20000, 0, 'window'],
    ]);
    b.mmu.physWrite32(0x20000, 0);
    expect(changes(b)).toEqual([['end', 'table', 0x21000, 0x20000, 0, 'unnamed']]);
    b.mmu.physWrite32(0x20000 + 959 * 4, 0);
    expect(changes(b)).toEqual([['end', 'directory', 0x20000, 0x20000, 0, 'recursive_slot']]);
  });

  it('tells nothing of that in a trace of version 0.2', () => {
    const b = spaces({ config: { eventRevision: 0 } });
    b.read(0x5000);
    b.mmu.physWrite32(0x10000, 0);
    expect(changes(b)).toEqual([]);
  });

  it('records every store with detail stores, old and new', () => {
    const b = spaces({ config: { detail: 'stores' } });
    b.mmu.recordEveryStore(true);
    b.write(0x3000, 0x1234);
    b.write(0x3000, 0xff, 1);
    b.write(PTMAP + 40, 5);
    expect(b.events('stores')).toMatchObject([
      { linear: 0x3000, physical: 0x3000, size: 4, old: 0, new: 0x1234 },
      { linear: 0x3000, size: 1, old: 0x34, new: 0xff },
      { linear: PTMAP + 40, physical: 0x11028, size: 4, old: 0xa063, new: 5 },
    ]);
  });

  it('has no stale fast path after any of it: random stores are all recorded', () => {
    const b = spaces();
    let seed = 12345;
    const random = (n: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % n;
    const before = [...new Uint32Array(b.mem.memory.buffer, 0x800000 + 0x11000, 1024)];
    b.read(0x5000);
    b.forget();
    for (let i = 0; i < 5000; i++) {
      const index = 100 + random(900);
      const value = random(1 << 24);
      if (random(3) === 0) b.write(0x11000 + index * 4, value);
      else if (random(2) === 0) b.write(PTMAP + index * 4, value);
      else b.mmu.physWrite32(0x11000 + index * 4, value);
      if (random(50) === 0) b.mmu.endOfHashPeriod();
      if (random(50) === 0) b.mmu.invlpg(0x11000);
    }
    for (const row of b.events('paging_writes')) {
      if (row.level !== 2 || row.source === 3) continue;
      expect(row.old).toBe(before[row.vpn]);
      before[row.vpn] = row.new;
    }
    expect([...new Uint32Array(b.mem.memory.buffer, 0x800000 + 0x11000, 1024)]).toEqual(before);
  });
});

describe('a directory in a guest without a recursive slot', () => {
  const DIRECTORY = 0x20000;
  const TABLE = 0x21000;

  /** Runs at 1000h under 10000h; 20000h has run before, with a table of its own for slot 1 and that of the code for slot 0. */
  function ran(config: Partial<MachineConfig> = {}): MmuBench {
    const b = new MmuBench({ config });
    b.poke(0x10000, 0x11000 | READY);
    for (let page = 0; page < 256; page++) b.poke(0x11000 + page * 4, (page << 12) | READY);
    b.poke(DIRECTORY, 0x11000 | READY);
    b.poke(DIRECTORY + 4, TABLE | READY);
    b.poke(TABLE, 0x30000 | READY);
    b.pagingOn(DIRECTORY);
    b.read(0x400000);
    b.mmu.setCr3(0x10000);
    b.events('paging_writes');
    return b;
  }

  it('is one no more when it does not map the executing code, as when its page is freed and filled', () => {
    const b = ran();
    const stores = () => b.events('paging_writes').filter(({ source }) => source === 0);
    b.write(DIRECTORY, 0x01010101);
    expect(stores()).toMatchObject([{ dir: DIRECTORY, slot: 0, new: 0x01010101 }]);
    const [end] = b.events('structure_changes').filter(({ op }) => op === 1);
    expect(end).toMatchObject({ physical: DIRECTORY, cause: STRUCTURE_CAUSE.indexOf('code') });
    b.write(DIRECTORY + 8, 0x01010101);
    b.write(TABLE + 4, 1);
    expect(stores()).toEqual([]);
    b.poke(DIRECTORY, 0x11000 | READY);
    b.mmu.setCr3(DIRECTORY);
    expect(b.events('paging_writes').map(({ slot, source }) => [slot, source])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });

  it('stays one for a trace of version 0.1, until it is empty', () => {
    const b = ran({ trackingRevision: 0 });
    b.write(DIRECTORY, 0x01010101);
    b.write(DIRECTORY + 8, 0x01010101);
    expect(b.events('paging_writes').filter(({ source }) => source === 0)).toHaveLength(2);
  });

  it('stays one while another entry leads to the code, or other slots change', () => {
    const b = ran();
    for (let page = 0; page < 256; page++) b.poke(0x12000 + page * 4, (page << 12) | READY);
    b.write(DIRECTORY, 0x12000 | READY);
    b.write(DIRECTORY, 0x83);
    b.write(DIRECTORY + 4, 0);
    b.write(DIRECTORY + 8, 0x01010101);
    expect(b.events('paging_writes').filter(({ source }) => source === 0)).toHaveLength(4);
  });
});
