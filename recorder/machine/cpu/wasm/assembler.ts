import { Bytes } from './bytes.ts';

/** The WebAssembly instructions used here (Core Specification, 5.4). */
export const UNREACHABLE = 0x00;
export const RETURN = 0x0f;
export const DROP = 0x1a;
export const SELECT = 0x1b;
export const I32_EQZ = 0x45;
export const I32_EQ = 0x46;
export const I32_NE = 0x47;
export const I32_LT_S = 0x48;
export const I32_LT_U = 0x49;
export const I32_GT_S = 0x4a;
export const I32_GT_U = 0x4b;
export const I32_LE_S = 0x4c;
export const I32_LE_U = 0x4d;
export const I32_GE_S = 0x4e;
export const I32_GE_U = 0x4f;
export const I64_NE = 0x52;
export const I64_EQ = 0x51;
export const I32_CTZ = 0x68;
export const I32_POPCNT = 0x69;
export const I32_ADD = 0x6a;
export const I32_SUB = 0x6b;
export const I32_MUL = 0x6c;
export const I32_AND = 0x71;
export const I32_OR = 0x72;
export const I32_XOR = 0x73;
export const I32_SHL = 0x74;
export const I32_SHR_S = 0x75;
export const I32_SHR_U = 0x76;
export const I64_MUL = 0x7e;
export const I64_EXTEND_I32_S = 0xac;
export const F64_SUB = 0xa1;
export const F64_CONVERT_I32_S = 0xb7;

export const I32_LOAD = 0x28;
export const I32_LOAD8_U = 0x2d;
export const I32_LOAD16_U = 0x2f;
export const F64_LOAD = 0x2b;
export const I32_STORE = 0x36;
export const F64_STORE = 0x39;
export const I32_STORE8 = 0x3a;
export const I32_STORE16 = 0x3b;

/** Types. */
export const I32 = 0x7f;
export const EMPTY = 0x40;

export const BLOCK = 0x02;
export const LOOP = 0x03;
export const IF = 0x04;
export const ELSE = 0x05;
export const END = 0x0b;
export const BR = 0x0c;
export const BR_IF = 0x0d;
export const BR_TABLE = 0x0e;
export const CALL = 0x10;
const CALL_INDIRECT = 0x11;
export const RETURN_CALL = 0x12;
const RETURN_CALL_INDIRECT = 0x13;
export const LOCAL_GET = 0x20;
export const LOCAL_SET = 0x21;
export const LOCAL_TEE = 0x22;
export const I32_CONST = 0x41;

/** A branch target. */
export type Label = object;

/** Writes the body of a function in order; branches refer to labels instead of depths. */
export class Assembler {
  readonly code = new Bytes(1 << 14);
  private readonly open: Label[] = [];

  op(...instructions: readonly number[]): void {
    for (const instruction of instructions) this.code.byte(instruction);
  }

  constant(value: number): void {
    this.code.byte(I32_CONST);
    this.code.signed(value);
  }

  get(local: number): void {
    this.code.byte(LOCAL_GET);
    this.code.unsigned(local);
  }
  set(local: number): void {
    this.code.byte(LOCAL_SET);
    this.code.unsigned(local);
  }
  tee(local: number): void {
    this.code.byte(LOCAL_TEE);
    this.code.unsigned(local);
  }

  /** A load or store; the address, and for a store the value, are on the stack. `offset`: bytes added to the address. */
  memory(instruction: number, offset = 0, alignment = 0): void {
    this.code.byte(instruction);
    this.code.unsigned(alignment);
    this.code.unsigned(offset);
  }

  /** The word of the machine's memory with index `index`. */
  loadWord(index: number): void {
    this.constant(0);
    this.memory(I32_LOAD, index * 4, 2);
  }

  /** Stores the value that `value` leaves on the stack in word `index`. */
  storeWord(index: number, value: () => void): void {
    this.constant(0);
    value();
    this.memory(I32_STORE, index * 4, 2);
  }

  call(func: number): void {
    this.code.byte(CALL);
    this.code.unsigned(func);
  }

  /** Tail-calls a function. */
  returnCall(func: number): void {
    this.code.byte(RETURN_CALL);
    this.code.unsigned(func);
  }

  /** By table 0; the index is on the stack above the arguments. */
  callIndirect(type: number): void {
    this.code.byte(CALL_INDIRECT);
    this.code.unsigned(type);
    this.code.unsigned(0);
  }
  /** The same, as a tail call. */
  returnCallIndirect(type: number): void {
    this.code.byte(RETURN_CALL_INDIRECT);
    this.code.unsigned(type);
    this.code.unsigned(0);
  }

  /** A branch to `label` continues after `body`; with `result` I32 it carries a value. */
  block(label: Label, body: () => void, result = EMPTY): void {
    this.nest(BLOCK, label, body, result);
  }
  /** A branch to `label` restarts `body`. */
  loop(label: Label, body: () => void): void {
    this.nest(LOOP, label, body, EMPTY);
  }
  /** By the value on the stack. With `result` I32 both leave one. */
  when(yes: () => void, no?: () => void, result = EMPTY): void {
    const label = {};
    this.open.push(label);
    this.code.byte(IF);
    this.code.byte(result);
    yes();
    if (no) {
      this.code.byte(ELSE);
      no();
    }
    this.end();
  }

  branch(label: Label): void {
    this.code.byte(BR);
    this.code.unsigned(this.depth(label));
  }

  /** If the value on the stack is not 0. */
  branchIf(label: Label): void {
    this.code.byte(BR_IF);
    this.code.unsigned(this.depth(label));
  }

  /** To label n by the value n on the stack; a greater one to the last. */
  branchTable(labels: readonly Label[]): void {
    this.code.byte(BR_TABLE);
    this.code.unsigned(labels.length - 1);
    for (const label of labels) this.code.unsigned(this.depth(label));
  }

  private nest(instruction: number, label: Label, body: () => void, result: number): void {
    this.open.push(label);
    this.code.byte(instruction);
    this.code.byte(result);
    body();
    this.end();
  }

  private end(): void {
    this.code.byte(END);
    this.open.pop();
  }

  private depth(label: Label): number {
    const at = this.open.lastIndexOf(label);
    if (at < 0) throw new Error('a branch to a label that is not open');
    return this.open.length - 1 - at;
  }
}
