import { FRAME_STATE, RAM } from '../../layout.ts';
import * as bits from '../../mmu/bits.ts';
import { OWNER } from '../../mmu/frames.ts';
import type { FillFacts } from '../../mmu/short-path.ts';
import { CR3 } from '../state.ts';
import { Assembler } from './assembler.ts';
import { RowEmitter } from './emit-rows.ts';
import type { Value } from './values.ts';

/** The functions that record what was written to a PTE, as the short path does: (linear, physical, old, eip, left) → 0. */

const [LINEAR, PHYSICAL, OLD, EIP, LEFT] = [0, 1, 2, 3, 4];
const PARAMETERS = { linear: LINEAR, write: -1, eip: EIP, left: LEFT };
const DIRECTORY = ~0xfff;
const SLOT = 1023;

/** The PTE at `physical`, which was `old`, has got its accessed or dirty bit for an access to `linear`. */
export function marked(facts: FillFacts, flush: number): Assembler {
  const asm = new Assembler();
  new PagingRows(asm, facts, flush).marked();
  asm.constant(0);
  return asm;
}

/** The PTE at `physical`, which was `old`, has been stored by its table's usual mapping at `linear`. */
export function tableStored(facts: FillFacts, flush: number): Assembler {
  const asm = new Assembler();
  new PagingRows(asm, facts, flush).tableStored();
  asm.constant(0);
  return asm;
}

class PagingRows extends RowEmitter {
  protected readonly flush: number;
  private readonly physical = this.parameter(PHYSICAL);
  private readonly old = this.parameter(OLD);
  /** The PTE as it is now. */
  private readonly value = this.load(RAM, this.physical);

  constructor(asm: Assembler, facts: FillFacts, flush: number) {
    super(asm, facts, PARAMETERS, LEFT + 1);
    this.flush = flush;
  }

  marked(): void {
    const { linear, and, shr } = this;
    const dir = and(this.load(CR3 * 4, 0), DIRECTORY);
    this.entryRow(0, dir, shr(linear, 22), shr(linear, 12), bits.VIA_PHYSICAL, bits.FROM_WALK);
  }

  tableStored(): void {
    const { linear, and, or, shl, shr, xor, old, value, physical } = this;
    const owner = this.load(FRAME_STATE + OWNER * 4, this.wordsOfFrame(shr(physical, 12)));
    const slot = and(owner, SLOT);
    const vpn = or(shl(slot, 10), and(shr(physical, 2), SLOT));
    this.entryRow(linear, and(owner, DIRECTORY), slot, vpn, bits.VIA_DIRECT, bits.FROM_STORE);
    const changed = xor(old, value);
    const lost = and(and(changed, old), bits.DIRTY);
    this.when(or(and(changed, bits.TRANSLATION_BITS), lost), () => this.tableEntryChanged(physical));
  }

  private entryRow(linear: Value, dir: Value, slot: Value, vpn: Value, via: number, source: number): void {
    const { events } = this.facts;
    const { physical, old, value } = this;
    const entry = { physical, dir, slot, vpn, level: bits.LEVEL_PTE, old, new: value };
    if (events) this.row(events, 'paging_writes', { linear, ...entry, via, source });
  }
}
