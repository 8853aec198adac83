import type { Icount, Physical } from '../../schemas/units.ts';
import type { LastWriter } from '../store-index/last-writer.ts';
import type { Debuggee } from './debuggee.ts';

/** The last write to a word before the present of a debuggee: from the index of stores, or found by execution. */

/** A write; without `eip` a device made it. */
interface Writer {
  readonly icount: Icount;
  readonly eip: number | undefined;
}

/**
 * The newest write to any byte of [physical, physical + bytes) of the recorded run before the instruction at `before`, with
 * what devices did on arrival there, if that is known without executing anything.
 */
export type KnownWriter = (physical: Physical, bytes: number, before: number) => LastWriter | undefined;

export class LastWrites {
  private readonly debuggee: Debuggee;
  private readonly known: KnownWriter | undefined;

  constructor(debuggee: Debuggee, known: KnownWriter | undefined) {
    this.debuggee = debuggee;
    this.known = known;
  }

  /** Of the word at a physical address; null where nothing wrote it. */
  async before(word: number): Promise<Writer | null> {
    return this.knownWriter(word) ?? (await this.byExecution(word));
  }

  /** From the index: of the recorded run, before an instruction. Undefined where it names no write. */
  private knownWriter(word: number): Writer | undefined {
    const { position, isWhatIf } = this.debuggee;
    // What a delivery pushes is written at the icount of the instruction that it comes before.
    if (isWhatIf || position.deliveries > 0) return undefined;
    const last = this.known?.(word, 4, position.icount);
    if (last?.kind !== 'write') return undefined;
    const { icount, eip, source } = last.write;
    return { icount, eip: source === 'dma' || source === 'poke' ? undefined : eip };
  }

  private async byExecution(word: number): Promise<Writer | null> {
    const here = this.debuggee.position;
    const watch = { space: 'physical', first: word, last: word + 3, reads: false, writes: true } as const;
    const report = await this.debuggee.continueBack({ breakpoints: [], watches: [watch] }, () => false);
    const { eip } = this.debuggee.machine.cpu;
    await this.debuggee.goto(here);
    if (report.kind !== 'hit') return null;
    const { position, byDevice } = report.hit;
    return { icount: position.icount, eip: byDevice ? undefined : eip };
  }
}
