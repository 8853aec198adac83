import type { Core } from '../core.ts';
import type { Instruction } from '../decode/decoder.ts';
import {
  FPU_DATA_OFFSET,
  FPU_DATA_SELECTOR,
  FPU_INSTRUCTION_OFFSET,
  FPU_INSTRUCTION_SELECTOR,
  FPU_OPCODE,
} from '../state.ts';
import { OperandBuffer } from './operands.ts';
import type { Fpu } from './unit.ts';

/** FSTENV, FLDENV, FSAVE and FRSTOR in their four formats (SDM volume 1, figures 8-9 to 8-12). */

const buffer = new OperandBuffer();
/** Of the stack's registers, behind the environment. */
const REGISTER_BYTES = 80;
const OPCODE_BITS = 0x7ff;
/** Reserved halves are stored as ones. */
const ONES = 0xffff0000 | 0;

const environmentBytes = (insn: Instruction): number => (insn.operandSize === 4 ? 28 : 14);

/** The seven words of the environment, in order; pointers as in real mode are linear addresses. */
function environment(core: Core, fpu: Fpu): number[] {
  const { i32, segments } = core;
  const real = !segments.protected || core.virtual86;
  const instruction = i32[FPU_INSTRUCTION_OFFSET];
  const selector = i32[FPU_INSTRUCTION_SELECTOR];
  const data = i32[FPU_DATA_OFFSET];
  const dataSelector = i32[FPU_DATA_SELECTOR];
  const opcode = i32[FPU_OPCODE];
  const words = [fpu.control, fpu.status, fpu.tags];
  if (!real) return [...words, instruction, selector | (opcode << 16), data, dataSelector];
  const at = (selector * 16 + instruction) | 0;
  const dataAt = (dataSelector * 16 + data) | 0;
  return [...words, at, ((at >>> 4) & ~0xfff) | opcode, dataAt, (dataAt >>> 4) & ~0xfff];
}

export function storeEnvironment(core: Core, insn: Instruction, fpu: Fpu, registers: boolean): void {
  const { words } = buffer;
  const values = environment(core, fpu);
  const real = !core.segments.protected || core.virtual86;
  const bytes = environmentBytes(insn);
  if (bytes === 28) {
    const [control, status, tags, instruction, selector, data, dataSelector] = values;
    words[0] = ONES | control;
    words[1] = ONES | status;
    words[2] = ONES | tags;
    words[3] = real ? ONES | (instruction & 0xffff) : instruction;
    words[4] = selector;
    words[5] = real ? ONES | (data & 0xffff) : data;
    words[6] = real ? dataSelector : ONES | dataSelector;
    words[4] &= real ? 0x0fffffff : -1;
    words[6] &= real ? 0x0fffffff : -1;
  } else {
    const halves = new Int16Array(words.buffer);
    values.forEach((value, n) => {
      halves[n] = value;
    });
  }
  if (registers) storeRegisters(core, fpu, bytes);
  buffer.write(core, insn, registers ? bytes + REGISTER_BYTES : bytes);
}

function storeRegisters(core: Core, fpu: Fpu, from: number): void {
  const { i32 } = core;
  const halves = new Uint16Array(buffer.words.buffer);
  for (let i = 0; i < 8; i++) {
    const at = fpu.at(i);
    const to = (from >>> 1) + 5 * i;
    for (let n = 0; n < 5; n++) halves[to + n] = i32[at + (n >>> 1)] >>> (n & 1 ? 16 : 0);
  }
}

export function loadEnvironment(core: Core, insn: Instruction, fpu: Fpu, registers: boolean): void {
  const { i32 } = core;
  const real = !core.segments.protected || core.virtual86;
  const bytes = environmentBytes(insn);
  buffer.read(core, insn, registers ? bytes + REGISTER_BYTES : bytes);
  const halves = new Uint16Array(buffer.words.buffer);
  // In the wide formats every word but the offsets is in a lower half.
  const wide = bytes === 28;
  const half = (n: number) => halves[wide ? 2 * n : n];
  const whole = (n: number) => (wide ? buffer.words[n] : halves[n]);
  fpu.tags = half(2);
  if (real) {
    // What is loaded is a linear address: as offset from selector 0 it stays one.
    i32[FPU_INSTRUCTION_OFFSET] = half(3) | ((whole(4) & 0x0ffff000) << 4);
    i32[FPU_INSTRUCTION_SELECTOR] = 0;
    i32[FPU_DATA_OFFSET] = half(5) | ((whole(6) & 0x0ffff000) << 4);
    i32[FPU_DATA_SELECTOR] = 0;
    i32[FPU_OPCODE] = half(4) & OPCODE_BITS;
  } else {
    i32[FPU_INSTRUCTION_OFFSET] = whole(3);
    i32[FPU_INSTRUCTION_SELECTOR] = half(4);
    i32[FPU_DATA_OFFSET] = whole(5);
    i32[FPU_DATA_SELECTOR] = half(6);
    // The narrow format has no opcode.
    i32[FPU_OPCODE] = wide ? (buffer.words[4] >>> 16) & OPCODE_BITS : 0;
  }
  fpu.status = half(1);
  fpu.control = half(0);
  if (registers) loadRegisters(core, fpu, bytes);
}

function loadRegisters(core: Core, fpu: Fpu, from: number): void {
  const { i32 } = core;
  const halves = new Uint16Array(buffer.words.buffer);
  for (let i = 0; i < 8; i++) {
    const at = fpu.at(i);
    const source = (from >>> 1) + 5 * i;
    i32[at] = halves[source] | (halves[source + 1] << 16);
    i32[at + 1] = halves[source + 2] | (halves[source + 3] << 16);
    i32[at + 2] = halves[source + 4];
  }
}
