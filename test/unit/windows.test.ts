import { describe, expect, it } from 'vitest';
import type { ResolvedProfile } from '../../recorder/machine/config.ts';
import { REG_CR3, REG_CR4, WINDOW_CHECK } from '../../recorder/machine/mmu/bits.ts';
import { MmuBench } from './mmu-fixture.ts';

/** Windows that a profile declares: which accesses are recorded, and that no others are slow. */

const READY = 0x063;
const DIRECTORY = 0x10000;
const OTHER_DIRECTORY = 0x20000;
const TABLE = 0x11000;
const WINDOW_TABLE = 0x12000;
const SLOT = 0x380;
const KMAP = 0xe0000000;
const WORD = 0x7010;

type Windows = NonNullable<ResolvedProfile['windows']>;
const KMAP_WINDOW = { name: 'kmap', kind: 'pages', linear: KMAP, pages: 1 } as const;

/** The first 4 MB mapped onto themselves in both directories, and WINDOW_TABLE at E0000000, which maps 30000h there. */
function mapped(windows: Windows): MmuBench {
  const b = new MmuBench({ profile: { name: 'k', recursiveSlot: -1, alternateSlot: -1, windows } });
  for (const directory of [DIRECTORY, OTHER_DIRECTORY]) {
    b.poke(directory, TABLE | READY);
    b.poke(directory + 4 * SLOT, WINDOW_TABLE | READY);
  }
  for (let page = 0; page < 1024; page++) b.poke(TABLE + 4 * page, (page << 12) | READY);
  for (let page = 0; page < 4; page++) b.poke(WINDOW_TABLE + 4 * page, (0x30 + page) * 4096 + READY);
  b.pagingOn(DIRECTORY);
  b.read(KMAP + 0x3000);
  b.forget();
  return b;
}

describe('a window of pages', () => {
  it('has each store and the first read per fill of the TLB, and the page beside it has none', () => {
    const b = mapped([KMAP_WINDOW]);
    for (const value of [1, 2]) b.write(KMAP + 8, value);
    b.write(KMAP + 12, 0x1ff, 1);
    b.read(KMAP + 8);
    b.read(KMAP + 8);
    b.mmu.invlpg(KMAP);
    b.read(KMAP + 9, 2);
    b.write(KMAP + 0x1000, 5);
    b.read(KMAP + 0x1000);
    const entry = { window: 1, entry: WINDOW_TABLE, fresh: 0x30063, used: 0x30063 };
    expect(b.events('window_accesses')).toMatchObject([
      { ...entry, linear: KMAP + 8, physical: 0x30008, access: 1, value: 1, size: 4 },
      { ...entry, linear: KMAP + 8, access: 1, value: 2 },
      { ...entry, linear: KMAP + 12, access: 1, value: 0xff, size: 1 },
      { ...entry, linear: KMAP + 8, access: 0, value: 2 },
      { ...entry, linear: KMAP + 9, access: 0, value: 0, size: 2 },
    ]);
    expect(b.events('window_switches')).toEqual([]);
  });

  it('has each store to its PTE and each read of it, by whatever address, and those of the PTE beside it not', () => {
    const b = mapped([KMAP_WINDOW]);
    b.write(WINDOW_TABLE, 0x31003);
    b.read(WINDOW_TABLE);
    b.read(WINDOW_TABLE + 2, 4);
    b.write(WINDOW_TABLE + 4, 0x31003);
    b.read(WINDOW_TABLE + 4);
    const place = { window: 1, entry: WINDOW_TABLE, page: KMAP };
    expect(b.events('window_switches')).toMatchObject([
      { ...place, op: 0, linear: WINDOW_TABLE, old: 0x30063, new: 0x31003 },
      { ...place, op: 1, linear: WINDOW_TABLE, old: 0x31003, new: 0x31003 },
      { ...place, op: 1, linear: WINDOW_TABLE + 2 },
    ]);
    expect(b.events('paging_writes').filter(({ source }) => source === 0)).toHaveLength(2);
  });

  it('tells under which PTE a stale translation was filled', () => {
    const b = mapped([KMAP_WINDOW]);
    b.read(KMAP);
    b.write(WINDOW_TABLE, 0x31003);
    b.forget();
    b.write(KMAP, 7);
    expect(b.events('window_accesses')).toMatchObject([
      { physical: 0x30000, used: 0x30063, fresh: 0x31003, access: 1 },
    ]);
    expect(b.peek(0x30000)).toBe(7);
  });

  it('leaves every other page its fast path', () => {
    const b = mapped([KMAP_WINDOW, { name: 'word', kind: 'word', linear: WORD, pages: 0 }]);
    for (const linear of [0x8000, KMAP + 0x2000]) {
      b.write(linear, 1);
      const before = b.fast;
      for (let i = 0; i < 10; i++) b.write(linear, b.read(linear));
      expect(b.fast - before).toBe(20);
    }
    b.read(KMAP);
    const before = b.fast;
    b.read(KMAP + 4);
    b.write(KMAP, 1);
    expect(b.fast - before).toBe(1);
  });

  it('has a table of its own in each directory that has one', () => {
    const b = mapped([{ ...KMAP_WINDOW, pages: 2 }]);
    b.poke(0x13000 + 4, 0x40063);
    b.poke(OTHER_DIRECTORY + 4 * SLOT, 0x13063);
    b.mmu.setCr3(OTHER_DIRECTORY);
    b.write(KMAP + 0x1000, 1);
    b.write(0x13004, 0x41063);
    expect(b.events('window_accesses')).toMatchObject([{ entry: 0x13004, physical: 0x40000 }]);
    expect(b.events('window_switches')).toMatchObject([
      { entry: 0x13004, page: KMAP + 0x1000, new: 0x41063 },
    ]);
  });
});

describe('a window that is a PDE', () => {
  it('has its switches in every directory, its checks in the current one, and accesses to all of its pages', () => {
    const b = mapped([{ name: 'big', kind: 'slot', linear: KMAP, pages: 0 }]);
    b.mmu.setCr3(OTHER_DIRECTORY);
    b.mmu.setCr3(DIRECTORY);
    b.write(DIRECTORY + 4 * SLOT, WINDOW_TABLE | 0x67);
    b.write(OTHER_DIRECTORY + 4 * SLOT, WINDOW_TABLE | 0x67);
    b.read(DIRECTORY + 4 * SLOT);
    b.read(OTHER_DIRECTORY + 4 * SLOT);
    b.read(DIRECTORY);
    expect(b.events('window_switches').map(({ op, entry, page }) => [op, entry, page])).toEqual([
      [0, DIRECTORY + 4 * SLOT, KMAP],
      [0, OTHER_DIRECTORY + 4 * SLOT, KMAP],
      [1, DIRECTORY + 4 * SLOT, KMAP],
    ]);
    b.write(KMAP + 0x2004, 9);
    expect(b.events('window_accesses')).toMatchObject([
      { linear: KMAP + 0x2004, entry: DIRECTORY + 4 * SLOT, fresh: 0x12067, used: 0x12067, value: 9 },
    ]);
  });
});

describe('a window that is no mapping', () => {
  it('has loads and reads of a control register', () => {
    const b = mapped([
      { name: 'cr3', kind: 'cr3', linear: 0, pages: 0 },
      { name: 'cr4', kind: 'cr4', linear: 0, pages: 0 },
    ]);
    b.mmu.controlRead(REG_CR3, DIRECTORY);
    b.mmu.setCr3(OTHER_DIRECTORY);
    b.mmu.setCr4(0x10);
    b.mmu.controlRead(REG_CR4, 0x10);
    expect(
      b.events('window_switches').map(({ window, op, old, new: now }) => [window, op, old, now]),
    ).toEqual([
      [1, WINDOW_CHECK, DIRECTORY, DIRECTORY],
      [1, 0, DIRECTORY, OTHER_DIRECTORY],
      [2, 0, 0, 0x10],
      [2, WINDOW_CHECK, 0x10, 0x10],
    ]);
  });

  it('has each store to a word and each read of it, also of a part', () => {
    const b = mapped([{ name: 'current', kind: 'word', linear: WORD, pages: 0 }]);
    b.write(WORD, 0x11223344);
    b.write(WORD + 1, 0xaa, 1);
    b.write(WORD - 2, 0x55667788);
    b.write(WORD + 2, 0x99887766);
    b.read(WORD + 3, 1);
    b.read(WORD);
    b.write(WORD + 4, 1);
    b.write(WORD - 4, 1);
    const place = { window: 1, entry: WORD, page: WORD };
    expect(b.events('window_switches')).toMatchObject([
      { ...place, op: 0, linear: WORD, old: 0, new: 0x11223344 },
      { ...place, op: 0, linear: WORD + 1, old: 0x11223344, new: 0x1122aa44 },
      { ...place, op: 0, linear: WORD - 2, old: 0x1122aa44, new: 0x11225566 },
      { ...place, op: 0, linear: WORD + 2, old: 0x11225566, new: 0x77665566 },
      { ...place, op: 1, linear: WORD + 3, old: 0x77665566 },
      { ...place, op: 1, linear: WORD },
    ]);
    expect(b.peek(WORD)).toBe(0x77665566);
  });
});

it('a machine that records nothing has no windows', () => {
  const b = new MmuBench({
    record: false,
    profile: { name: 'k', recursiveSlot: -1, alternateSlot: -1, windows: [KMAP_WINDOW] },
  });
  b.poke(DIRECTORY + 4 * SLOT, WINDOW_TABLE | READY);
  b.poke(WINDOW_TABLE, 0x30063);
  b.pagingOn(DIRECTORY);
  b.write(KMAP, 1);
  b.write(KMAP, 2);
  expect(b.fast).toBe(1);
});
