import {
  CONTROL,
  IMMEDIATE as IMMEDIATE_OPERAND,
  type Instruction,
  MEMORY,
  type Operand,
  REGISTER,
  RELATIVE,
} from '../decoder.ts';
import { MODE_16, MODE_FLAT } from '../segments.ts';
import { CR0, CR2, CR3, CS, ESP, FS, TEMP, ZERO } from '../state.ts';
import { MICRO } from './micro-ops.ts';

/** Takes micro-ops in order; the place is its own business. */
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
const READABLE_CONTROLS: Readonly<Record<number, number>> = { 0: CR0, 2: CR2, 3: CR3 };
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

/**
 * Writes an instruction as micro-ops, if it is of the hot kind: 32-bit or byte operands, 32-bit addresses, and no
 * segment that matters. False leaves it to its handler, which knows every form; nothing has been emitted then.
 */
export class Translator {
  private readonly out: Emitter;

  constructor(out: Emitter) {
    this.out = out;
  }

  /** `offset` is where the instruction begins relative to its block. */
  translate(insn: Instruction, mode: number, offset: number): boolean {
    if (mode === MODE_16) return false;
    const { operands, mnemonic } = insn;
    const [first, second] = operands;
    if (operands.some((operand) => operand.kind > RELATIVE)) return this.control(insn, mode, first, second);
    const memory = operands.some((operand) => operand.kind === MEMORY);
    if (mode !== MODE_FLAT && (memory || insn.opcode.ends || isStack(mnemonic))) return false;
    if (memory && (insn.addressSize !== 4 || insn.override === CS || insn.override >= FS)) return false;

    if (mnemonic === 'invlpg') {
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
    if (insn.operandSize !== 4) return false;
    if (JUMPS.has(mnemonic)) {
      const next = offset + insn.length;
      this.out.emit(M[`JCC${insn.condition}`], 0, 0, 0, 0, next + first.value, next);
      return true;
    }
    switch (mnemonic) {
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

  /** A micro-op with the instruction's memory operand. */
  private memory(op: number, register: number, insn: Instruction): void {
    this.out.emit(op, register, insn.base, insn.index, insn.scale, insn.displacement);
  }

  private load(insn: Instruction, register: number): void {
    this.memory(insn.index === ZERO ? M.LOAD_B : M.LOAD, register, insn);
  }

  private store(insn: Instruction, register: number): void {
    this.memory(insn.index === ZERO ? M.STORE_B : M.STORE, register, insn);
  }

  private move(insn: Instruction, to: Operand, from: Operand): boolean {
    const { out } = this;
    if (to.kind === REGISTER && to.number === ESP && to.size === 4) {
      if (from.kind !== REGISTER) return false;
      out.emit(M.MOV_ESP, 0, from.number);
      return true;
    }
    if (to.size === 2) {
      if (from.kind === REGISTER && to.kind === MEMORY) this.memory(M.STORE16, from.number, insn);
      else if (from.kind === REGISTER && to.number !== ESP) out.emit(M.MOV16, to.number, from.number);
      else return false;
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
    if (register === undefined || to.number === ESP) return false;
    this.out.emit(M.MOV_CR, to.number, register);
    return true;
  }

  private lea(insn: Instruction, to: Operand): boolean {
    if (to.size !== 4 || insn.addressSize !== 4) return false;
    this.memory(M.LEA, to.number, insn);
    return true;
  }

  private extend(insn: Instruction, to: Operand, from: Operand): boolean {
    if (to.size !== 4 || to.number === ESP) return false;
    const name = `${insn.mnemonic === 'movzx' ? 'ZX' : 'SX'}${from.size * 8}`;
    if (from.kind === MEMORY) this.memory(M[`LOAD_${name}`], to.number, insn);
    else this.out.emit(M[name], to.number, from.size === 1 ? byteOf(from.number) : from.number);
    return true;
  }

  /** Two operands; a destination in memory is modified through TEMP. */
  private alu(insn: Instruction, to: Operand, from: Operand): boolean {
    if (to.size === 2) return false;
    const { out } = this;
    const wide = to.size === 4;
    const temp = wide ? TEMP : TEMP8;
    const register = (operand: Operand) => (wide ? operand.number : byteOf(operand.number));
    const name = `${insn.mnemonic.toUpperCase()}${wide ? '' : '8'}`;
    let target = to.kind === REGISTER ? register(to) : temp;
    let source = from.kind === REGISTER ? register(from) : temp;
    const readOnly = READ_ONLY.has(insn.mnemonic);
    if (to.kind === MEMORY) {
      if (!readOnly) this.memory(wide ? M.MODIFY : M.MODIFY8, temp, insn);
      else if (wide) this.load(insn, temp);
      else this.memory(M.LOAD8, temp, insn);
      target = temp;
    } else if (from.kind === MEMORY) {
      if (wide) this.load(insn, temp);
      else this.memory(M.LOAD8, temp, insn);
      source = temp;
    }
    if (from.kind === IMMEDIATE_OPERAND) out.emit(M[`${name}_I`], target, 0, 0, 0, 0, from.value);
    else out.emit(M[name], target, source);
    if (to.kind === MEMORY && !readOnly) this.storeBack(insn, wide);
    return true;
  }

  private storeBack(insn: Instruction, wide: boolean): void {
    if (wide) this.store(insn, TEMP);
    else this.memory(M.STORE8, TEMP8, insn);
  }

  private step(insn: Instruction, to: Operand): boolean {
    if (to.size !== 4) return false;
    const op = M[insn.mnemonic.toUpperCase()];
    if (to.kind === REGISTER) {
      this.out.emit(op, to.number);
    } else {
      this.memory(M.MODIFY, TEMP, insn);
      this.out.emit(op, TEMP);
      this.store(insn, TEMP);
    }
    return true;
  }

  private shift(insn: Instruction, to: Operand, count: Operand): boolean {
    if (to.size !== 4) return false;
    const byRegister = count.kind === REGISTER;
    const amount = count.value & 31;
    if (byRegister && ROTATES.has(insn.mnemonic)) return false;
    if (!byRegister && amount === 0) return false;
    const op = M[`${insn.mnemonic.toUpperCase()}_${byRegister ? 'CL' : 'I'}`];
    const target = to.kind === REGISTER ? to.number : TEMP;
    if (to.kind === MEMORY) this.memory(M.MODIFY, TEMP, insn);
    this.out.emit(op, target, 0, 0, 0, 0, amount);
    if (to.kind === MEMORY) this.store(insn, TEMP);
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
}

const STACK = new Set(['push', 'pop', 'leave']);
const isStack = (mnemonic: string): boolean => STACK.has(mnemonic);
