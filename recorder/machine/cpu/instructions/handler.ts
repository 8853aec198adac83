import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';

/**
 * Executes one instruction, by the operands that the decoder found. EIP still names the instruction, `core.nextEip` the
 * one after it. A handler changes nothing visible before its last possible fault.
 */
export type Handler = (core: Core, insn: Instruction) => void;
export type Handlers = Record<string, Handler>;
