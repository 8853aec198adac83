import type { Expression, Statement } from '../blocks/meaning.ts';
import * as m from '../blocks/meaning.ts';
import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import { CF, KIND_ALL, OF, ZF } from '../flags.ts';
import { EAX, EDX, ESP, FLAG_A, FLAG_B, FLAG_KIND, FLAG_RESULT } from '../state.ts';
import * as wasm from './assembler.ts';
import { UNKNOWN_KIND } from './emit-expressions.ts';
import { MemoryEmitter } from './emit-memory.ts';
import { arithmetic } from './flag-expressions.ts';
import { INVLPG_FUNCTION, LOAD_DIRECTORY_FUNCTION, TIME_STAMP_FUNCTION } from './imported.ts';
import { localOfName, SLOT } from './locals.ts';
import { simplify, simplifyTruth } from './simplify.ts';

/** Micro-ops, all but their transfers, as WebAssembly. */

/**
 * Translates the meaning of micro-ops to WebAssembly. Everything other than registers, memory through the fast path, and host calls
 * (host-calls.ts) *leaves*: the interpreter executes the instruction from its first micro-op, as if compiled code had not reached it.
 * This is correct because a micro-op changes nothing before its last access (micro-ops.ts), and the store of a read-modify-write
 * instruction cannot miss.
 */
export class MicroOpEmitter extends MemoryEmitter {
  /** Emits the micro-op at `p` without its transfer; `first` is the first one of its instruction. */
  microOp(p: number, first: number): void {
    this.begin(p, first);
    this.statements(MICRO_OPS[this.code[p]].meaning);
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
    this.value(value);
    this.standing();
    this.eipAt(this.offsetBehind());
    asm.call(func);
    asm.set(SLOT);
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
}
