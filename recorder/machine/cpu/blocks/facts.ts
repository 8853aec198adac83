import {
  type Expression,
  type Field,
  HELPERS,
  type Helper,
  type HelperName,
  type Statement,
  type Transfer,
  type Truth,
} from './meaning.ts';
import type { MicroOp } from './micro-op-table.ts';

/** Facts about a micro-op, derived from its meaning, so that they always match its execution. */
export interface MicroOpFacts {
  /** The words of the micro-op that it uses, without links. */
  readonly operands: ReadonlySet<Field>;
  readonly readsFlags: boolean;
  readonly changesFlags: boolean;
  /** True if an exception may end the instruction here. */
  readonly mayFault: boolean;
  /** True if it faults above privilege level 0. */
  readonly privileged: boolean;
  /** True if it ends its block. */
  readonly ends: boolean;
  /** True if it may fault after a change, so that its instruction could not be abandoned. */
  readonly changesBeforeFault: boolean;
}

/** Derives the facts of `microOp`; `flagWords` are the words of CPU_STATE that hold the lazy flags. */
export function factsOf({ meaning, transfer }: MicroOp, flagWords: ReadonlySet<number>): MicroOpFacts {
  const reader = new Reader(flagWords);
  reader.statements(meaning);
  if (transfer) reader.transfer(transfer);
  return reader;
}

class Reader implements MicroOpFacts {
  readonly operands = new Set<Field>();
  readsFlags = false;
  changesFlags = false;
  mayFault = false;
  privileged = false;
  ends = false;
  changesBeforeFault = false;
  private changed = false;
  private readonly flagWords: ReadonlySet<number>;

  constructor(flagWords: ReadonlySet<number>) {
    this.flagWords = flagWords;
  }

  statements(all: readonly Statement[]): void {
    for (const each of all) this.statement(each);
  }

  transfer(of: Transfer): void {
    this.ends = true;
    if (of.kind === 'goto') this.expressions(of.to);
    if (of.kind !== 'branch' && of.kind !== 'near') return;
    this.truths(of.taken);
    this.operands.add('displacement').add('immediate');
    if (of.kind === 'branch') return;
    this.operands.add('scale');
    this.fault();
    this.statements(of.before);
  }

  private fault(): void {
    this.mayFault = true;
    if (this.changed) this.changesBeforeFault = true;
  }

  private statement(of: Statement): void {
    switch (of.kind) {
      case 'let':
        this.expressions(of.value);
        break;
      case 'set':
        this.expressions(of.target.at, of.value);
        this.changed = true;
        break;
      case 'load':
        this.fault();
        break;
      case 'store':
        this.expressions(of.value);
        this.fault();
        this.changed = true;
        break;
      case 'flags':
        this.expressions(of.result, of.a, of.b);
        this.changesFlags = true;
        this.changed = true;
        break;
      case 'when':
        this.truths(of.test);
        this.statements(of.then);
        break;
      case 'scope':
        this.statements(of.body);
        break;
      case 'perform':
        this.helper(of.helper, of.args);
        this.changed = true;
    }
  }

  private expressions(...all: readonly Expression[]): void {
    for (const of of all) {
      switch (of.kind) {
        case 'field':
          this.operands.add(of.field);
          break;
        case 'word':
          if (of.at.kind === 'constant' && this.flagWords.has(of.at.value)) this.readsFlags = true;
          this.expressions(of.at);
          break;
        case 'byte':
          this.expressions(of.at);
          break;
        case 'binary':
        case 'product':
          this.expressions(of.left, of.right);
          break;
        case 'unary':
          this.expressions(of.operand);
          break;
        case 'choose':
          this.truths(of.test);
          this.expressions(of.yes, of.no);
          break;
        case 'call':
          this.helper(of.helper, of.args);
      }
    }
  }

  private truths(...all: readonly Truth[]): void {
    for (const of of all) {
      switch (of.kind) {
        case 'compare':
          this.expressions(of.left, of.right);
          break;
        case 'both':
          this.truths(of.left, of.right);
          break;
        case 'either':
          this.truths(of.test, of.yes, of.no);
          break;
        case 'within':
          this.expressions(of.word, of.more, of.limit);
          break;
        case 'productIs':
          this.expressions(of.left, of.right, of.value);
          break;
        case 'asked':
          this.helper(of.helper, of.args);
      }
    }
  }

  private helper(name: HelperName, args: readonly Expression[]): void {
    const { faults, privileged, flags }: Helper = HELPERS[name];
    this.expressions(...args);
    if (faults) this.fault();
    if (privileged) this.privileged = true;
    if (flags === 'reads') this.readsFlags = true;
    if (flags === 'changes') this.changesFlags = true;
  }
}
