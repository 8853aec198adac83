import { CR0_PG, CR0_TS } from '../../control-registers.ts';
import type { Core } from '../core.ts';
import {
  baseOf,
  dplOf,
  isCode,
  isConforming,
  isNull,
  isPresent,
  LDT,
  limitOf,
  SEGMENT_PRESENT,
  SELECTOR_LDT,
  SELECTOR_RPL,
  TSS_16,
  TSS_32,
  TSS_BUSY,
  typeOf,
} from '../descriptors.ts';
import { GENERAL_PROTECTION, INVALID_TSS, SEGMENT_NOT_PRESENT } from '../fault.ts';
import { NT, RF, VM } from '../flags.ts';
import type { Restart } from '../restart.ts';
import { CPL, CR0, CR3, CS, DS, EAX, EDI, EIP, ES, ESP, FS, GS, LDTR, SS, TR } from '../state.ts';
import { SWITCH_TASK } from './interrupt-depth.ts';

/** Task switches and the TSS (80386 Programmer's Reference, chapter 7). */

/** The reason for a task switch, which determines busy bits, NT and the back link (table 7-2). */
export const BY_JUMP = 0;
export const BY_CALL = 1;
export const BY_IRET = 2;

const CR3_KNOWN = ~0xfe7;

/** Layout of a TSS: 80386 figure 7-1, 80286 figure (PRM 80286, 8-2); byte offsets. */
const LAYOUT_32 = {
  size: 4,
  minimum: 103,
  cr3: 0x1c,
  eip: 0x20,
  flags: 0x24,
  registers: 0x28,
  segments: 0x48,
  count: 6,
  ldt: 0x60,
};
const LAYOUT_16 = {
  size: 2,
  minimum: 43,
  cr3: 0,
  eip: 0x0e,
  flags: 0x10,
  registers: 0x12,
  segments: 0x22,
  count: 4,
  ldt: 0x2a,
};
const TRAP_BIT = 0x64;

/** Task state segments and the switch between them (80386 Programmer's Reference, chapter 7). */
export class Tasks {
  private readonly core: Core;
  private readonly restart: Restart;
  /** The task that was entered has its T bit set: a debug trap follows (12.1.3). */
  trap = false;

  constructor(core: Core, restart: Restart) {
    this.core = core;
    this.restart = restart;
  }

  private get is32(): boolean {
    return (typeOf(this.core.segments.attributes(TR)) & 8) !== 0;
  }

  /** SS:ESP for privilege `cpl` from the current TSS, as [ss, esp] in fields. */
  stackSelector = 0;
  stackPointer = 0;
  readStack(cpl: number): void {
    const { segments, access } = this.core;
    const { is32 } = this;
    const offset = is32 ? 4 + cpl * 8 : 2 + cpl * 4;
    const last = offset + (is32 ? 5 : 3);
    if ((segments.attributes(TR) & SEGMENT_PRESENT) === 0 || last > segments.limit(TR) >>> 0) {
      segments.refuse(INVALID_TSS, segments.selector(TR));
    }
    const base = segments.base(TR);
    this.stackPointer = access.systemRead((base + offset) | 0, is32 ? 4 : 2);
    this.stackSelector = access.systemRead((base + offset + (is32 ? 4 : 2)) | 0, 2);
  }

  /** True if the I/O permission map lets the current task use `size` ports from `port` (8.3.2). */
  portAllowed(port: number, size: number): boolean {
    const { segments, access } = this.core;
    const limit = segments.limit(TR) >>> 0;
    if (!this.is32 || (segments.attributes(TR) & SEGMENT_PRESENT) === 0 || limit < 103) return false;
    const base = segments.base(TR);
    const map = access.systemRead((base + 0x66) | 0, 2) + (port >>> 3);
    if (map + 1 > limit) return false;
    const bits = access.systemRead((base + map) | 0, 2) >>> (port & 7);
    return (bits & ((1 << size) - 1)) === 0;
  }

  /** Bit `bit` of the byte `offset` from where the I/O permission map begins; true where there is none. */
  mapBit(offset: number, bit: number): boolean {
    const { segments, access } = this.core;
    const limit = segments.limit(TR) >>> 0;
    if (!this.is32 || (segments.attributes(TR) & SEGMENT_PRESENT) === 0 || limit < 103) return true;
    const base = segments.base(TR);
    const at = access.systemRead((base + 0x66) | 0, 2) + offset;
    return at < 0 || at > limit || ((access.systemRead((base + at) | 0, 1) >>> bit) & 1) !== 0;
  }

  /** Faults unless the descriptor is that of a TSS to which `cause` may switch (7.5). */
  private checkTarget(selector: number, low: number, high: number, cause: number, minimum: number): void {
    const { segments } = this.core;
    const refusal = cause === BY_IRET ? INVALID_TSS : GENERAL_PROTECTION;
    if ((selector & SELECTOR_LDT) !== 0) segments.refuse(refusal, selector);
    const type = typeOf(high) & ~2;
    const busy = (high & TSS_BUSY) !== 0;
    if ((type !== TSS_16 && type !== TSS_32) || busy !== (cause === BY_IRET))
      segments.refuse(refusal, selector);
    if (!isPresent(high)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
    if (limitOf(low, high) >>> 0 < minimum) segments.refuse(INVALID_TSS, selector);
  }

  /**
   * Switches to the TSS `selector`, whose descriptor `segments` has just fetched and whose accessibility the caller has
   * checked. `returnEip` is where the old task resumes, with RF if `resume`.
   */
  switchTo(selector: number, cause: number, returnEip: number, resume = false): void {
    const { core } = this;
    const { segments, access, i32, flags, mmu } = core;
    const low = segments.low;
    const high = segments.high;
    const wide = (typeOf(high) & 8) !== 0;
    const layout = wide ? LAYOUT_32 : LAYOUT_16;
    this.checkTarget(selector, low, high, cause, layout.minimum);

    // Everything is read, and every page to be written is probed, before the old state is left.
    const { size } = layout;
    const base = baseOf(low, high);
    const field = (offset: number, bytes = size) => access.systemRead((base + offset) | 0, bytes);
    const cr3 = wide ? field(layout.cr3) & CR3_KNOWN : i32[CR3];
    const eip = field(layout.eip);
    const eflags = field(layout.flags);
    const registers = Array.from({ length: 8 }, (_, n) => field(layout.registers + n * size));
    const selectors = Array.from({ length: layout.count }, (_, n) => field(layout.segments + n * size, 2));
    const ldt = field(layout.ldt, 2);
    const trap = wide && (field(TRAP_BIT, 2) & 1) !== 0;

    const old = this.is32 ? LAYOUT_32 : LAYOUT_16;
    const oldBase = segments.base(TR);
    const oldSelector = segments.selector(TR);
    const oldEsp = i32[ESP];
    const oldFrame = core.depth.stackFrame(oldEsp);
    access.probeWrite((oldBase + old.eip) | 0, old.size, 0);
    access.probeWrite((oldBase + old.segments + (old.count - 1) * old.size) | 0, 2, 0);
    if (cause === BY_CALL) access.probeWrite(base, 2, 0);

    let oldFlags = resume ? flags.eflags | RF : flags.eflags;
    if (cause === BY_IRET) oldFlags &= ~NT;
    const save = (offset: number, value: number, bytes = old.size) =>
      access.systemWrite((oldBase + offset) | 0, bytes, value);
    save(old.eip, returnEip);
    save(old.flags, oldFlags);
    for (let n = EAX; n <= EDI; n++) save(old.registers + n * old.size, i32[n]);
    for (let n = 0; n < old.count; n++) save(old.segments + n * old.size, segments.selector(n), 2);
    if (cause !== BY_CALL) this.setBusy(oldSelector, false);
    if (cause === BY_CALL) access.systemWrite(base, 2, oldSelector);
    if (cause !== BY_IRET) this.setBusy(selector, true);

    // From here on, faults occur in the new task (7.5).
    segments.setFromDescriptor(TR, selector, low, high | TSS_BUSY);
    i32[CR0] |= CR0_TS;
    for (let n = EAX; n <= EDI; n++) i32[n] = wide ? registers[n] : this.upperHalf(i32[n]) | registers[n];
    flags.setEflags(wide ? eflags : eflags & 0xffff, wide ? -1 : 0xffff | VM | RF);
    const virtual = core.virtual86;
    if (cause === BY_CALL) flags.setEflags(NT, NT);
    i32[EIP] = eip;
    core.nextEip = eip;
    // DR7's local enables end with the task (12.2.3).
    core.debug.dropLocal();
    core.debug.stepping = false;
    core.setCpl(virtual ? 3 : selectors[CS] & SELECTOR_RPL);
    for (let n = 0; n < 6; n++) segments.set(n, selectors[n] ?? 0, 0, 0, 0);
    segments.set(LDTR, ldt, 0, 0, 0);
    if (wide && (i32[CR0] & CR0_PG) !== 0 && cr3 !== i32[CR3]) mmu.setCr3(cr3);
    this.restart.commit(core);
    this.loadLocalTable(ldt);
    if (virtual) for (let n = 0; n < 6; n++) segments.setReal(n, selectors[n]);
    else this.loadSegments(selectors);
    this.trap = trap;
    // What follows (an error code, the check of EIP) is the new task's, as it now is.
    this.restart.commit(core);
    core.depth.switched(SWITCH_TASK, oldEsp, i32[ESP], oldFrame, core.depth.stackFrame(i32[ESP]));
  }

  /** The bits that a 16-bit TSS leaves in the upper half of a register that held `old` (docs/cpu.md). */
  private upperHalf(old: number): number {
    return this.core.processor.revision < 2 ? old & ~0xffff : ~0xffff;
  }

  private setBusy(selector: number, busy: boolean): void {
    const { segments } = this.core;
    segments.fetch(selector);
    segments.setHigh(busy ? segments.high | TSS_BUSY : segments.high & ~TSS_BUSY);
  }

  /** Checks and loads what the new TSS names: #TS with the selector (table 7-1). What was loaded before a fault stays. */
  private loadLocalTable(ldt: number): void {
    const { segments } = this.core;
    if (isNull(ldt)) return;
    if ((ldt & SELECTOR_LDT) !== 0) segments.refuse(INVALID_TSS, ldt);
    segments.fetch(ldt, INVALID_TSS);
    if ((segments.high & 0x1000) !== 0 || typeOf(segments.high) !== LDT || !isPresent(segments.high)) {
      segments.refuse(INVALID_TSS, ldt);
    }
    segments.setFromDescriptor(LDTR, ldt, segments.low, segments.high);
    this.restart.commit(this.core);
  }

  private loadSegments(selectors: readonly number[]): void {
    const { core } = this;
    const { segments } = core;
    const cpl = selectors[CS] & SELECTOR_RPL;
    const cs = selectors[CS];
    if (isNull(cs)) segments.refuse(INVALID_TSS, cs);
    segments.fetch(cs, INVALID_TSS);
    const { low, high } = segments;
    if (!isCode(high) || (isConforming(high) ? dplOf(high) > cpl : dplOf(high) !== cpl)) {
      segments.refuse(INVALID_TSS, cs);
    }
    if (!isPresent(high)) segments.refuse(SEGMENT_NOT_PRESENT, cs);
    segments.setFromDescriptor(CS, cs, low, high);
    this.restart.commit(core);
    segments.fetchStack(selectors[SS], cpl, INVALID_TSS);
    segments.setFromDescriptor(SS, selectors[SS], segments.low, segments.high);
    this.restart.commit(core);
    for (const segment of [ES, DS, FS, GS]) {
      const selector = selectors[segment] ?? 0;
      segments.loadData(segment, selector, core.i32[CPL], INVALID_TSS);
      this.restart.commit(core);
    }
  }
}
