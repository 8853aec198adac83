import type { Core } from './core.ts';
import {
  ACCESSED,
  APPLICATION,
  BIG,
  CODE_SEGMENT,
  GRANULAR,
  READABLE,
  SEGMENT_PRESENT,
  WRITABLE,
} from './descriptors.ts';
import { GENERAL_PROTECTION } from './fault.ts';
import { IF, RF, VM } from './flags.ts';
import { CPL, CR3, CS, ECX, EDX, ESP, SS, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP } from './state.ts';
import { SWITCH_LOAD } from './transfers/interrupt-depth.ts';

/** SYSENTER and SYSEXIT: calls to privilege 0 and back through registers only, without gate, table or stack (SDM volume 2). */

const MSR_SYSENTER_CS = 0x174;
/** The fixed descriptor that both load into CS and SS, except for the privilege: flat, 32-bit. */
const FLAT = SEGMENT_PRESENT | APPLICATION | ACCESSED | BIG | GRANULAR;
const FLAT_CODE = FLAT | CODE_SEGMENT | READABLE;
const FLAT_STACK = FLAT | WRITABLE;
const WHOLE = -1;

/** The index in CPU_STATE of model-specific register `number`, if it is one of the three of SYSENTER and there are such. */
export function fastCallRegister(core: Core, number: number): number | undefined {
  const n = number - MSR_SYSENTER_CS;
  return core.processor.has.has('sep') && n >= 0 && n < 3 ? SYSENTER_CS + n : undefined;
}

/** Goes to `cpl`, whose selectors are the two from `selector` on. */
function enterFlat(core: Core, selector: number, cpl: number): void {
  core.setCpl(cpl);
  core.segments.set(CS, selector | cpl, 0, WHOLE, FLAT_CODE | (cpl << 13));
  core.segments.set(SS, (selector + 8) | cpl, 0, WHOLE, FLAT_STACK | (cpl << 13));
}

/** #GP(0) outside of protected mode and if no selector is set; virtual-8086 mode counts as protected mode. */
function callSelector(core: Core): number {
  const selector = core.i32[SYSENTER_CS] & 0xfffc;
  if (!core.segments.protection || selector === 0) core.fault(GENERAL_PROTECTION, 0);
  return selector;
}

/** SYSENTER: from any privilege. Nothing is pushed; the frame that it opens is identified by its initial stack. */
export function systemEnter(core: Core): void {
  const { i32, depth } = core;
  const selector = callSelector(core);
  const oldEsp = i32[ESP];
  const oldFrame = depth.stackFrame(oldEsp);
  const interruptedCpl = i32[CPL];
  core.flags.setEflags(0, VM | IF | RF);
  enterFlat(core, selector, 0);
  i32[ESP] = i32[SYSENTER_ESP];
  core.nextEip = i32[SYSENTER_EIP];
  const newEsp = i32[ESP];
  const newFrame = depth.stackFrame(newEsp);
  if (interruptedCpl !== 0) depth.enteredInnerStack(oldEsp, newEsp, oldFrame, newFrame);
  else if (newFrame !== oldFrame) depth.switched(SWITCH_LOAD, oldEsp, newEsp, oldFrame, newFrame);
  // The event is the caller's.
  i32[CPL] = interruptedCpl;
  depth.openedCall(newEsp, core.nextEip, interruptedCpl);
  i32[CPL] = 0;
}

/** SYSEXIT: to privilege 3, EIP from EDX and ESP from ECX. Data segments stay as they are. */
export function systemExit(core: Core): void {
  const { i32, depth } = core;
  const selector = callSelector(core);
  core.requirePrivilege();
  const oldEsp = i32[ESP];
  const oldFrame = depth.stackFrame(oldEsp);
  const open = depth.innermostCall();
  enterFlat(core, selector + 16, 3);
  i32[ESP] = i32[ECX];
  core.nextEip = i32[EDX];
  const newEsp = i32[ESP];
  const newFrame = depth.stackFrame(newEsp);
  // The events are the inner level's.
  i32[CPL] = 0;
  if (open >= 0) depth.closed(open, oldEsp, core.nextEip, 3);
  depth.returnedToOuterStack(oldEsp, newEsp, oldFrame, newFrame);
  core.mmu.observer?.returnsToUser(i32[CR3]);
  i32[CPL] = 3;
}
