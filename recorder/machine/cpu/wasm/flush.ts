import { CR4_PGE } from '../../control-registers.ts';
import { FAST_PATH, FRAME_STATE, RAM } from '../../layout.ts';
import { READ, REG_CR3, TLB_INVLPG } from '../../mmu/bits.ts';
import { FAST_READ } from '../../mmu/fast-path.ts';
import { ROLE_DIRECTORY } from '../../mmu/frames.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import { CR0, CR3, CR4, LATCH_PAGE, LATCH_PHYSICAL } from '../state.ts';
import { type Assembler, I32_ADD, type Label } from './assembler.ts';
import { RowEmitter } from './emit-rows.ts';
import { isServed } from './fill.ts';

/** INVLPG and the usual load of CR3, that of the value it has, in WebAssembly: each with its event, and the next instruction fetched anew. */

/** Numbers of functions in the module of the helpers. */
export interface FlushCalls {
  readonly flushEvents: number;
  readonly fetch: number;
}

/** The parameters of both: a linear address or the value, EIP of the instruction, instructions left, and EIP of the next one. */
const [OPERAND, EIP, LEFT, NEXT] = [0, 1, 2, 3];
const PARAMETERS = { linear: OPERAND, write: -1, eip: EIP, left: LEFT };

/** Begins `invlpg`: returns what it does, unless the page may be one of a large page's fragments. */
export function invlpgFirst(asm: Assembler, facts: FillFacts, calls: FlushCalls): void {
  if (isServed(facts)) new FlushEmitter(asm, facts, calls).invlpg();
}

/** Begins `loadDirectory`: returns what it does if nothing but the TLB changes. */
export function loadDirectoryFirst(asm: Assembler, facts: FillFacts, calls: FlushCalls): void {
  if (!facts.watchesDirectory) new FlushEmitter(asm, facts, calls).loadDirectory();
}

class FlushEmitter extends RowEmitter {
  protected readonly flush: number;
  private readonly fetch: number;

  constructor(asm: Assembler, facts: FillFacts, calls: FlushCalls) {
    super(asm, facts, PARAMETERS, NEXT + 1);
    this.flush = calls.flushEvents;
    this.fetch = calls.fetch;
  }

  invlpg(): void {
    const { asm, refused, linear, get } = this;
    const { events } = this.facts;
    asm.block(refused, () => {
      this.refuseIf(this.hasFragments());
      if (events) this.row(events, 'tlb_events', { op: TLB_INVLPG, linear, used: 0, fresh: 0, access: READ });
      this.page();
      const absent: Label = {};
      asm.block(absent, () => {
        const held: Label = {};
        asm.block(held, () => {
          this.findWay(get('tag'), held);
          asm.branch(absent);
        });
        this.dropEntry();
      });
      this.refetch();
    });
  }

  loadDirectory(): void {
    const { asm, refused, and, shr } = this;
    const { events, frames } = this.facts;
    const value = this.parameter(OPERAND);
    asm.block(refused, () => {
      this.refuseIf(this.differ(value, this.load(CR3 * 4, 0)));
      this.refuseIf(and(this.load(CR4 * 4, 0), CR4_PGE));
      this.refuseIf(this.isZero(this.isNegative(this.load(CR0 * 4, 0))));
      if (events) {
        const frame = shr(value, 12);
        this.refuseIf(this.atLeast(frame, frames));
        const facts = this.load(FRAME_STATE, this.wordsOfFrame(frame));
        this.refuseIf(this.isZero(and(facts, ROLE_DIRECTORY)));
        this.row(events, 'control_writes', { reg: REG_CR3, old: value, new: value });
      }
      this.dropAll();
      this.refetch();
    });
  }

  /** The fetch latch is set anew, and 1 returned, if compiled code may go on behind the instruction, for it is where it was. */
  private refetch(): void {
    const { asm, get, and, shr, xor } = this;
    const next = this.parameter(NEXT);
    const left = this.parameter(LEFT);
    const elsewhere: Label = {};
    this.store(LATCH_PAGE * 4, 0, -1);
    asm.block(elsewhere, () => {
      // At the end of a run the next instruction is not fetched.
      for (const test of [and(xor(this.parameter(EIP), next), -4096), this.equal(left, 1)]) {
        this.push(test);
        asm.branchIf(elsewhere);
      }
      this.set('slot', this.load(FAST_PATH, this.shl(shr(next, 12), 2)));
      const held: Label = {};
      asm.block(held, () => {
        this.push(and(get('slot'), FAST_READ));
        asm.branchIf(held);
        this.push(next);
        this.push(this.sub(left, 1));
        asm.call(this.fetch);
        this.push(RAM);
        asm.op(I32_ADD);
        asm.set(this.number('slot'));
      });
      this.push(this.differ(this.sub(and(get('slot'), -4096), RAM), this.load(LATCH_PHYSICAL * 4, 0)));
      asm.branchIf(elsewhere);
      this.store(LATCH_PAGE * 4, 0, shr(next, 12));
      this.return(1);
    });
    this.return(0);
  }
}
