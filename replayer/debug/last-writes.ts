import type { Icount, Physical } from '../../schemas/units.ts';
import type { LastWriter } from '../store-index/last-writer.ts';
import type { Debuggee } from './debuggee.ts';

/** The last write to a word before a debuggee's position, from the index of stores or by execution. */

/** A write; without `eip`, by a device. */
interface Writer {
  readonly icount: Icount;
  readonly eip: number | undefined;
}

/**
 * The newest write to any byte of [physical, physical + bytes) of the recorded run before the instruction at `before`, including device
 * writes on arrival there, if it is known without execution.
 */
export type KnownWriter = (physical: Physical, bytes: number, before: number) => LastWriter | undefined;

export class LastWrites {
  private readonly debuggee: Debuggee;
  private readonly known: KnownWriter | undefined;

  constructor(debuggee: Debuggee, known: KnownWriter | undefined) {
    this.debuggee = debuggee;
    this.known = known;
  }

  /** The last write to the word at a physical address; null if nothing wrote it. */
  async before(word: number): Promise<Writer | null> {
    return this.knownWriter(word) ?? (await this.byExecution(word));
  }

  /** The last write from the index, in the recorded run before an instruction. Undefined if the index names none. */
  private knownWriter(word: number): Writer | undefined {
    const { position, isWhatIf } = this.debuggee;
    // A delivery pushes at the icount of the instruction that it precedes.
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
