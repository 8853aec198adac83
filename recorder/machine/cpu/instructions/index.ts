import { CONTROL, DEBUG, type Instruction, TEST } from '../decode/decoder.ts';
import { ARITHMETIC_HANDLERS } from './arithmetic.ts';
import { BIT_HANDLERS } from './bits.ts';
import { CONTROL_HANDLERS } from './control.ts';
import type { Handler, Handlers } from './handler.ts';
import { MOVE_HANDLERS } from './moves.ts';
import { PORT_HANDLERS } from './ports.ts';
import { STRING_HANDLERS } from './strings.ts';
import { SYSTEM_HANDLERS } from './system.ts';
import { X87_HANDLERS } from './x87.ts';

/** The handler of each mnemonic of the opcode table. */
export const HANDLERS: Handlers = {
  ...ARITHMETIC_HANDLERS,
  ...BIT_HANDLERS,
  ...MOVE_HANDLERS,
  ...STRING_HANDLERS,
  ...PORT_HANDLERS,
  ...CONTROL_HANDLERS,
  ...SYSTEM_HANDLERS,
  ...X87_HANDLERS,
};

export function handlerOf(insn: Instruction): Handler {
  const special = insn.operands.some((operand) => [CONTROL, DEBUG, TEST].includes(operand.kind));
  return HANDLERS[special ? 'movSpecial' : insn.mnemonic];
}
