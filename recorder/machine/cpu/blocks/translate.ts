import {
  CONTROL,
  IMMEDIATE as IMMEDIATE_OPERAND,
  type Instruction,
  MEMORY,
  type Operand,
  REGISTER,
  RELATIVE,
  SEGMENT,
  STRING,
} from '../decode/decoder.ts';
import { MODE_FLAT } from '../segments.ts';
import {
  ADDRESS,
  CR0,
  CR2,
  CR3,
  CS,
  EBP,
  ESP,
  FS,
  SEGMENT_WORDS,
  SEGMENTS,
  SS,
  TARGET,
  TEMP,
  ZERO,
} from '../state.ts';
import { SEGMENTED_WRITE } from './micro-op-table.ts';
import { MICRO, type MicroName, microOp } from './micro-ops.ts';
import { translateString } from './translate-strings.ts';

/** Translates instructions that compilers emit into micro-ops; all others stay cold. */

/** Receives micro-ops in order and adds their `place`. */
export interface Emitter {
  emit(
    op: number,
    a?: number,
    b?: number,
    x?: number,
    scale?: number,
    displacement?: number,
    immediate?: number,
  ): void;
}

const M = MICRO;
/** The number of a composed name, which must be in the table. */
const named = (name: string): number => microOp(name)!;
const READABLE_CONTROLS: Readonly<Record<number, number>> = { 0: CR0, 2: CR2, 3: CR3 };
const cacheOf = (segment: number): number => SEGMENTS + segment * SEGMENT_WORDS;
const maskOf = (size: number): number => (size === 2 ? 0xffff : -1);
/** Byte registers are bytes of the word registers (80386 Programmer's Reference, figure 2-5). */
const byteOf = (number: number): number => (number & 3) * 4 + (number >>> 2);
const TEMP8 = TEMP * 4;

const ALU = new Set(['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'test']);
const READ_ONLY = new Set(['cmp', 'test']);
const SHIFTS = new Set(['shl', 'shr', 'sar']);
const ROTATES = new Set(['rol', 'ror']);
const STEPS = new Set(['inc', 'dec', 'neg', 'not']);
const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const JUMPS = new Set(CONDITIONS.map((name) => `j${name}`));
const MOVES_IF = new Set(CONDITIONS.map((name) => `cmov${name}`));
const SETS = new Set(CONDITIONS.map((name) => `set${name}`));

const LOOPS: Readonly<Record<string, MicroName>> = { loop: 'LOOP', loope: 'LOOPE', loopne: 'LOOPNE' };
/** Memory operands that are addresses alone. */
const NO_ACCESS = new Set(['lea', 'invlpg', 'nop']);
/** Of those with a memory operand first: it is read and no more. */
const FIRST_IS_READ = new Set([...READ_ONLY, 'push', 'jmp', 'call', 'mul', 'div']);

/**
 * Translates a hot instruction (those that compilers emit, in 16 and 32 bits) to micro-ops. In flat 32-bit code a memory
 * operand is its offset; elsewhere, or by FS, GS or CS, a micro-op of its own (SEGMENTED…) leaves its linear address in ADDRESS.
 * False leaves the instruction to its handler, which implements every form; micro-ops emitted so far must then be discarded.
 */
export class Translator {
  private readonly out: Emitter;
  /** Processor.extendsSelectors. */
  private readonly extendsSelectors: boolean;
  /** True if reads of CR3 are recorded, which their handler does. */
  private readonly recordsCr3: () => boolean;
  /** The memory operand is that in ADDRESS. */
  private segmented = false;

  constructor(out: Emitter, extendsSelectors: boolean, recordsCr3: () => boolean = () => false) {
    this.out = out;
    this.recordsCr3 = recordsCr3;
    this.extendsSelectors = extendsSelectors;
  }

  /** `offset` is the offset of the instruction in its block. */
  translate(insn: Instruction, mode: number, offset: number): boolean {
    const { operands, mnemonic } = insn;
    const [first, second] = operands;
    const flat = mode === MODE_FLAT;
    const memory = operands.find((operand) => operand.kind === MEMORY);
    this.segmented = false;
    if (memory && !NO_ACCESS.has(mnemonic)) this.address(insn, flat, memory);
    if (operands.some((operand) => operand.kind === SEGMENT)) return this.selector(insn, first, second);
    if (flat && operands.some((operand) => operand.kind === STRING)) return translateString(this.out, insn);
    if (operands.some((operand) => operand.kind > RELATIVE)) return this.control(insn, mode, first, second);

    if (mnemonic === 'invlpg') {
      if (!flat || insn.addressSize !== 4 || insn.override === CS || insn.override >= FS) return false;
      this.memory(M.INVLPG, 0, insn);
      return true;
    }
    if (mnemonic === 'nop') {
      this.out.emit(M.NOP);
      return true;
    }
    if (mnemonic === 'mov') return this.move(insn, first, second);
    if (mnemonic === 'lea') return this.lea(insn, first);
    if (mnemonic === 'movzx' || mnemonic === 'movsx') return this.extend(insn, first, second);
    if (ALU.has(mnemonic)) return this.alu(insn, first, second);
    if (STEPS.has(mnemonic)) return this.step(insn, first);
    if (SHIFTS.has(mnemonic) || ROTATES.has(mnemonic)) return this.shift(insn, first, second);
    if (SETS.has(mnemonic)) return this.setByte(insn, first);
    if (MOVES_IF.has(mnemonic)) return this.moveIf(insn, first, second);
    if (mnemonic === 'imul') return this.multiply(insn);
    const counts = mnemonic in LOOPS || mnemonic === 'jcxz';
    if (!flat || insn.operandSize !== 4 || counts)
      return this.narrow(insn, first, second, offset + insn.length);
    if (JUMPS.has(mnemonic)) {
      const next = offset + insn.length;
      this.out.emit(named(`JCC${insn.condition}`), 0, 0, 0, 0, next + first.value, next);
      return true;
    }
    switch (mnemonic) {
      case 'rdtsc':
        this.out.emit(M.RDTSC);
        return true;
      case 'cwd':
        this.out.emit(M.CDQ);
        return true;
      case 'xchg':
        if (memory || first.size !== 4 || first.number === ESP || second.number === ESP) return false;
        this.out.emit(M.XCHG, first.number, second.number);
        return true;
      case 'push':
        return this.push(insn, first);
      case 'pop':
        if (first.kind !== REGISTER || first.number === ESP) return false;
        this.out.emit(M.POP, first.number);
        return true;
      case 'leave':
        this.out.emit(M.LEAVE);
        return true;
      case 'jmp':
      case 'call':
        return this.transfer(insn, first, offset + insn.length);
      case 'ret':
        this.out.emit(M.RET, 0, 0, 0, 0, 0, 4 + (first ? first.value & 0xffff : 0));
        return true;
      default:
        return false;
    }
  }

  /** Finds the memory operand's linear address, unless it is its offset. */
  private address(insn: Instruction, flat: boolean, operand: Operand): void {
    const { base, index, scale, displacement, segment, override, addressSize } = insn;
    if (flat && addressSize === 4 && override !== CS && override < FS) return;
    this.segmented = true;
    const writes = insn.operands[0] === operand && !FIRST_IS_READ.has(insn.mnemonic);
    const size = insn.operands.some(({ kind }) => kind === SEGMENT) ? 2 : operand.size;
    const access = (size - 1) | (writes ? SEGMENTED_WRITE : 0);
    const op = addressSize === 2 ? M.SEGMENTED16 : M.SEGMENTED;
    this.out.emit(op, cacheOf(segment), base, index, scale, displacement, access);
  }

  /** A micro-op with the instruction's memory operand. */
  private memory(op: number, register: number, insn: Instruction): void {
    if (this.segmented) this.out.emit(op, register, ADDRESS, ZERO);
    else this.out.emit(op, register, insn.base, insn.index, insn.scale, insn.displacement);
  }

  private load(insn: Instruction, register: number): void {
    this.memory(this.segmented || insn.index === ZERO ? M.LOAD_B : M.LOAD, register, insn);
  }

  private store(insn: Instruction, register: number): void {
    this.memory(this.segmented || insn.index === ZERO ? M.STORE_B : M.STORE, register, insn);
  }

  /** The word or double word in memory. */
  private loadSized(insn: Instruction, size: number, register: number): void {
    if (size === 4) this.load(insn, register);
    else this.memory(M.LOAD_ZX16, register, insn);
  }

  private move(insn: Instruction, to: Operand, from: Operand): boolean {
    const { out } = this;
    if (to.kind === REGISTER && to.number === ESP && to.size === 4) {
      if (from.kind !== REGISTER) return false;
      out.emit(M.MOV_ESP, 0, from.number);
      return true;
    }
    if (to.size === 2) {
      if (to.kind === REGISTER && to.number === ESP) return false;
      let source = from.number;
      if (from.kind !== REGISTER) {
        source = TEMP;
        if (from.kind === MEMORY) this.memory(M.LOAD_ZX16, TEMP, insn);
        else out.emit(M.MOV_I, TEMP, 0, 0, 0, 0, from.value);
      }
      if (to.kind === MEMORY) this.memory(M.STORE16, source, insn);
      else out.emit(M.MOV16, to.number, source);
      return true;
    }
    const wide = to.size === 4;
    const register = (operand: Operand) => (wide ? operand.number : byteOf(operand.number));
    if (to.kind === MEMORY) {
      let source = from.kind === REGISTER ? register(from) : 0;
      if (from.kind === IMMEDIATE_OPERAND) {
        source = wide ? TEMP : TEMP8;
        out.emit(wide ? M.MOV_I : M.MOV8_I, source, 0, 0, 0, 0, from.value);
      }
      if (wide) this.store(insn, source);
      else this.memory(M.STORE8, source, insn);
    } else if (from.kind === MEMORY) {
      if (wide) this.load(insn, to.number);
      else this.memory(M.LOAD8, register(to), insn);
    } else if (from.kind === REGISTER) {
      out.emit(wide ? M.MOV : M.MOV8, register(to), register(from));
    } else {
      out.emit(wide ? M.MOV_I : M.MOV8_I, register(to), 0, 0, 0, 0, from.value);
    }
    return true;
  }

  /** Reads of CR0, CR2 and CR3, and loads of CR3. */
  private control(insn: Instruction, mode: number, to: Operand, from: Operand): boolean {
    if (mode !== MODE_FLAT || insn.mnemonic !== 'mov') return false;
    if (to.kind === CONTROL && to.number === 3) {
      this.out.emit(M.LOAD_CR3, 0, from.number);
      return true;
    }
    const register = from.kind === CONTROL ? READABLE_CONTROLS[from.number] : undefined;
    if (register === undefined || to.number === ESP || (register === CR3 && this.recordsCr3())) return false;
    this.out.emit(M.MOV_CR, to.number, register);
    return true;
  }

  private lea(insn: Instruction, to: Operand): boolean {
    if (to.size === 4) {
      if (insn.addressSize !== 4) return false;
      this.memory(M.LEA, to.number, insn);
    } else {
      // The low half of the sum is the same in 16 and 32 bits.
      if (to.number === ESP) return false;
      this.memory(M.LEA, TEMP, insn);
      this.out.emit(M.MOV16, to.number, TEMP);
    }
    return true;
  }

  private extend(insn: Instruction, to: Operand, from: Operand): boolean {
    if (to.size !== 4 || to.number === ESP) return false;
    const name = `${insn.mnemonic === 'movzx' ? 'ZX' : 'SX'}${from.size * 8}`;
    if (from.kind === MEMORY) this.memory(named(`LOAD_${name}`), to.number, insn);
    else this.out.emit(named(name), to.number, from.size === 1 ? byteOf(from.number) : from.number);
    return true;
  }

  /** Two operands; a destination in memory is modified through TEMP. */
  private alu(insn: Instruction, to: Operand, from: Operand): boolean {
    const { out } = this;
    const { size } = to;
    const temp = size === 1 ? TEMP8 : TEMP;
    const register = (operand: Operand) => (size === 1 ? byteOf(operand.number) : operand.number);
    const name = `${insn.mnemonic.toUpperCase()}${size === 4 ? '' : size * 8}`;
    let target = to.kind === REGISTER ? register(to) : temp;
    let source = from.kind === REGISTER ? register(from) : temp;
    const readOnly = READ_ONLY.has(insn.mnemonic);
    if (to.kind === MEMORY) {
      if (!readOnly) this.modify(insn, size);
      else if (size === 1) this.memory(M.LOAD8, temp, insn);
      else this.loadSized(insn, size, temp);
      target = temp;
    } else if (from.kind === MEMORY) {
      if (size === 1) this.memory(M.LOAD8, temp, insn);
      else this.loadSized(insn, size, temp);
      source = temp;
    }
    if (from.kind === IMMEDIATE_OPERAND) out.emit(named(`${name}_I`), target, 0, 0, 0, 0, from.value);
    else out.emit(named(name), target, source);
    if (to.kind === MEMORY && !readOnly) this.storeBack(insn, size);
    return true;
  }

  /** Reads the value to modify into TEMP. */
  private modify(insn: Instruction, size: number): void {
    this.memory(size === 4 ? M.MODIFY : named(`MODIFY${size * 8}`), size === 1 ? TEMP8 : TEMP, insn);
  }

  private storeBack(insn: Instruction, size: number): void {
    if (size === 4) this.store(insn, TEMP);
    else this.memory(named(`STORE${size * 8}`), size === 1 ? TEMP8 : TEMP, insn);
  }

  private step(insn: Instruction, to: Operand): boolean {
    const { size } = to;
    const op = microOp(`${insn.mnemonic.toUpperCase()}${size === 4 ? '' : size * 8}`);
    if (op === undefined) return false;
    if (to.kind === REGISTER) {
      this.out.emit(op, size === 1 ? byteOf(to.number) : to.number);
    } else {
      this.modify(insn, size);
      this.out.emit(op, size === 1 ? TEMP8 : TEMP);
      this.storeBack(insn, size);
    }
    return true;
  }

  private shift(insn: Instruction, to: Operand, count: Operand): boolean {
    if (to.size === 2) return this.shift16(insn, to, count);
    if (to.size !== 4) return false;
    const byRegister = count.kind === REGISTER;
    const amount = count.value & 31;
    if (byRegister && ROTATES.has(insn.mnemonic)) return false;
    if (!byRegister && amount === 0) return false;
    const op = named(`${insn.mnemonic.toUpperCase()}_${byRegister ? 'CL' : 'I'}`);
    const target = to.kind === REGISTER ? to.number : TEMP;
    if (to.kind === MEMORY) this.memory(M.MODIFY, TEMP, insn);
    this.out.emit(op, target, 0, 0, 0, 0, amount);
    if (to.kind === MEMORY) this.store(insn, TEMP);
    return true;
  }

  /** SHL and SHR by a constant that leaves something. */
  private shift16(insn: Instruction, to: Operand, count: Operand): boolean {
    const op = microOp(`${insn.mnemonic.toUpperCase()}16_I`);
    const amount = count.value & 31;
    if (op === undefined || count.kind === REGISTER || amount === 0 || amount > 15) return false;
    if (to.kind === MEMORY) this.modify(insn, 2);
    this.out.emit(op, to.kind === REGISTER ? to.number : TEMP, 0, 0, 0, 0, amount);
    if (to.kind === MEMORY) this.storeBack(insn, 2);
    return true;
  }

  private setByte(insn: Instruction, to: Operand): boolean {
    const target = to.kind === REGISTER ? byteOf(to.number) : TEMP8;
    this.out.emit(M.SETCC, target, 0, 0, 0, 0, insn.condition);
    if (to.kind === MEMORY) this.memory(M.STORE8, TEMP8, insn);
    return true;
  }

  /** CMOVcc: its source is read, and may fault, whatever the condition. */
  private moveIf(insn: Instruction, to: Operand, from: Operand): boolean {
    if (to.size !== 4 || to.number === ESP) return false;
    if (from.kind === MEMORY) this.load(insn, TEMP);
    this.out.emit(M.CMOV, to.number, from.kind === MEMORY ? TEMP : from.number, 0, 0, 0, insn.condition);
    return true;
  }

  private multiply(insn: Instruction): boolean {
    const { operands } = insn;
    const [to, from, by] = operands;
    if (operands.length < 2 || to.size !== 4) return false;
    let source = from.number;
    if (from.kind === MEMORY) {
      this.load(insn, TEMP);
      source = TEMP;
    }
    if (by) this.out.emit(M.IMUL_I, to.number, source, 0, 0, 0, by.value);
    else this.out.emit(M.IMUL, to.number, source);
    return true;
  }

  private push(insn: Instruction, from: Operand): boolean {
    if (from.kind === IMMEDIATE_OPERAND) {
      this.out.emit(M.PUSH_I, 0, 0, 0, 0, 0, from.value);
      return true;
    }
    if (from.kind === MEMORY) this.load(insn, TEMP);
    this.out.emit(M.PUSH, from.kind === MEMORY ? TEMP : from.number);
    return true;
  }

  private transfer(insn: Instruction, to: Operand, next: number): boolean {
    const call = insn.mnemonic === 'call';
    if (to.kind === RELATIVE) {
      this.out.emit(call ? M.CALL : M.JMP, 0, 0, 0, 0, next + to.value, next);
      return true;
    }
    if (to.kind === MEMORY) this.load(insn, TEMP);
    this.out.emit(call ? M.CALL_R : M.JMP_R, 0, to.kind === MEMORY ? TEMP : to.number, 0, 0, 0, next);
    return true;
  }

  // --- Where segments or 16-bit operands matter ----------------------------------------------------------------------

  /** Moves from segment registers. Loads change how what follows is understood, and are their handlers'. */
  private selector(insn: Instruction, first: Operand, second: Operand | undefined): boolean {
    if (insn.mnemonic === 'push') {
      const size = insn.operandSize;
      return this.pushValue(cacheOf(first.number), size, this.extendsSelectors ? size : 2);
    }
    if (insn.mnemonic !== 'mov' || second?.kind !== SEGMENT) return false;
    const selector = cacheOf(second.number);
    if (first.kind === MEMORY) this.memory(M.STORE16, selector, insn);
    else if (first.number === ESP) return false;
    else this.out.emit(first.size === 4 ? M.MOV : M.MOV16, first.number, selector);
    return true;
  }

  /** The stack, near transfers. `next` is where the next instruction begins relative to the block. */
  private narrow(insn: Instruction, first: Operand, second: Operand, next: number): boolean {
    const { mnemonic, operandSize: size, condition, addressSize } = insn;
    const { out } = this;
    const mask = maskOf(size);
    if (JUMPS.has(mnemonic)) {
      out.emit(M.JCC_NEAR, 0, 0, condition, mask, next + first.value, next);
      return true;
    }
    if (mnemonic in LOOPS || mnemonic === 'jcxz') {
      const op = M[LOOPS[mnemonic] ?? 'JCXZ'];
      out.emit(op, 0, 0, maskOf(addressSize), mask, next + first.value, next);
      return true;
    }
    switch (mnemonic) {
      case 'xchg':
        if (size !== 4 || first.size !== 4 || first.kind === MEMORY || second.kind === MEMORY) return false;
        if (first.number === ESP || second.number === ESP) return false;
        out.emit(M.XCHG, first.number, second.number);
        return true;
      case 'push':
        if (first.kind === IMMEDIATE_OPERAND) out.emit(M.MOV_I, TEMP, 0, 0, 0, 0, first.value);
        else if (first.kind === MEMORY) this.loadSized(insn, size, TEMP);
        return this.pushValue(first.kind === REGISTER ? first.number : TEMP, size);
      case 'pop':
        if (first.kind !== REGISTER || first.number === ESP) return false;
        this.popValue(ESP, size, size);
        out.emit(size === 4 ? M.MOV : M.MOV16, first.number, TEMP);
        return true;
      case 'leave':
        this.popValue(EBP, size, size);
        out.emit(size === 4 ? M.MOV : M.MOV16, EBP, TEMP);
        return true;
      case 'ret':
        this.stackTop(ESP, 0, size, 0);
        out.emit(size === 4 ? M.LOAD_B : M.LOAD_ZX16, TEMP, ADDRESS, ZERO);
        out.emit(M.CHECK_EIP, TEMP);
        out.emit(M.SET_SP, 0, ESP, 0, 0, size + (first ? first.value & 0xffff : 0));
        out.emit(M.JMP_R, 0, TEMP);
        return true;
      case 'jmp':
      case 'call':
        return this.nearTransfer(insn, first, next);
      default:
        return false;
    }
  }

  private stackTop(register: number, displacement: number, size: number, write: number): void {
    this.out.emit(M.SEGMENTED_STACK, cacheOf(SS), register, 0, 0, displacement, (size - 1) | write);
  }

  /** `written` bytes of the slot are stored. */
  private pushValue(register: number, size: number, written = size): boolean {
    const { out } = this;
    this.stackTop(ESP, -size, written, SEGMENTED_WRITE);
    out.emit(written === 4 ? M.STORE_B : M.STORE16, register, ADDRESS, ZERO);
    out.emit(M.SET_SP, 0, ESP, 0, 0, -size);
    return true;
  }

  /** TEMP = the word on the stack to which `register` points, after which the top is `drop` bytes higher. */
  private popValue(register: number, size: number, drop: number): void {
    this.stackTop(register, 0, size, 0);
    this.out.emit(size === 4 ? M.LOAD_B : M.LOAD_ZX16, TEMP, ADDRESS, ZERO);
    this.out.emit(M.SET_SP, 0, register, 0, 0, drop);
  }

  private nearTransfer(insn: Instruction, to: Operand, next: number): boolean {
    const { out } = this;
    const size = insn.operandSize;
    const mask = maskOf(size);
    const relative = to.kind === RELATIVE;
    const call = insn.mnemonic === 'call';
    if (relative && !call) {
      out.emit(M.JMP_NEAR, 0, 0, 0, mask, next + to.value, next);
      return true;
    }
    if (relative) out.emit(M.EIP, TARGET, 0, 0, 0, next + to.value, mask);
    else if (to.kind === MEMORY) this.loadSized(insn, size, TARGET);
    else out.emit(size === 4 ? M.MOV : M.ZX16, TARGET, to.number);
    out.emit(M.CHECK_EIP, TARGET);
    if (call) {
      out.emit(M.EIP, TEMP, 0, 0, 0, next, -1);
      this.pushValue(TEMP, size);
      out.emit(M.CALLED);
    }
    if (relative) out.emit(M.JMP_NEAR, 0, 0, 0, mask, next + to.value, next);
    else out.emit(M.JMP_R, 0, TARGET, 0, 0, 0, next);
    return true;
  }
}
