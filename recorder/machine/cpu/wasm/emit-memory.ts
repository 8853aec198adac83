import { FAST_PATH } from '../../layout.ts';
import { BY_CALL, WRITE_BY_CALL } from '../../mmu/short-path.ts';
import type { Expression, Field, Size } from '../blocks/meaning.ts';
import * as micro from '../blocks/micro-ops.ts';
import { ESP } from '../state.ts';
import * as wasm from './assembler.ts';
import { ExpressionEmitter } from './emit-expressions.ts';
import { ARITHMETIC_FUNCTION, FILL_FUNCTION, STORE_FUNCTION } from './imported.ts';
import { LEFT, localOf, localOfName, OFFSET, PAGE, PLACE_IN_MEMORY, SLOT } from './locals.ts';

/** Memory accesses of micro-ops as WebAssembly, and the ways by which compiled code leaves to the interpreter. */

const LOADS: Readonly<Record<Size, number>> = {
  1: wasm.I32_LOAD8_U,
  2: wasm.I32_LOAD16_U,
  4: wasm.I32_LOAD,
};
const STORES: Readonly<Record<Size, number>> = {
  1: wasm.I32_STORE8,
  2: wasm.I32_STORE16,
  4: wasm.I32_STORE,
};

/** The machine that code is compiled for. */
export interface Target {
  /** The micro-ops. */
  readonly code: Int32Array;
  /** Flags.adjust and Flags.adjustLeft. */
  readonly adjust: number;
  readonly adjustLeft: number;
  /** Every store is recorded now: code that modifies memory is made for that too. It is right, and slower, without. */
  readonly recordsStores: boolean;
}

/** Pushes the FAST_PATH slot of the linear address in a local. */
export function loadSlot(asm: wasm.Assembler, linear: number): void {
  asm.get(linear);
  asm.constant(10);
  asm.op(wasm.I32_SHR_U);
  asm.constant(0x3ffffc);
  asm.op(wasm.I32_AND);
  asm.memory(wasm.I32_LOAD, FAST_PATH, 2);
}

/** The current micro-op: its fields and position, its accesses to memory, and leaving at it. */
export class MemoryEmitter extends ExpressionEmitter {
  protected readonly code: Int32Array;
  /** The current micro-op, and the first of its instruction. */
  protected p = 0;
  private first = 0;
  /** FAST_PATH bits at the privilege for which the code is compiled. */
  protected readonly canRead: number;
  private readonly canWrite: number;
  protected readonly user: boolean;
  private readonly recordsStores: boolean;
  /** This instruction may write what it has read, at PLACE_IN_MEMORY; 0 there: by a call. */
  private modifies = false;
  /** A branch here with a micro-op on the stack leaves to that micro-op. */
  protected readonly exit: wasm.Label = {};

  constructor(asm: wasm.Assembler, target: Target, user: boolean) {
    super(asm, ARITHMETIC_FUNCTION);
    this.code = target.code;
    this.recordsStores = target.recordsStores;
    this.user = user;
    this.canRead = user ? 4 : 1;
    this.canWrite = user ? 8 : 2;
    this.names.set('adjust', target.adjust).set('adjustLeft', target.adjustLeft);
  }

  override field(field: Field): number {
    return this.code[this.p + micro.FIELDS[field]];
  }

  protected override readName(name: string): void {
    if (name === 'base') {
      this.asm.get(PAGE);
      this.asm.get(OFFSET);
      this.asm.op(wasm.I32_ADD);
    } else {
      super.readName(name);
    }
  }

  protected begin(p: number, first: number): void {
    this.p = p;
    if (this.first !== first) this.modifies = false;
    this.first = first;
  }

  // --- Leaving -------------------------------------------------------------------------------------------------------

  /** Leaves to the interpreter, which continues with micro-op `p` in the block that begins at OFFSET. */
  protected leaveTo(p: number): void {
    this.asm.constant(p);
    this.asm.branch(this.exit);
  }

  protected leave(): void {
    this.leaveTo(this.first);
  }

  /** By the value on the stack. */
  protected leaveIf(): void {
    this.asm.when(() => this.leave());
  }

  // --- Position ------------------------------------------------------------------------------------------------------

  /** Offset from the block's EIP to the instruction behind this one. */
  protected offsetBehind(): number {
    const place = this.code[this.p + micro.PLACE];
    return (place & micro.OFFSET_MASK) + ((place >>> micro.LENGTH_SHIFT) & micro.LENGTH_MASK);
  }

  protected eipAt(offset: number): void {
    const { asm } = this;
    this.readName('base');
    asm.constant(offset);
    asm.op(wasm.I32_ADD);
  }

  /** EIP of the instruction, and instructions left before it; its ESP goes to CPU_STATE, for events. */
  protected standing(): void {
    const { asm } = this;
    asm.storeWord(ESP, () => asm.get(localOf(ESP)!));
    const place = this.code[this.p + micro.PLACE];
    this.eipAt(place & micro.OFFSET_MASK);
    asm.get(LEFT);
    asm.constant(place >>> micro.INDEX_SHIFT);
    asm.op(wasm.I32_SUB);
  }

  // --- Memory --------------------------------------------------------------------------------------------------------

  protected load(size: Size, modify: boolean): void {
    const { asm } = this;
    this.translate(size, modify ? this.canWrite : this.canRead, () =>
      this.fill(modify ? this.canWrite : this.canRead, modify && this.recordsStores),
    );
    if (modify) {
      asm.tee(PLACE_IN_MEMORY);
      if (this.recordsStores) this.notePlace();
    }
    this.modifies = modify;
    asm.memory(LOADS[size]);
    this.names.delete('v');
    asm.set(localOfName('v'));
  }

  /** Sets PLACE_IN_MEMORY to 0 if SLOT says that the place is written by a call. */
  private notePlace(): void {
    const { asm } = this;
    asm.get(SLOT);
    asm.constant(BY_CALL);
    asm.op(wasm.I32_AND);
    asm.when(() => {
      asm.constant(0);
      asm.set(PLACE_IN_MEMORY);
    });
  }

  protected store(size: Size, value: Expression): void {
    const { asm } = this;
    const done = {};
    asm.block(done, () => {
      if (!this.modifies) this.translate(size, this.canWrite, () => this.storeElsewhere(size, value, done));
      else {
        if (this.recordsStores) {
          asm.get(PLACE_IN_MEMORY);
          asm.op(wasm.I32_EQZ);
          asm.when(() => this.storeElsewhere(size, value, done));
        }
        asm.get(PLACE_IN_MEMORY);
      }
      this.value(value);
      asm.memory(STORES[size]);
    });
  }

  /** A store that the fast path does not allow: by a call. The call may refuse, in which case compiled code exits; after `loadToModify` it cannot refuse. */
  private storeElsewhere(size: Size, value: Expression, done: wasm.Label): void {
    const { asm } = this;
    asm.get(localOfName('lin'));
    this.value(value);
    asm.constant(size);
    this.standing();
    asm.call(STORE_FUNCTION);
    asm.branchIf(done);
    if (this.modifies) asm.op(wasm.UNREACHABLE);
    else this.leave();
  }

  /** The place in memory of the operand at `lin`; leaves unless the fast path, or a fill of the TLB, lets it through. */
  private translate(size: Size, bit: number, missed: () => void): void {
    const { asm } = this;
    const linear = localOfName('lin');
    // First, for it may be one that faults before any page is looked at.
    if (size > 1) {
      asm.get(linear);
      asm.constant(0xfff);
      asm.op(wasm.I32_AND);
      asm.constant(4096 - size);
      asm.op(wasm.I32_GT_U);
      this.leaveIf();
    }
    loadSlot(asm, linear);
    asm.tee(SLOT);
    asm.constant(bit);
    asm.op(wasm.I32_AND, wasm.I32_EQZ);
    asm.when(missed);
    asm.get(SLOT);
    asm.constant(-4096);
    asm.op(wasm.I32_AND);
    asm.get(linear);
    asm.constant(0xfff);
    asm.op(wasm.I32_AND, wasm.I32_OR);
  }

  /** Fills the TLB, or leaves. */
  private fill(bit: number, byCall: boolean): void {
    const { asm } = this;
    asm.get(localOfName('lin'));
    asm.constant(byCall ? WRITE_BY_CALL : bit === this.canWrite ? 1 : 0);
    this.standing();
    asm.call(FILL_FUNCTION);
    asm.tee(SLOT);
    asm.constant(byCall ? bit | BY_CALL : bit);
    asm.op(wasm.I32_AND, wasm.I32_EQZ);
    this.leaveIf();
  }
}
