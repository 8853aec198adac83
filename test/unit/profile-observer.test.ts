import { describe, expect, it } from 'vitest';
import type { ResolvedProfile } from '../../recorder/machine/config.ts';
import { MmuBench } from './mmu-fixture.ts';

const READY = 0x063;
const CURRENT = 0x3000;
const PROFILE: ResolvedProfile = {
  name: 'processes',
  recursiveSlot: -1,
  alternateSlot: -1,
  process: { current: CURRENT, pid: 8, comm: 16 },
};

describe('the profile observer', () => {
  it('says who runs under a directory when that is news', () => {
    const b = new MmuBench({ profile: PROFILE });
    for (const directory of [0x10000, 0x20000]) b.poke(directory, 0x11000 | READY);
    for (let page = 0; page < 16; page++) b.poke(0x11000 + page * 4, (page << 12) | READY);
    b.poke(0x5000 + 8, 42);
    for (const [i, word] of [0x74696e69, 1, 2, 3].entries()) b.poke(0x5000 + 16 + 4 * i, word);
    b.pagingOn(0x10000);
    b.mmu.setCr3(0x20000);
    expect(b.events('contexts')).toMatchObject([{ cr3: 0x20000, proc: 0, pid: 0 }]);
    b.poke(CURRENT, 0x5000);
    b.mmu.setCr3(0x10000);
    b.mmu.setCr3(0x10000);
    expect(b.events('contexts')).toMatchObject([
      { cr3: 0x10000, proc: 0x5000, pid: 42, comm0: 0x74696e69, comm1: 1, comm2: 2, comm3: 3 },
    ]);
    const observer = b.mmu.observer!;
    const saved = observer.save();
    observer.restore(saved);
    b.mmu.setCr3(0x10000);
    expect(b.events('contexts')).toEqual([]);
    b.poke(CURRENT, 0xffff0000);
    b.mmu.setCr3(0x10000);
    expect(b.events('contexts')).toMatchObject([{ proc: 0xffff0000, pid: 0 }]);
  });

  it('waits for the return to user mode where the pointer is set after CR3', () => {
    const b = new MmuBench({
      profile: { ...PROFILE, process: { current: CURRENT, pid: 8, comm: 16, afterCr3: true } },
    });
    b.poke(0x10000, 0x11000 | READY);
    for (let page = 0; page < 16; page++) b.poke(0x11000 + page * 4, (page << 12) | READY);
    b.poke(0x5000 + 8, 42);
    b.pagingOn(0x10000);
    b.mmu.setCr3(0x10000);
    expect(b.events('contexts')).toEqual([]);
    b.poke(CURRENT, 0x5000);
    b.mmu.observer!.returnsToUser(0x10000);
    b.mmu.observer!.returnsToUser(0x10000);
    expect(b.events('contexts')).toMatchObject([{ cr3: 0x10000, proc: 0x5000, pid: 42 }]);
  });

  it('reads an id of 16 bits', () => {
    const process = { current: CURRENT, pid: 6, pidBytes: 2 as const, comm: 16 };
    const b = new MmuBench({ profile: { ...PROFILE, process } });
    b.poke(0x10000, 0x11000 | READY);
    for (let page = 0; page < 16; page++) b.poke(0x11000 + page * 4, (page << 12) | READY);
    b.poke(CURRENT, 0x5000);
    b.poke(0x5000 + 4, 0xffff_0003 | 0);
    b.poke(0x5000 + 8, 0x1234_5678);
    b.pagingOn(0x10000);
    b.mmu.setCr3(0x10000);
    expect(b.events('contexts')).toMatchObject([{ proc: 0x5000, pid: 0xffff }]);
  });
});
