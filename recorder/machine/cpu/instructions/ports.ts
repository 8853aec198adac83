import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';
import { GENERAL_PROTECTION } from '../fault.ts';
import type { Handlers } from './handler.ts';

/** Port I/O (80386 Programmer's Reference, chapter 8). */

type PortSize = 1 | 2 | 4;

/** #GP(0) unless IOPL or the task's permission map allows the ports (8.3); in virtual-8086 mode the map alone (15.5). */
export function requirePort(core: Core, port: number, size: number): void {
  const byMap = core.virtual86 || core.cpl > core.iopl;
  if (byMap && !core.tasks.portAllowed(port, size)) core.fault(GENERAL_PROTECTION, 0);
  core.debug.portUsed(port, size);
}

const portOf = (core: Core, insn: Instruction, which: number): number => {
  const operand = insn.operands[which];
  return operand.size === 2 ? core.read(insn, which) & 0xffff : operand.value & 0xff;
};

export const PORT_HANDLERS: Handlers = {
  in(core, insn) {
    const { size } = insn.operands[0];
    const port = portOf(core, insn, 1);
    requirePort(core, port, size);
    core.write(insn, 0, core.bus.in(port, size as PortSize));
    core.leave ||= core.bus.deadlineMoved;
  },
  out(core, insn) {
    const { size } = insn.operands[1];
    const port = portOf(core, insn, 0);
    requirePort(core, port, size);
    core.bus.out(port, size as PortSize, core.read(insn, 1));
    core.leave ||= core.bus.deadlineMoved;
  },
};
