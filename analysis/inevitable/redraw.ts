import { Schedule } from '../../recorder/capture/input/input-source.ts';
import { SeededNondet } from '../../recorder/capture/seeded-nondet.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { exitOf } from '../../recorder/machine/trace-exit.ts';
import { type Checkpoint, ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { goTo } from '../../replayer/timeline/go-to.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { host } from '../../schemas/host.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { type Input, isAsynchronous } from '../../schemas/trace/inputs.ts';
import { icount } from '../../schemas/units.ts';
import { successCodes } from '../ending/exit-codes.ts';

/**
 * Draws anew what comes after an instant of a recorded run: the state is the recorded one, what was drawn before it stays (the end of a
 * command that a drive is at), and from then on latencies come from another seed. What came by itself comes again at its icounts.
 */

export interface RedrawOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** icount at which a run that has not failed is left. */
  readonly until: number;
}

/** The fate of a run that was drawn anew. */
export interface Redrawn {
  readonly seed: bigint;
  /** icount of its failure; undefined when there was none. */
  readonly failed: number | undefined;
}

/** Instructions between two turns of the event loop. */
const SLICE = 1 << 24;

export class Redrawer {
  private readonly options: RedrawOptions;
  private readonly session: ForwardSession;
  private readonly inputs: readonly Input[];
  private readonly success: readonly number[];
  private readonly start: Checkpoint;

  constructor(options: RedrawOptions) {
    const { reader, build, builtinDisk } = options;
    this.options = options;
    this.inputs = reader.inputs();
    this.success = successCodes(reader.header);
    this.session = ForwardSession.open(reader, { build, builtinDisk });
    this.start = this.session.save();
  }

  close(): void {
    this.options.reader.close();
  }

  /** Runs from an icount of the recorded run, one for each seed. Ended by `signal`, those that were made. */
  async from(at: number, seeds: readonly bigint[], signal?: AbortSignal): Promise<Redrawn[]> {
    const { session } = this;
    if (at < session.machine.icount) session.restore(this.start);
    await goTo(session, icount(at));
    const here = session.save();
    const redrawn: Redrawn[] = [];
    try {
      for (const seed of seeds) {
        if (signal?.aborted) break;
        redrawn.push({ seed, failed: await this.run(here, seed) });
      }
    } finally {
      session.restore(here);
    }
    return redrawn;
  }

  private async run(here: Checkpoint, seed: bigint): Promise<number | undefined> {
    const { session, options } = this;
    session.restore(here);
    const later = this.inputs.slice(here.inputs).filter(({ kind }) => isAsynchronous(kind));
    const machine = session.leave(new SeededNondet(seed, [new Schedule(later)]));
    while (machine.icount < options.until) {
      const stop = machine.run(icount(Math.min(options.until, machine.icount + SLICE)));
      if (stop.kind !== 'limit') return this.isBad(exitOf(stop)) ? machine.icount : undefined;
      await host().turn();
    }
    return undefined;
  }

  private isBad({ kind, code }: TraceExit): boolean {
    if (kind === 'exit') return !this.success.includes(code);
    // A kernel may halt for ever on purpose: then the recorded one did not fail by it.
    return kind === 'shutdown' || kind === 'stuck';
  }
}
