import type { Linear, Physical } from '../../../schemas/units.ts';
import type { ProcessLayout, ResolvedProfile } from '../config.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import type { EventLog } from './event-log.ts';

/** Reads the running process named by a guest profile at the relevant moments and records it. */

/** The observer's way to read guest memory: without any effect on it. */
interface Looker {
  translateForDebug(linear: Linear): Physical;
}

const COMM_WORDS = 4;
/** proc, pid and the command name. */
const FACTS = 2 + COMM_WORDS;

/**
 * Records the process that runs under a page directory. On a CR3 load, or on a return to user mode if the kernel sets its pointer later,
 * it follows the guest's pointer to the current process (guest profile, `process`) and records a `contexts` event if the process differs
 * from the last one recorded for this CR3. The kernel's half is the same in every directory, so the new directory can be used for
 * reading.
 */
export class ProfileObserver {
  private readonly layout: ProcessLayout;
  private readonly mem: MachineMemory;
  private readonly looker: Looker;
  private readonly log: EventLog;
  /** Facts last recorded, by CR3. */
  private readonly recorded = new Map<number, Int32Array>();
  private readonly facts = new Int32Array(FACTS);
  /** The linear page last translated within one look, and the physical address of its frame, negative for none. */
  private page = -1;
  private frame = -1;

  private constructor(layout: ProcessLayout, mem: MachineMemory, looker: Looker, log: EventLog) {
    this.layout = layout;
    this.mem = mem;
    this.looker = looker;
    this.log = log;
  }

  /** An observer, if the profile locates the process. */
  static for(
    profile: ResolvedProfile,
    mem: MachineMemory,
    looker: Looker,
    log: EventLog,
  ): ProfileObserver | null {
    return profile.process ? new ProfileObserver(profile.process, mem, looker, log) : null;
  }

  /** True if it looks at each load of CR3. */
  get looksAtLoads(): boolean {
    return !this.layout.afterCr3;
  }

  directoryLoaded(cr3: number): void {
    if (this.looksAtLoads) this.look(cr3);
  }

  /** Called when the kernel returns to user mode under this CR3. */
  returnsToUser(cr3: number): void {
    if (this.layout.afterCr3) this.look(cr3);
  }

  private look(cr3: number): void {
    const { facts, layout } = this;
    this.page = -1;
    const proc = this.word(layout.current);
    facts[0] = proc;
    facts[1] = proc === 0 ? 0 : this.word(proc + layout.pid);
    if (layout.pidBytes === 2) facts[1] &= 0xffff;
    for (let i = 0; i < COMM_WORDS; i++)
      facts[2 + i] = proc === 0 ? 0 : this.word(proc + layout.comm + 4 * i);
    let last = this.recorded.get(cr3);
    if (last && isSame(last, facts)) return;
    if (!last) {
      last = new Int32Array(FACTS);
      this.recorded.set(cr3, last);
    }
    last.set(facts);
    this.log.add('contexts', facts[0], facts[1], facts[2], facts[3], facts[4], facts[5]);
  }

  /** Saves rows [cr3, facts...] of the recorded processes, which determine later records and are therefore part of a snapshot. */
  save(): Int32Array {
    const rows = [...this.recorded].sort(([a], [b]) => a - b);
    return Int32Array.from(rows.flatMap(([cr3, facts]) => [cr3, ...facts]));
  }

  restore(rows: Int32Array): void {
    this.recorded.clear();
    for (let at = 0; at < rows.length; at += 1 + FACTS) {
      this.recorded.set(rows[at], rows.slice(at + 1, at + 1 + FACTS));
    }
  }

  /** Reads a word of guest memory; 0 where nothing is mapped. */
  private word(linear: Linear): number {
    const vpn = linear >>> 12;
    if (vpn !== this.page) {
      this.page = vpn;
      this.frame = this.looker.translateForDebug((vpn << 12) | 0);
    }
    const physical = this.frame + (linear & 0xfff);
    if (this.frame < 0 || physical + 4 > this.mem.ramBytes) return 0;
    return this.mem.view.getInt32(RAM + physical, true);
  }
}

/** Without a closure: this is asked at every change of the address space. */
function isSame(a: Int32Array, b: Int32Array): boolean {
  for (let n = 0; n < FACTS; n++) if (a[n] !== b[n]) return false;
  return true;
}
