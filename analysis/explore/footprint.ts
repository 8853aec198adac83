import { CR0_PG } from '../../recorder/machine/control-registers.ts';
import { ESP } from '../../recorder/machine/cpu/state.ts';
import { CPU_STATE, RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { EveryAccess } from '../../recorder/machine/state/every-access.ts';

/**
 * The memory that code touches while it runs, by physical words: what it reads and writes, and the entries of the page tables that each of
 * its accesses depends on, also where the TLB still holds them.
 */
export interface Touched {
  /** Physical addresses >>> 2. */
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
}

/** Bytes that one instruction can push (PUSHAD): they lie below the ESP that it still has. */
const ONE_PUSH = 32;
const PRESENT = 1;
const LARGE = 0x80;
const FRAME_BITS = 0xfffff000;
/** Ports of the clocks: 8254 and RTC. */
const isClock = (port: number): boolean => (port >= 0x40 && port <= 0x43) || port === 0x71;

/** Sees every access of a machine between `attach` and `detach`. */
export class Footprint {
  private readonly machine: Machine;
  private readonly watch: EveryAccess;
  /** Linear addresses from here up to the ESP of an instruction's pushes are left out; -1 for none. */
  private readonly deadBelow: number;
  /** Words, doubled, and 1 for a write; and the icount of each access. */
  private readonly seen: number[] = [];
  private readonly icounts: number[] = [];
  /** A port of a clock was read or written. */
  readsClock = false;

  /**
   * With `deadBelow`, what lies on the stack below that linear address is left out: an interrupted context has no use for it, and the
   * handler's frames are there.
   */
  constructor(machine: Machine, deadBelow = -1) {
    this.machine = machine;
    this.deadBelow = deadBelow;
    this.watch = new EveryAccess(machine, (linear, physical, size, write, byProgram) => {
      if (byProgram && this.isDead(linear >>> 0)) return;
      const { icount } = machine;
      const last = ((physical >>> 0) + size - 1) >>> 2;
      for (let word = physical >>> 2; word <= last; word++) this.note(icount, word, write);
      if (byProgram) this.walk(linear, icount);
    });
  }

  attach(): void {
    this.machine.watchFor(this.watch);
    this.machine.devices.bus.onAccess = (port) => {
      if (isClock(port)) this.readsClock = true;
    };
  }

  detach(): void {
    this.machine.devices.bus.onAccess = null;
    this.machine.watchFor(null);
  }

  /** The entries that the translation of `linear` depends on. */
  private walk(linear: number, icount: number): void {
    const { cpu, mem } = this.machine;
    if ((cpu.cr0 & CR0_PG) === 0) return;
    const directory = ((cpu.cr3 & FRAME_BITS) >>> 0) + (linear >>> 22) * 4;
    this.note(icount, directory >>> 2, false);
    if (directory >= mem.ramBytes) return;
    const entry = mem.i32[(RAM + directory) >>> 2];
    if ((entry & PRESENT) === 0 || (entry & LARGE) !== 0) return;
    const table = ((entry & FRAME_BITS) >>> 0) + ((linear >>> 12) & 1023) * 4;
    this.note(icount, table >>> 2, false);
  }

  private note(icount: number, word: number, write: boolean): void {
    this.seen.push(word * 2 + Number(write));
    this.icounts.push(icount);
  }

  private isDead(linear: number): boolean {
    if (this.deadBelow < 0 || linear >= this.deadBelow) return false;
    return linear >= (this.machine.mem.i32[(CPU_STATE >>> 2) + ESP] >>> 0) - ONE_PUSH;
  }

  /** Of the instructions up to `icount`, this one included. */
  upTo(icount: number): Touched {
    const reads = new Set<number>();
    const writes = new Set<number>();
    // In the order of the run.
    for (let n = 0; n < this.seen.length && this.icounts[n] <= icount; n++) {
      const word = Math.floor(this.seen[n] / 2);
      (this.seen[n] % 2 === 1 ? writes : reads).add(word);
    }
    return { reads, writes };
  }

  /** Of all instructions since this was last asked. */
  sinceLast(): Touched {
    const touched = this.upTo(Number.POSITIVE_INFINITY);
    this.seen.length = 0;
    this.icounts.length = 0;
    return touched;
  }
}

const meet = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const one of few) if (many.has(one)) return true;
  return false;
};

/** True if one writes what the other reads or writes. */
export const conflict = (a: Touched, b: Touched): boolean =>
  meet(a.writes, b.writes) || meet(a.writes, b.reads) || meet(a.reads, b.writes);
