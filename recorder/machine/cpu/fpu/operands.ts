import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';
import { CPL } from '../state.ts';

/** Memory operands of the x87, read and written as a whole. */

/** Longest memory operand: FSAVE in its 32-bit format. */
export const LONGEST = 108;
/** From 14 bytes on it is an environment, of words of the operand size. */
const ENVIRONMENT = 14;

/** The alignment of an operand, bytes, when alignment is checked (SDM volume 3, table 6-7). */
function alignmentOf(insn: Instruction, bytes: number): number {
  if (bytes >= ENVIRONMENT) return insn.operandSize;
  return bytes > 4 ? 8 : bytes;
}

const inHalves = (insn: Instruction, bytes: number): boolean =>
  bytes >= ENVIRONMENT && insn.operandSize === 2;

/** The memory operand of one instruction, in words; a last half word in the lower half. */
export class OperandBuffer {
  readonly words = new Int32Array(LONGEST / 4);
  private readonly halves = new Uint16Array(this.words.buffer);

  read(core: Core, insn: Instruction, bytes: number): void {
    const { access, i32 } = core;
    const cpl = i32[CPL];
    const linear = access.forRead(insn.segment, core.offset(insn), bytes);
    access.checkAligned(linear, alignmentOf(insn, bytes));
    if (inHalves(insn, bytes)) {
      for (let at = 0; at < bytes; at += 2) this.halves[at >>> 1] = access.read((linear + at) | 0, 2, cpl);
    } else {
      for (let at = 0; at < bytes; at += 4)
        this.words[at >>> 2] = access.read((linear + at) | 0, bytes - at < 4 ? 2 : 4, cpl);
    }
  }

  /** All or nothing: every page is probed first. */
  write(core: Core, insn: Instruction, bytes: number): void {
    const { access, i32 } = core;
    const linear = this.probeWrite(core, insn, bytes);
    const step = inHalves(insn, bytes) ? 2 : 4;
    for (let at = 0; at < bytes; at += step) {
      const value = step === 2 ? this.halves[at >>> 1] : this.words[at >>> 2];
      access.write((linear + at) | 0, bytes - at < step ? 2 : step, value, i32[CPL]);
    }
  }

  /** Faults as `write` would, and writes nothing. The linear address. */
  probeWrite(core: Core, insn: Instruction, bytes: number): number {
    const { access, i32 } = core;
    const linear = access.forWrite(insn.segment, core.offset(insn), bytes);
    access.checkAligned(linear, alignmentOf(insn, bytes));
    const step = inHalves(insn, bytes) ? 2 : 4;
    for (let at = 0; at < bytes; at += step)
      access.probeWrite((linear + at) | 0, bytes - at < step ? 2 : step, i32[CPL]);
    return linear;
  }
}
