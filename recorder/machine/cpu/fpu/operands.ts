import type { Core } from '../core.ts';
import type { Instruction } from '../decoder.ts';
import { CPL } from '../state.ts';

/** Longest memory operand: FSAVE in its 32-bit format. */
export const LONGEST = 108;

/** The memory operand of one instruction, in words; a last half word in the lower half. */
export class OperandBuffer {
  readonly words = new Int32Array(LONGEST / 4);

  read(core: Core, insn: Instruction, bytes: number): void {
    const { access, i32 } = core;
    const linear = access.forRead(insn.segment, core.offset(insn), bytes);
    for (let at = 0; at < bytes; at += 4)
      this.words[at >>> 2] = access.read((linear + at) | 0, bytes - at < 4 ? 2 : 4, i32[CPL]);
  }

  /** All or nothing: every page is probed first. */
  write(core: Core, insn: Instruction, bytes: number): void {
    const { access, i32 } = core;
    const cpl = i32[CPL];
    const linear = access.forWrite(insn.segment, core.offset(insn), bytes);
    for (let at = 0; at < bytes; at += 4) access.probeWrite((linear + at) | 0, bytes - at < 4 ? 2 : 4, cpl);
    for (let at = 0; at < bytes; at += 4)
      access.write((linear + at) | 0, bytes - at < 4 ? 2 : 4, this.words[at >>> 2], cpl);
  }
}
