import type { Core } from '../core.ts';
import {
  CALL_GATE_16,
  CALL_GATE_32,
  dplOf,
  isApplication,
  isCode,
  isConforming,
  isNull,
  isPresent,
  limitOf,
  SELECTOR_RPL,
  selectorCode,
  TASK_GATE,
  TSS_16,
  TSS_32,
  typeOf,
} from '../descriptors.ts';
import { GENERAL_PROTECTION, INVALID_TSS, SEGMENT_NOT_PRESENT } from '../fault.ts';
import { NT, RF, VIF, VIP, VM } from '../flags.ts';
import { CPL, CR3, CS, ESP, SS, TR } from '../state.ts';
import { BY_CALL, BY_IRET, BY_JUMP } from './tasks.ts';
import { popFlags, requireFlags, returnToVirtual86 } from './virtual86.ts';

/** Far transfers: JMP, CALL, RET and IRET between segments, levels and tasks (80386 PRM, chapters 6, 7 and 17). */

/** #GP(0) unless `target` lies in the current code segment; else it is the next EIP. */
export function jumpNear(core: Core, target: number): void {
  if (target >>> 0 > core.segments.limit(CS) >>> 0) core.fault(GENERAL_PROTECTION, 0);
  core.nextEip = target | 0;
}

const checkLimit = (core: Core, target: number, low: number, high: number): void => {
  if (target >>> 0 > limitOf(low, high) >>> 0) core.fault(GENERAL_PROTECTION, 0);
};

export function jumpFar(core: Core, selector: number, offset: number): void {
  if (!core.segments.protected) {
    jumpReal(core, selector, offset);
    return;
  }
  core.restart.run(core, () => transfer(core, selector, offset, 0));
}

/** `size` is that of the pushed words. */
export function callFar(core: Core, selector: number, offset: number, size: number): void {
  core.restart.run(core, () => {
    if (core.segments.protected) {
      transfer(core, selector, offset, size);
      return;
    }
    core.access.probePush(2, size);
    const returnEip = core.nextEip;
    const returnCs = core.segments.selector(CS);
    jumpReal(core, selector, offset);
    core.access.push(returnCs, size);
    core.access.push(returnEip, size);
  });
}

function jumpReal(core: Core, selector: number, offset: number): void {
  jumpNear(core, offset);
  core.segments.setReal(CS, selector);
}

/** JMP (`callSize` 0) or CALL in protected mode (17, JMP and CALL). */
function transfer(core: Core, selector: number, offset: number, callSize: number): void {
  const { segments } = core;
  if (isNull(selector)) core.fault(GENERAL_PROTECTION, 0);
  segments.fetch(selector);
  const { low, high } = segments;
  if (!isApplication(high)) {
    transferBySystem(core, selector, low, high, callSize);
    return;
  }
  const { cpl } = core;
  const dpl = dplOf(high);
  const allowed =
    isCode(high) && (isConforming(high) ? dpl <= cpl : dpl === cpl && (selector & SELECTOR_RPL) <= cpl);
  if (!allowed) segments.refuse(GENERAL_PROTECTION, selector);
  if (!isPresent(high)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
  if (callSize !== 0) core.access.probePush(2, callSize);
  checkLimit(core, offset, low, high);
  segments.markAccessed();
  if (callSize !== 0) pushReturn(core, callSize, segments.selector(CS));
  segments.setFromDescriptor(CS, (selector & ~SELECTOR_RPL) | cpl, low, high);
  core.nextEip = offset;
}

function pushReturn(core: Core, size: number, cs: number): void {
  core.access.push(cs, size);
  core.access.push(core.nextEip, size);
}

/** Through a TSS, task gate or call gate: its DPL guards it (6.3.4.1, 7.4). */
function transferBySystem(core: Core, selector: number, low: number, high: number, callSize: number): void {
  const { segments } = core;
  const type = typeOf(high);
  const guarded =
    type === CALL_GATE_16 || type === CALL_GATE_32 || type === TASK_GATE || (type & ~8) === TSS_16;
  if (!guarded || dplOf(high) < Math.max(core.cpl, selector & SELECTOR_RPL)) {
    segments.refuse(GENERAL_PROTECTION, selector);
  }
  if (!isPresent(high)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
  const cause = callSize === 0 ? BY_JUMP : BY_CALL;
  if (type === TSS_16 || type === TSS_32) {
    core.tasks.switchTo(selector, cause, core.nextEip);
  } else if (type === TASK_GATE) {
    segments.fetch(low >>> 16);
    core.tasks.switchTo(low >>> 16, cause, core.nextEip);
  } else {
    throughCallGate(core, selector, low, high, callSize);
    return;
  }
  if (core.nextEip >>> 0 > segments.limit(CS) >>> 0) core.fault(GENERAL_PROTECTION, 0);
}

function throughCallGate(core: Core, gate: number, low: number, high: number, callSize: number): void {
  const { segments, access, i32 } = core;
  const size = typeOf(high) === CALL_GATE_32 ? 4 : 2;
  const selector = low >>> 16;
  const target = size === 4 ? (low & 0xffff) | (high & 0xffff0000) : low & 0xffff;
  const count = high & 31;
  const { cpl } = core;
  if (isNull(selector)) core.fault(GENERAL_PROTECTION, 0);
  segments.fetch(selector);
  const codeLow = segments.low;
  const codeHigh = segments.high;
  const dpl = dplOf(codeHigh);
  const conforming = isConforming(codeHigh);
  const inner = callSize !== 0 && !conforming && dpl < cpl;
  const allowed = callSize !== 0 ? dpl <= cpl : conforming ? dpl <= cpl : dpl === cpl;
  if (!isCode(codeHigh) || !allowed) segments.refuse(GENERAL_PROTECTION, selector);
  if (!isPresent(codeHigh)) segments.refuse(SEGMENT_NOT_PRESENT, selector);
  checkLimit(core, target, codeLow, codeHigh);
  segments.markAccessed();
  const oldCs = segments.selector(CS);
  if (inner) {
    const oldEsp = i32[ESP];
    const oldSs = segments.selector(SS);
    const oldFrame = core.depth.stackFrame(oldEsp);
    const parameters = Array.from({ length: count }, (_, n) => access.peek(n * size, size));
    core.tasks.readStack(dpl);
    const { stackSelector, stackPointer } = core.tasks;
    segments.fetchStack(stackSelector, dpl, INVALID_TSS);
    segments.markAccessed();
    core.setCpl(dpl);
    segments.setFromDescriptor(SS, stackSelector, segments.low, segments.high);
    access.setStackPointer(stackPointer);
    access.probePush(4 + count, size, selectorCode(stackSelector));
    access.push(oldSs, size);
    access.push(oldEsp, size);
    for (let n = count - 1; n >= 0; n--) access.push(parameters[n], size);
    pushReturn(core, size, oldCs);
    core.depth.enteredInnerStack(oldEsp, i32[ESP], oldFrame, core.depth.stackFrame(i32[ESP]));
    if (cpl === 3) {
      // The event is the caller's.
      i32[CPL] = cpl;
      core.log?.onCallGate?.(gate, oldEsp);
      i32[CPL] = dpl;
    }
  } else if (callSize !== 0) {
    access.probePush(2, size);
    pushReturn(core, size, oldCs);
  }
  segments.setFromDescriptor(CS, (selector & ~SELECTOR_RPL) | (inner ? dpl : cpl), codeLow, codeHigh);
  core.nextEip = target;
}

/** RET between segments; `release` bytes of parameters go with it. */
export function returnFar(core: Core, size: number, release: number): void {
  const esp = core.i32[ESP];
  // A BIOS service returns so: past the flags that INT pushed, to keep its own.
  const open = release >= size ? core.depth.match(esp) : -1;
  core.restart.run(core, () => {
    const { access, segments } = core;
    const eip = access.peek(0, size);
    const cs = access.peek(size, size) & 0xffff;
    if (!segments.protected) {
      jumpReal(core, cs, eip);
      access.drop(2 * size + release);
      if (open >= 0) core.depth.closed(open, esp, eip, core.cpl);
      return;
    }
    returnTo(core, { cs, eip, size, popped: 2 * size + release, release, flags: 0, flagMask: 0, open });
  });
}

/** The words that a far return or IRET reads from the stack. */
interface Return {
  readonly cs: number;
  readonly eip: number;
  readonly size: number;
  /** Bytes of this stack that go; an outer stack pointer lies after them. */
  readonly popped: number;
  /** Parameter bytes that go from the outer stack as well. */
  readonly release: number;
  readonly flags: number;
  readonly flagMask: number;
  /** The interrupt frame that this closes (interrupt-depth.ts); -1 for none. */
  readonly open: number;
}

/** Goes back at this or to an outer level, in protected mode. */
function returnTo(core: Core, to: Return): void {
  const { access, segments, i32, cpl } = core;
  const { cs, eip, size, popped } = to;
  if (isNull(cs)) core.fault(GENERAL_PROTECTION, 0);
  segments.fetch(cs);
  const { low, high } = segments;
  const rpl = cs & SELECTOR_RPL;
  const dpl = dplOf(high);
  if (!isCode(high) || rpl < cpl || (isConforming(high) ? dpl > rpl : dpl !== rpl)) {
    segments.refuse(GENERAL_PROTECTION, cs);
  }
  if (!isPresent(high)) segments.refuse(SEGMENT_NOT_PRESENT, cs);
  checkLimit(core, eip, low, high);
  segments.markAccessed();
  const oldEsp = i32[ESP];
  if (rpl === cpl) {
    access.drop(popped);
    segments.setFromDescriptor(CS, cs, low, high);
    core.flags.setEflags(to.flags, to.flagMask);
    core.nextEip = eip;
    if (to.open >= 0) core.depth.closed(to.open, oldEsp, eip, rpl);
    return;
  }
  const oldFrame = core.depth.stackFrame(oldEsp);
  const esp = access.peek(popped, size);
  const ss = access.peek(popped + size, size) & 0xffff;
  segments.fetchStack(ss, rpl, GENERAL_PROTECTION);
  segments.markAccessed();
  const ssLow = segments.low;
  const ssHigh = segments.high;
  const call = rpl === 3 ? core.depth.innermostCall() : -1;
  const open = call >= 0 ? call : to.open;
  core.setCpl(rpl);
  segments.setFromDescriptor(CS, cs, low, high);
  segments.setFromDescriptor(SS, ss, ssLow, ssHigh);
  access.setStackPointer(esp + to.release);
  core.flags.setEflags(to.flags, to.flagMask);
  segments.dropPrivileged(rpl);
  core.nextEip = eip;
  const newEsp = i32[ESP];
  const newFrame = core.depth.stackFrame(newEsp);
  // The events are the inner level's.
  i32[CPL] = cpl;
  if (open >= 0) core.depth.closed(open, oldEsp, eip, rpl);
  else if (rpl === 3) core.log?.onPlainReturn?.();
  core.depth.returnedToOuterStack(oldEsp, newEsp, oldFrame, newFrame);
  if (rpl === 3) core.mmu.observer?.returnsToUser(i32[CR3]);
  i32[CPL] = rpl;
}

/** IRET (17, IRET). */
export function interruptReturn(core: Core, size: number): void {
  const { access, segments, depth, flags, i32 } = core;
  const esp = i32[ESP];
  const open = depth.match(esp);
  core.restart.run(core, () => {
    const inTask = segments.protected && (flags.eflags & NT) !== 0;
    if (inTask) {
      returnFromTask(core);
      return;
    }
    if (core.processor.revision >= 2) requireFlags(core, size);
    const eip = access.peek(0, size);
    const cs = access.peek(size, size) & 0xffff;
    const image = access.peek(2 * size, size);
    if (!segments.protected) {
      jumpNear(core, eip);
      popFlags(core, image, size, RF);
      segments.setReal(CS, cs);
      access.drop(3 * size);
      if (open >= 0) depth.closed(open, esp, eip, core.cpl);
      return;
    }
    if (size === 4 && (image & VM) !== 0 && core.cpl === 0) {
      returnToVirtual86(core, eip, cs, image, open);
      return;
    }
    const flagMask = popMaskOfIret(core, size);
    returnTo(core, { cs, eip, size, popped: 3 * size, release: 0, flags: image, flagMask, open });
  });
}

function popMaskOfIret(core: Core, size: number): number {
  const mask = core.flags.popMask();
  return size === 2 ? mask & 0xffff : mask | RF | (core.cpl === 0 ? VIF | VIP : 0);
}

function returnFromTask(core: Core): void {
  const { access, segments } = core;
  const back = access.systemRead(segments.base(TR), 2);
  if (isNull(back)) segments.refuse(INVALID_TSS, back);
  segments.fetch(back, INVALID_TSS);
  core.tasks.switchTo(back, BY_IRET, core.nextEip);
  if (core.nextEip >>> 0 > segments.limit(CS) >>> 0) core.fault(GENERAL_PROTECTION, 0);
}

/** True if a selector may be accessed from the current privilege, for LAR, LSL, VERR and VERW (6.5). */
export function visible(core: Core, selector: number, high: number): boolean {
  if (isApplication(high) && isCode(high) && isConforming(high)) return true;
  return dplOf(high) >= Math.max(core.cpl, selector & SELECTOR_RPL);
}
