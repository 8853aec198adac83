import { FAST_PATH } from '../../layout.ts';
import { BY_CALL, WRITE_BY_CALL } from '../../mmu/short-path.ts';
import type { Expression, Field, Size, Statement } from '../blocks/meaning.ts';
import * as m from '../blocks/meaning.ts';
import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import * as micro from '../blocks/micro-ops.ts';
import { CF, KIND_ALL, OF, ZF } from '../flags.ts';
import { EAX, EDX, ESP, FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import * as wasm from './assembler.ts';
import { ExpressionEmitter, UNKNOWN_KIND } from './emit-expressions.ts';
import { arithmetic } from './flag-expressions.ts';
import {
  ARITHMETIC_FUNCTION,
  FILL_FUNCTION,
  INVLPG_FUNCTION,
  LOAD_DIRECTORY_FUNCTION,
  STORE_FUNCTION,
  TIME_STAMP_FUNCTION,
} from './imported.ts';
import { LEFT, localOfName, OFFSET, PAGE, PLACE_IN_MEMORY, SLOT } from './locals.ts';
import { simplify, simplifyTruth } from './simplify.ts';

/** Micro-ops, all but their transfers, as WebAssembly. */

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

/**
 * Translates the meaning of micro-ops to WebAssembly. Everything other than registers, memory through the fast path, and host calls
 * (host-calls.ts) *leaves*: the interpreter executes the instruction from its first micro-op, as if compiled code had not reached it.
 * This is correct because a micro-op changes nothing before its last access (micro-ops.ts), and the store of a read-modify-write
 * instruction cannot miss.
 */
export class MicroOpEmitter extends ExpressionEmitter {
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

  /** Emits the micro-op at `p` without its transfer; `first` is the first one of its instruction. */
  microOp(p: number, first: number): void {
    this.begin(p, first);
    this.statements(MICRO_OPS[this.code[p]].meaning);
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

  // --- Statements ----------------------------------------------------------------------------------------------------

  protected statements(all: readonly Statement[]): void {
    for (const each of all) this.statement(each);
  }

  private statement(of: Statement): void {
    switch (of.kind) {
      case 'let':
        this.bind(of.name, of.value);
        break;
      case 'set':
        this.assign(of.target, of.value);
        break;
      case 'load':
        this.load(of.size, of.modify);
        break;
      case 'store':
        this.store(of.size, of.value);
        break;
      case 'flags':
        this.setFlags(of.operation, of.result, of.a, of.b);
        break;
      case 'when':
        this.whenTrue(of);
        break;
      case 'scope':
        this.statements(of.body);
        break;
      case 'perform':
        this.perform(of);
    }
  }

  private bind(name: string, value: Expression): void {
    const simple = simplify(value, this);
    this.names.delete(name);
    if (simple.kind === 'constant' && name !== 'lin') {
      this.names.set(name, simple.value);
      return;
    }
    this.value(simple);
    this.asm.set(localOfName(name));
  }

  private assign(target: Expression & { kind: 'word' | 'byte' }, value: Expression): void {
    const at = simplify(target.at, this);
    if (at.kind !== 'constant') throw new Error('an unknown register');
    if (target.kind === 'byte') {
      this.assignByte(at.value, value);
      return;
    }
    const local = this.place(at.value);
    if (local === undefined) {
      this.asm.storeWord(at.value, () => this.setValue(value));
    } else {
      this.setValue(value);
      this.asm.set(local);
    }
  }

  private assignByte(at: number, value: Expression): void {
    const { asm } = this;
    const local = this.place(at >>> 2)!;
    const shift = (at & 3) * 8;
    this.value(m.shl(m.and(value, 0xff), shift));
    asm.get(local);
    asm.constant(~(0xff << shift));
    asm.op(wasm.I32_AND, wasm.I32_OR);
    asm.set(local);
  }

  /** A value; a micro-op for segments leaves if the operand's segment needs checks. */
  private setValue(value: Expression): void {
    const simple = simplify(value, this);
    if (simple.kind === 'choose' && simple.no.kind === 'call' && simple.no.helper === 'segmented') {
      this.truth(simple.test);
      this.asm.op(wasm.I32_EQZ);
      this.leaveIf();
      this.value(simple.yes);
    } else {
      this.value(simple);
    }
  }

  private setFlags(kind: number, result: Expression, a: Expression, b: Expression): void {
    const { asm } = this;
    for (const value of [result, a, b]) this.value(value);
    for (const word of [FLAG_B, FLAG_A, FLAG_RESULT]) asm.set(this.place(word)!);
    this.setKind(kind);
  }

  private setKind(kind: number): void {
    this.asm.constant(kind);
    this.asm.set(this.place(FLAG_KIND)!);
    this.kind = kind;
  }

  private whenTrue({ test, then }: Statement & { kind: 'when' }): void {
    const truth = simplifyTruth(test, this);
    if (truth === false) return;
    if (truth === true) {
      this.statements(then);
      return;
    }
    this.truth(truth);
    const before = this.kind;
    this.asm.when(() => this.statements(then));
    if (this.kind !== before) this.kind = UNKNOWN_KIND;
  }

  private perform({ helper, args }: Statement & { kind: 'perform' }): void {
    switch (helper) {
      case 'moveEsp':
        this.moveEsp(args[0]);
        break;
      case 'rotated':
        this.rotated(args[0], args[1]);
        break;
      case 'requirePrivilege':
        if (this.user) this.leave();
        break;
      case 'rdtsc':
        this.timeStamp();
        break;
      case 'invlpg':
        this.refetching(INVLPG_FUNCTION, args[0]);
        break;
      case 'loadDirectory':
        this.refetching(LOAD_DIRECTORY_FUNCTION, args[0]);
        break;
      default:
        this.leave();
    }
  }

  /** RDTSC; at privilege level 3 it leaves, because CR4.TSD would have to be checked. */
  private timeStamp(): void {
    const { asm } = this;
    if (this.user) {
      this.leave();
      return;
    }
    for (const [upper, register] of [EAX, EDX].entries()) {
      asm.constant(upper);
      this.standing();
      asm.call(TIME_STAMP_FUNCTION);
      asm.set(this.place(register)!);
    }
  }

  /** INVLPG and loads of CR3: SLOT tells if compiled code may continue after them. */
  private refetching(func: number, value: Expression): void {
    const { asm } = this;
    if (this.user) {
      this.leave();
      return;
    }
    asm.storeWord(ESP, () => asm.get(this.place(ESP)!));
    this.value(value);
    this.standing();
    this.eipAt(this.offsetBehind());
    asm.call(func);
    asm.set(SLOT);
  }

  /** Offset from the block's EIP to the instruction behind this one. */
  protected offsetBehind(): number {
    const place = this.code[this.p + micro.PLACE];
    return (place & micro.OFFSET_MASK) + ((place >>> micro.LENGTH_SHIFT) & micro.LENGTH_MASK);
  }

  private eipAt(offset: number): void {
    const { asm } = this;
    this.readName('base');
    asm.constant(offset);
    asm.op(wasm.I32_ADD);
  }

  /** EIP of the instruction, and instructions left before it. */
  private standing(): void {
    const { asm } = this;
    const place = this.code[this.p + micro.PLACE];
    this.eipAt(place & micro.OFFSET_MASK);
    asm.get(LEFT);
    asm.constant(place >>> micro.INDEX_SHIFT);
    asm.op(wasm.I32_SUB);
  }

  /** A change of less than a page is not a move to another stack. */
  private moveEsp(value: Expression): void {
    const { asm } = this;
    const esp = this.place(ESP)!;
    this.value(value);
    asm.get(esp);
    asm.op(wasm.I32_SUB);
    asm.constant(0xfff);
    asm.op(wasm.I32_ADD);
    asm.constant(0x1ffe);
    asm.op(wasm.I32_GT_U);
    this.leaveIf();
    this.value(value);
    asm.set(esp);
  }

  /** CF and OF change, the others are worked out (Flags.change). */
  private rotated(carryNow: Expression, overflowNow: Expression): void {
    const { asm } = this;
    if (this.kind === UNKNOWN_KIND) this.callArithmetic();
    else this.value(arithmetic(this.kind));
    asm.constant(~(CF | OF));
    asm.op(wasm.I32_AND);
    this.value(m.or(carryNow, m.shl(overflowNow, Math.log2(OF))));
    asm.op(wasm.I32_OR);
    const a = this.place(FLAG_A)!;
    asm.tee(a);
    asm.constant(ZF);
    asm.op(wasm.I32_AND, wasm.I32_EQZ);
    asm.set(this.place(FLAG_RESULT)!);
    asm.constant(0);
    asm.set(this.place(FLAG_B)!);
    this.setKind(KIND_ALL);
  }

  // --- Memory --------------------------------------------------------------------------------------------------------

  private load(size: Size, modify: boolean): void {
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

  private store(size: Size, value: Expression): void {
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

  /** The FAST_PATH slot of the linear address in a local. */
  protected loadSlot(linear: number): void {
    const { asm } = this;
    asm.get(linear);
    asm.constant(10);
    asm.op(wasm.I32_SHR_U);
    asm.constant(0x3ffffc);
    asm.op(wasm.I32_AND);
    asm.memory(wasm.I32_LOAD, FAST_PATH, 2);
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
    this.loadSlot(linear);
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
