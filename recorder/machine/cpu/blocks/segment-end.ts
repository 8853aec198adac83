import type { Linear } from '../../../../schemas/units.ts';
import type { Core } from '../core.ts';
import { Decoder } from '../decode/decoder.ts';
import { GENERAL_PROTECTION, STACK_FAULT } from '../fault.ts';
import { ADDRESS, EBP, EIP, ESP, LATCH_PHYSICAL, SS } from '../state.ts';
import { B, DISPLACEMENT, MICRO, OP, SCALE, X } from './micro-ops.ts';

/** Operands that cross the end of a 4 GB segment, which micro-ops do not check. */

/** Micro-ops whose operand is the top of the stack, or beside it: register and displacement. */
const STACK_OPS = new Map([
  [MICRO.PUSH, [ESP, -4]],
  [MICRO.PUSH_I, [ESP, -4]],
  [MICRO.CALL, [ESP, -4]],
  [MICRO.CALL_R, [ESP, -4]],
  [MICRO.POP, [ESP, 0]],
  [MICRO.RET, [ESP, 0]],
  [MICRO.LEAVE, [EBP, 0]],
]);
/** Micro-ops whose handlers check their operands. */
const COLD = new Set([MICRO.COLD, MICRO.COLD_END, MICRO.COLD_REFETCH]);
const decoder = new Decoder();

/**
 * Even with a limit of 4 GB - 1, an operand that crosses the end of the segment faults (80386 Programmer's
 * Reference, 6.3.1.2; the SDM, volume 3, 5.3, leaves it open). Micro-ops do not check limits; an operand that reaches from the last page
 * to the first comes here, and faults if it belongs to the current micro-op `p`.
 */
export function checkSegmentEnd(core: Core, code: Int32Array, p: number, linear: Linear): void {
  const { i32 } = core;
  // Through ADDRESS: SEGMENTED has looked at the limit.
  if (p === 0 || COLD.has(code[p + OP]) || code[p + B] === ADDRESS) return;
  const stack = STACK_OPS.get(code[p + OP]);
  const address = stack
    ? i32[stack[0]] + stack[1]
    : i32[code[p + B]] + (i32[code[p + X]] << code[p + SCALE]) + code[p + DISPLACEMENT];
  if ((address | 0) !== (linear | 0)) return;
  core.fault(stack || segmentOf(core) === SS ? STACK_FAULT : GENERAL_PROTECTION, 0);
}

/** Segment of the operand of the instruction at EIP, whose page is latched. */
function segmentOf(core: Core): number {
  let at = core.i32[EIP] & 0xfff;
  const insn = decoder.decode(() => core.mmu.physRead8(core.i32[LATCH_PHYSICAL] + (at++ & 0xfff)), true);
  return typeof insn === 'string' ? -1 : insn.segment;
}
