import type { Core } from '../core.ts';
import { FAR_POINTER, type Instruction, RELATIVE } from '../decode/decoder.ts';
import { systemEnter, systemExit } from '../fast-calls.ts';
import { BREAKPOINT, DEBUG_EXCEPTION, OVERFLOW } from '../fault.ts';
import { CALLED, ECX, ESP, HALTED } from '../state.ts';
import { callFar, interruptReturn, jumpFar, jumpNear, returnFar } from '../transfers/transfers.ts';
import { disableInterrupts, enableInterrupts } from '../transfers/virtual86.ts';
import type { Handlers } from './handler.ts';

/** Control transfer and interrupt control (80386 Programmer's Reference, 3.5 and 3.7). */

/** Target of a near transfer: with a 16-bit operand EIP is cut to IP (17, JMP). */
function target(core: Core, insn: Instruction): number {
  const operand = insn.operands[0];
  const to = operand.kind === RELATIVE ? core.nextEip + operand.value : core.read(insn, 0);
  return insn.operandSize === 2 ? to & 0xffff : to | 0;
}

const branchIf = (holds: (core: Core, insn: Instruction) => boolean) => (core: Core, insn: Instruction) => {
  if (holds(core, insn)) jumpNear(core, target(core, insn));
};

function loop(goesOn: (core: Core) => boolean) {
  return (core: Core, insn: Instruction): void => {
    const size = insn.addressSize;
    const count = (core.i32[ECX] - 1) & (size === 2 ? 0xffff : -1);
    if (count !== 0 && goesOn(core)) jumpNear(core, target(core, insn));
    core.writeRegister(ECX, size, count);
  };
}

function farTarget(core: Core, insn: Instruction): { selector: number; offset: number } {
  const operand = insn.operands[0];
  if (operand.kind === FAR_POINTER) return { selector: operand.number, offset: operand.value };
  const size = insn.operandSize;
  const linear = core.access.forRead(insn.segment, core.offset(insn), size + 2);
  return {
    offset: core.access.read(linear, size, core.cpl),
    selector: core.access.read((linear + size) | 0, 2, core.cpl),
  };
}

const conditional = branchIf((core, insn) => core.flags.condition(insn.condition));
/** CMOVcc (Pentium Pro manual, volume 2, CMOVcc): a source in memory is read, and may fault, either way. */
const conditionalMove = (core: Core, insn: Instruction): void => {
  const value = core.read(insn, 1);
  if (!core.flags.condition(insn.condition)) return;
  const old = core.i32[ESP];
  core.write(insn, 0, value);
  if (insn.operands[0].number === ESP) core.stackLoaded(old, core.i32[ESP]);
};
const setByte = (core: Core, insn: Instruction): void =>
  core.write(insn, 0, core.flags.condition(insn.condition) ? 1 : 0);

export const CONTROL_HANDLERS: Handlers = {
  jmp: (core, insn) => jumpNear(core, target(core, insn)),
  call(core, insn) {
    const to = target(core, insn);
    const returnEip = core.nextEip;
    jumpNear(core, to);
    core.access.push(returnEip, insn.operandSize);
    core.i32[CALLED] = 1;
  },
  ret(core, insn) {
    const size = insn.operandSize;
    jumpNear(core, core.access.peek(0, size));
    core.access.drop(size + (insn.operands.length ? insn.operands[0].value & 0xffff : 0));
  },
  jmpf(core, insn) {
    const { selector, offset } = farTarget(core, insn);
    jumpFar(core, selector, offset);
  },
  callf(core, insn) {
    const { selector, offset } = farTarget(core, insn);
    callFar(core, selector, offset, insn.operandSize);
    core.i32[CALLED] = 1;
  },
  retf: (core, insn) =>
    returnFar(core, insn.operandSize, insn.operands.length ? insn.operands[0].value & 0xffff : 0),
  iret: (core, insn) => interruptReturn(core, insn.operandSize),
  loop: loop(() => true),
  loope: loop((core) => core.flags.zf()),
  loopne: loop((core) => !core.flags.zf()),
  jcxz: branchIf((core, insn) => (core.i32[ECX] & (insn.addressSize === 2 ? 0xffff : -1)) === 0),
  int: (core, insn) => core.interrupts.deliverSoftware(insn.operands[0].value & 0xff),
  int3: (core) => core.interrupts.deliverTrap(BREAKPOINT),
  // ICEBP: no gate's privilege guards it, and DR6 stays.
  int1: (core) => core.interrupts.deliverTrap(DEBUG_EXCEPTION, false),
  into(core) {
    if (core.flags.of()) core.interrupts.deliverTrap(OVERFLOW);
  },
  sysenter: systemEnter,
  sysexit: systemExit,
  cli: disableInterrupts,
  sti: enableInterrupts,
  hlt(core) {
    core.requirePrivilege();
    core.i32[HALTED] = 1;
  },
};

for (const name of ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g']) {
  CONTROL_HANDLERS[`j${name}`] = conditional;
  CONTROL_HANDLERS[`set${name}`] = setByte;
  CONTROL_HANDLERS[`cmov${name}`] = conditionalMove;
}
