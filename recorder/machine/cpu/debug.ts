import { CR4_DE } from '../control-registers.ts';
import type { MachineMemory } from '../layout.ts';
import type { Mmu } from '../mmu/mmu.ts';
import { CR4, DEBUG_PENDING, DR } from './state.ts';

/** Debug registers and the #DB exceptions that they raise (80386 Programmer's Reference, chapter 12). */

/** DR6 (80386 Programmer's Reference, 12.2.4). */
export const DR6_BD = 0x2000;
export const DR6_BS = 0x4000;
export const DR6_BT = 0x8000;
const DR6_HITS = 15;
export const DR6_FIXED = 0xffff0ff0 | 0;
/** DR7 (12.2.3). */
export const DR7_GD = 0x2000;
export const DR7_FIXED = 0x400;
const DR7_LOCAL = 0x155;

/** R/W fields: the kind of access. */
const EXECUTE = 0;
const WRITE = 1;
/** With CR4.DE (Pentium manual, volume 3, 17.2.2); undefined without. */
const PORT = 2;
const ACCESS = 3;

/** Bytes, by LEN field; 2 is undefined. */
const LENGTHS = [1, 2, 1, 4];

/**
 * DR0-DR7 and derived state. Nothing is compared while nothing is armed: data breakpoints withhold the fast path from their pages, and
 * blocks end at execution breakpoints only while one is armed.
 */
export class DebugRegisters {
  mmu!: Mmu;
  /** DERIVED: an execution breakpoint is armed. */
  executes = false;
  /** DERIVED: a port breakpoint is armed. */
  ports = false;
  /** DERIVED: execution breakpoints were armed, so linked blocks must be dropped. */
  changed = false;
  /** Ends the running block after the current instruction. */
  cut: () => void = () => {};
  /** TF was set when the current instruction began, and nothing has been delivered since. */
  stepping = false;
  private readonly i32: Int32Array;

  constructor(mem: MachineMemory) {
    this.i32 = mem.i32;
  }

  /** Updates derived state after a change of DR0-DR3, DR7 or CR4.DE, or a restore. */
  update(): void {
    const pages = new Set<number>();
    const executed = this.executes;
    this.executes = false;
    this.ports = false;
    for (let n = 0; n < 4; n++) {
      if (!this.enabled(n)) continue;
      const kind = this.kind(n);
      if (kind === EXECUTE) this.executes = true;
      else if (kind === PORT) this.ports = (this.i32[CR4] & CR4_DE) !== 0;
      else pages.add(this.i32[DR + n] >>> 12);
    }
    this.changed = this.executes && !executed;
    this.mmu.watchData(pages.size > 0 ? pages : null, this);
  }

  /** Local enables end with the task (12.2.3). */
  dropLocal(): void {
    const { i32 } = this;
    if ((i32[DR + 7] & DR7_LOCAL) === 0) return;
    i32[DR + 7] &= ~DR7_LOCAL;
    this.update();
  }

  private enabled(n: number): boolean {
    return ((this.i32[DR + 7] >>> (2 * n)) & 3) !== 0;
  }
  private kind(n: number): number {
    return (this.i32[DR + 7] >>> (16 + 4 * n)) & 3;
  }

  /**
   * B bits of the breakpoints of `kinds` (a set) that `size` bytes from `at` touch; 0 unless one of them is enabled,
   * for B shows those too that are not (12.2.4).
   */
  private match(at: number, size: number, kinds: number): number {
    const { i32 } = this;
    let hits = 0;
    let fires = false;
    for (let n = 0; n < 4; n++) {
      if (((kinds >>> this.kind(n)) & 1) === 0) continue;
      const length = LENGTHS[(i32[DR + 7] >>> (18 + 4 * n)) & 3];
      // Addresses are aligned to the length (12.2.3); the last byte may be that of the address space.
      const first = (i32[DR + n] & -length) >>> 0;
      const from = at >>> 0;
      if (from >= first + length || from + size <= first) continue;
      hits |= 1 << n;
      fires ||= this.enabled(n);
    }
    return fires ? hits : 0;
  }

  /** B bits of the execution breakpoints at linear address `at`. */
  executionHits(at: number): number {
    return this.match(at, 1, 1 << EXECUTE);
  }

  /** Data was read or written at a linear address on a watched page: a trap follows the instruction. */
  dataRead(at: number, size: number): void {
    this.met(this.match(at, size, 1 << ACCESS));
  }
  dataWritten(at: number, size: number): void {
    this.met(this.match(at, size, (1 << WRITE) | (1 << ACCESS)));
  }

  portUsed(port: number, size: number): void {
    if (this.ports) this.met(this.match(port, size, 1 << PORT));
  }

  private met(hits: number): void {
    if (hits === 0) return;
    this.i32[DEBUG_PENDING] |= hits;
    this.cut();
  }

  get pending(): number {
    return this.i32[DEBUG_PENDING] & DR6_HITS;
  }
}
