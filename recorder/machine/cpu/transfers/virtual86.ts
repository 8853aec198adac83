import { CR4_PVI, CR4_VME } from '../../control-registers.ts';
import type { Core } from '../core.ts';
import { GENERAL_PROTECTION } from '../fault.ts';
import { ARITHMETIC, DF, IF, IOPL, NT, RF, TF, VIF, VIP, VM } from '../flags.ts';
import { CPL, CR4, CS, DS, ES, ESP, FS, GS, SHADOW, SHADOW_STI, SS, SYSTEM_FLAGS } from '../state.ts';

/**
 * Virtual-8086 mode (80386 Programmer's Reference, chapter 15) and the Pentium's extensions to it, which give a task a virtual interrupt
 * flag (Pentium Pro manual, volume 3, 16.3 and 16.4).
 */

/** Bytes of the interrupt redirection bitmap, which ends where the I/O permission map begins. */
const REDIRECTION_BYTES = 32;

const extended = (core: Core): boolean => core.virtual86 && (core.i32[CR4] & CR4_VME) !== 0;

/** VIF stands in for IF: in virtual-8086 mode with VME, or in protected mode at CPL 3 with PVI. */
const hasVirtualFlag = (core: Core): boolean =>
  core.virtual86 ? extended(core) : core.cpl === 3 && (core.i32[CR4] & CR4_PVI) !== 0;

/** FLAGS for a virtual-8086 task: VIF as IF, and IOPL 3. */
const virtualImage = (flags: number): number => (flags & ~IF) | IOPL | (flags & VIF ? IF : 0);

/** Without VME each of these instructions faults to the monitor; with VME only 32-bit ones. */
function requireExtended(core: Core, size: number): void {
  if (size !== 2 || !extended(core)) core.fault(GENERAL_PROTECTION, 0);
}

/** Faults if PUSHF, POPF and IRET of this operand size must be handled by the monitor; the fault comes before operands are read. */
export function requireFlags(core: Core, size: number): void {
  if (core.virtual86 && core.iopl < 3) requireExtended(core, size);
}

/** The image of EFLAGS that PUSHF stores. */
export function flagsToPush(core: Core, size: number): number {
  const image = core.flags.eflags & ~(RF | VM);
  if (!core.virtual86 || core.iopl === 3) return image;
  requireExtended(core, size);
  return virtualImage(image);
}

/** POPF, and IRET within virtual-8086 mode; `more` are flags that this instruction loads besides. May fault. */
export function popFlags(core: Core, image: number, size: number, more: number): void {
  const { flags, i32 } = core;
  if (core.virtual86 && core.iopl < 3) {
    requireExtended(core, size);
    const pending = (image & IF) !== 0 && (i32[SYSTEM_FLAGS] & VIP) !== 0;
    if ((image & TF) !== 0 || pending) core.fault(GENERAL_PROTECTION, 0);
    flags.setEflags(image & IF ? image | VIF : image & ~VIF, ARITHMETIC | TF | DF | NT | VIF);
    return;
  }
  const virtual = core.virtual86 ? 0 : VIF | VIP;
  flags.setEflags(image & ~virtual, size === 2 ? flags.popMask() & 0xffff : flags.popMask() | virtual | more);
}

/** CLI. */
export function disableInterrupts(core: Core): void {
  const { i32 } = core;
  if (core.cpl <= core.iopl) i32[SYSTEM_FLAGS] &= ~IF;
  else if (hasVirtualFlag(core)) i32[SYSTEM_FLAGS] &= ~VIF;
  else core.fault(GENERAL_PROTECTION, 0);
}

/** STI: the next instruction still runs undisturbed (17, STI). */
export function enableInterrupts(core: Core): void {
  const { i32 } = core;
  if (core.cpl <= core.iopl) {
    if ((i32[SYSTEM_FLAGS] & IF) === 0) i32[SHADOW] = SHADOW_STI;
    i32[SYSTEM_FLAGS] |= IF;
  } else if (hasVirtualFlag(core) && (i32[SYSTEM_FLAGS] & VIP) === 0) {
    i32[SYSTEM_FLAGS] |= VIF;
  } else {
    core.fault(GENERAL_PROTECTION, 0);
  }
}

/**
 * True if INT `vector` goes through the task's own table at linear 0, as on an 8086, and not through the IDT. Faults
 * if the monitor must see it. Only INT n asks; INT3 and INTO do not depend on IOPL (15.3.2).
 */
export function staysInTask(core: Core, vector: number): boolean {
  if (!core.virtual86) return false;
  if (extended(core) && !core.tasks.mapBit((vector >>> 3) - REDIRECTION_BYTES, vector & 7)) return true;
  if (core.iopl < 3) core.fault(GENERAL_PROTECTION, 0);
  return false;
}

/** The flags that an interrupt that stays in its task pushes, and those that it clears. */
export function flagsForTask(core: Core): { readonly image: number; readonly clear: number } {
  const image = core.flags.eflags;
  return core.virtual86 && core.iopl < 3
    ? { image: virtualImage(image), clear: VIF | TF }
    : { image, clear: IF | TF };
}

/** IRET from privilege 0 to virtual-8086 mode (15.3.1; 17, IRET). EIP, CS and the flags have been read from the stack. */
export function returnToVirtual86(core: Core, eip: number, cs: number, image: number, popped: number): void {
  const { access, segments, depth, i32 } = core;
  const [esp, ss, es, ds, fs, gs] = [12, 16, 20, 24, 28, 32].map((at) => access.peek(at, 4));
  if (eip >>> 0 > 0xffff) core.fault(GENERAL_PROTECTION, 0);
  const oldEsp = i32[ESP];
  const oldFrame = depth.stackFrame(oldEsp);
  core.flags.setEflags(image, -1);
  core.setCpl(3);
  segments.setReal(CS, cs);
  segments.setReal(SS, ss);
  segments.setReal(ES, es);
  segments.setReal(DS, ds);
  segments.setReal(FS, fs);
  segments.setReal(GS, gs);
  i32[ESP] = esp;
  core.nextEip = eip;
  const newFrame = depth.stackFrame(esp);
  const call = depth.innermostCall();
  const open = call >= 0 ? call : popped;
  // The events are the inner level's.
  i32[CPL] = 0;
  if (open >= 0) depth.closed(open, oldEsp, eip, 3);
  depth.returnedToOuterStack(oldEsp, esp, oldFrame, newFrame);
  i32[CPL] = 3;
}
