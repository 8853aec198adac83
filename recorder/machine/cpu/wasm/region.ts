import { type Expression, linksOf, type Transfer } from '../blocks/meaning.ts';
import { MICRO_OPS } from '../blocks/micro-op-table.ts';
import * as micro from '../blocks/micro-ops.ts';
import { MODE_16, MODE_FLAT } from '../segments.ts';
import { CS, SEGMENT_WORDS, SEGMENTS } from '../state.ts';
import * as wasm from './assembler.ts';
import { Assembler, I32, type Label } from './assembler.ts';
import { LOOK_UP, storeState } from './chain.ts';
import { UNKNOWN_KIND } from './emit-expressions.ts';
import type { Target } from './emit-memory.ts';
import { MicroOpEmitter } from './emit-micro-op.ts';
import type { Graph, Node } from './graph.ts';
import { isLeaving } from './graph.ts';
import { CHAIN_FUNCTION, CHAIN_USER_FUNCTION } from './imported.ts';
import { DISPATCH, ENTRY, LEFT, localOf, NEXT, OFFSET, PAGE, SLOT, STATE_WORDS } from './locals.ts';
import type { Kind } from './regions.ts';
import { simplifyTruth } from './simplify.ts';
import { offsetOf, split } from './split.ts';
import { type Item, type Loop, structure } from './structure.ts';

/** Compiles a region of blocks to the body of a function. */

/** A jump to a node: a branch to `label`, with DISPATCH set if the loop there has several entries. */
interface Way {
  readonly label: Label;
  readonly dispatch: number;
}
const ONLY = -1;
const CS_LIMIT = SEGMENTS + CS * SEGMENT_WORDS + 2;

/**
 * A region, which is blocks of one page, as a function of WebAssembly: (entry, left, page, CPU state…) → the micro-op with which the
 * interpreter goes on, or LOOK_UP. All else stands in CPU_STATE then.
 *
 * A loop is started, and the region entered, only if the longest path to the next such check fits in the rest of the run, so icount is
 * exact wherever compiled code leaves.
 */
export class RegionEmitter extends MicroOpEmitter {
  /** Nodes by their numbers (split.ts), and the one that is being emitted. */
  private readonly nodes: Graph;
  private current!: Node;
  private readonly entries: readonly number[];
  private readonly ways = new Map<number, Way>();
  /** Nodes that ask whether enough is left, and how much that is. */
  private readonly needs = new Map<number, number>();
  /** The kind of the operation that set the flags last on all ways to a node that have been emitted. */
  private readonly kinds = new Map<number, number>();
  /** Branching here goes on at the EIP in NEXT. */
  private readonly elsewhere: Label = {};

  private readonly mode: number;

  constructor(
    nodes: Graph,
    entries: readonly number[],
    target: Target,
    { user, mode }: Pick<Kind, 'user' | 'mode'>,
  ) {
    super(new Assembler(), target, user);
    const { graph, entries: ids } = split(nodes, entries, target.code);
    this.nodes = graph;
    this.entries = ids;
    this.mode = mode;
  }

  /** Writes the whole body. */
  function(): Assembler {
    const { asm } = this;
    const items = structure(
      [...this.nodes.keys()],
      (node) => this.nodes.get(node)!.successors,
      new Set(this.entries),
    );
    const heads = new Set(this.entries);
    noteHeads(items, heads);
    for (const head of heads) this.needs.set(head, this.longest(head, heads));
    asm.block(
      this.exit,
      () => {
        asm.block(this.elsewhere, () => {
          this.sequence(items, () => this.enter());
          asm.op(wasm.UNREACHABLE);
        });
        this.goElsewhere();
      },
      I32,
    );
    storeState(asm, LEFT, () => {
      asm.get(PAGE);
      asm.get(OFFSET);
      asm.op(wasm.I32_ADD);
    });
    return asm;
  }

  /** Instructions that must be left for each entry; once the body is written. */
  get entryNeeds(): readonly number[] {
    return this.entries.map((entry) => this.needs.get(entry)!);
  }

  /** Continues at the EIP in NEXT, in other compiled code or through the dispatcher. */
  private goElsewhere(): void {
    const { asm } = this;
    if (this.mode === MODE_FLAT) {
      for (const parameter of [NEXT, LEFT, PAGE]) asm.get(parameter);
      for (const word of STATE_WORDS) asm.get(localOf(word)!);
      asm.returnCall(this.user ? CHAIN_USER_FUNCTION : CHAIN_FUNCTION);
    } else {
      asm.get(NEXT);
      asm.get(PAGE);
      asm.op(wasm.I32_SUB);
      asm.set(OFFSET);
      asm.constant(LOOK_UP);
    }
  }

  /** Instructions on the longest path from `head` to the next check, or to the end of a block that is left in the middle. */
  private longest(head: number, heads: ReadonlySet<number>): number {
    const known = new Map<number, number>();
    const from = (offset: number): number => {
      const node = this.nodes.get(offset)!;
      let further = 0;
      for (const next of node.successors) {
        if (heads.has(next)) continue;
        if (!known.has(next)) known.set(next, from(next));
        further = Math.max(further, known.get(next)!);
      }
      return Math.max(node.whole, node.count + further);
    };
    return from(head);
  }

  // --- Control flow --------------------------------------------------------------------------------------------------

  private enter(): void {
    const { asm, entries } = this;
    const labels = entries.map(() => ({}));
    const upTo = (n: number): void => {
      if (n < 0) {
        asm.get(ENTRY);
        asm.branchTable(labels);
        return;
      }
      asm.block(labels[n], () => upTo(n - 1));
      this.jump(entries[n]);
    };
    if (entries.length > 1) upTo(entries.length - 1);
    else this.jump(entries[0]);
  }

  /** `begin`, then the items in order, each reached by a branch out of a block that ends before it. */
  private sequence(items: readonly Item[], begin: () => void): void {
    const { asm } = this;
    const labels = items.map(() => ({}));
    items.forEach((item, n) => {
      if (item.kind === 'node') this.ways.set(item.node, { label: labels[n], dispatch: ONLY });
      else this.lead(item, labels[n]);
    });
    const upTo = (n: number): void => {
      if (n < 0) {
        begin();
        return;
      }
      asm.block(labels[n], () => {
        upTo(n - 1);
        if (n > 0) this.item(items[n - 1]);
      });
    };
    upTo(items.length - 1);
    this.item(items[items.length - 1]);
  }

  private lead({ entries }: Loop, label: Label): void {
    entries.forEach((entry, n) => {
      this.ways.set(entry, { label, dispatch: entries.length > 1 ? n : ONLY });
    });
  }

  private item(item: Item): void {
    if (item.kind === 'node') this.node(item.node);
    else this.loop(item);
  }

  private loop(item: Loop): void {
    const { asm } = this;
    const { entries } = item;
    const label = {};
    asm.loop(label, () => {
      // In the body the entries are nodes like others to whoever begins it; jumps lead to the loop's beginning.
      this.sequence(item.body, () => {
        if (entries.length > 1) {
          asm.get(DISPATCH);
          asm.branchTable(entries.map((entry) => this.ways.get(entry)!.label));
        } else {
          asm.branch(this.ways.get(entries[0])!.label);
        }
        this.lead(item, label);
      });
    });
  }

  /** To offset `to` of the page, within the region or not. */
  private goTo(to: number): void {
    const { asm } = this;
    const inside = this.successor(to);
    if (inside !== undefined) {
      this.jump(inside);
      return;
    }
    asm.get(PAGE);
    asm.constant(to);
    asm.op(wasm.I32_ADD);
    asm.set(NEXT);
    asm.branch(this.elsewhere);
  }

  /** The node that the current one leads to at offset `to`, if that is in the region. */
  private successor(to: number): number | undefined {
    return this.current.successors.find((id) => offsetOf(id) === to);
  }

  private jump(to: number): void {
    const { label, dispatch } = this.ways.get(to)!;
    const known = this.kinds.get(to);
    this.kinds.set(to, known === undefined || known === this.kind ? this.kind : UNKNOWN_KIND);
    if (dispatch !== ONLY) {
      this.asm.constant(dispatch);
      this.asm.set(DISPATCH);
    }
    this.asm.branch(label);
  }

  // --- Nodes ---------------------------------------------------------------------------------------------------------

  private node(id: number): void {
    const { asm, code } = this;
    const node = this.nodes.get(id)!;
    this.current = node;
    asm.constant(node.offset);
    asm.set(OFFSET);
    const need = this.needs.get(id);
    // All ways to a node that is the beginning of nothing have been emitted before it.
    this.kind = need === undefined ? (this.kinds.get(id) ?? UNKNOWN_KIND) : UNKNOWN_KIND;
    if (need !== undefined) {
      asm.get(LEFT);
      asm.constant(need);
      asm.op(wasm.I32_LT_S);
      asm.when(() => this.leaveTo(node.start));
    }
    let first = node.start;
    let index = 0;
    for (let p = node.start; p <= node.end; p += micro.WORDS) {
      if (p === node.end && node.cut !== undefined) break;
      const at = code[p + micro.PLACE] >>> micro.INDEX_SHIFT;
      if (at !== index) {
        index = at;
        first = p;
      }
      if (p === node.end) this.lastMicroOp(node, first);
      else this.microOp(p, first);
    }
    if (node.cut !== undefined) {
      this.retire(node.count);
      this.goTo(node.cut);
    }
  }

  private lastMicroOp(node: Node, first: number): void {
    const { code } = this;
    const p = node.end;
    const { transfer } = MICRO_OPS[code[p]];
    if (isLeaving(code[p]) || transfer === undefined) {
      this.begin(p, first);
      this.leave();
      return;
    }
    this.microOp(p, first);
    this.transfer(node, transfer);
  }

  private retire(count: number): void {
    if (count === 0) return;
    const { asm } = this;
    asm.get(LEFT);
    asm.constant(count);
    asm.op(wasm.I32_SUB);
    asm.set(LEFT);
  }

  private transfer(node: Node, transfer: Transfer): void {
    const { offset } = node;
    switch (transfer.kind) {
      case 'fall':
        this.retire(node.count);
        this.goTo(offset + (this.code[this.p + micro.PLACE] & micro.OFFSET_MASK));
        break;
      case 'goto':
        if (linksOf(transfer).length > 0) {
          this.retire(node.count);
          this.goTo(offset + this.field('displacement'));
        } else {
          this.indirect(node, transfer.to);
        }
        break;
      case 'branch':
        this.truth(transfer.taken);
        this.retire(node.count);
        this.asm.when(() => this.goTo(offset + this.field('displacement')));
        this.goTo(offset + this.field('immediate'));
        break;
      case 'near':
        this.near(node, transfer);
        break;
      case 'refetch':
        this.refetch(node);
        break;
      case 'leave':
        this.leave();
    }
  }

  /** Behind an instruction that has had the next one fetched anew: by the dispatcher, unless SLOT says that it is where it was. */
  private refetch({ offset, count }: Node): void {
    const { asm } = this;
    const behind = offset + this.offsetBehind();
    this.retire(count);
    asm.get(SLOT);
    asm.when(() => this.goTo(behind));
    asm.constant(behind);
    asm.set(OFFSET);
    asm.constant(LOOK_UP);
    asm.branch(this.exit);
  }

  /**
   * The blocks of the region are in the segment, those of 16-bit code below 64 KB (`WasmTier.serves`). In flat code no limit is in
   * the way elsewhere either.
   */
  private near({ offset, count }: Node, { taken, before }: Transfer & { kind: 'near' }): void {
    const { asm } = this;
    const mask = this.field('scale');
    const target = offset + this.field('displacement');
    const inside = mask === -1 || this.mode === MODE_16 ? this.successor(target) : undefined;
    const masked = () => {
      asm.get(PAGE);
      asm.constant(target);
      asm.op(wasm.I32_ADD);
      asm.constant(mask);
      asm.op(wasm.I32_AND);
    };
    const go = () => {
      if (inside !== undefined) this.jump(inside);
      else {
        masked();
        asm.set(NEXT);
        asm.branch(this.elsewhere);
      }
    };
    if (inside === undefined && this.mode !== MODE_FLAT) {
      this.truth(taken);
      masked();
      asm.loadWord(CS_LIMIT);
      asm.op(wasm.I32_GT_U, wasm.I32_AND);
      this.leaveIf();
    }
    if (simplifyTruth(taken, this) === true) {
      this.statements(before);
      this.retire(count);
      go();
      return;
    }
    this.truth(taken);
    this.statements(before);
    this.retire(count);
    asm.when(go);
    this.goTo(offset + this.field('immediate'));
  }

  /** To where `to` says; a return to a call in the region stays in it. */
  private indirect(node: Node, to: Expression): void {
    const { asm } = this;
    this.value(to);
    asm.set(NEXT);
    this.retire(node.count);
    for (const site of node.returns) {
      const inside = this.successor(site)!;
      asm.get(NEXT);
      asm.get(PAGE);
      asm.constant(site);
      asm.op(wasm.I32_ADD, wasm.I32_EQ);
      asm.when(() => this.jump(inside));
    }
    asm.branch(this.elsewhere);
  }
}

/** Adds the entries of all loops. */
function noteHeads(items: readonly Item[], heads: Set<number>): void {
  for (const item of items) {
    if (item.kind === 'node') continue;
    for (const entry of item.entries) heads.add(entry);
    noteHeads(item.body, heads);
  }
}
