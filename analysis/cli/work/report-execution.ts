import { buildMachine } from '../../../recorder/machine/build.ts';
import { Debuggee } from '../../../replayer/debug/debuggee.ts';
import { ForwardSession } from '../../../replayer/timeline/forward-session.ts';
import { DivergenceFound } from '../../../replayer/trace/divergence.ts';
import type { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { TraceDamage } from '../../../schemas/trace/framing.ts';
import type { Execution } from '../../report/instruction-facts.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { shellWord } from '../terminal/format.ts';
import { note, progressBar } from '../terminal/progress.ts';

/** Executes the run of a trace for a report that shows instructions. */

/** Maximum instructions that a report executes from the nearest checkpoint or the start: a few seconds. */
const FAR = 300_000_000;

export function executionOf(reader: TraceReader): Execution & { end(): void } {
  const { endIcount } = reader;
  let debuggee: Debuggee | undefined;
  const progress = progressBar('replaying', endIcount);
  return {
    // Created on first use: a run without findings is not executed.
    get debuggee() {
      const session = () => ForwardSession.open(reader, { build: buildMachine, builtinDisk });
      const onProgress = (icount: number) => progress.at(icount);
      debuggee ??= new Debuggee(session(), { onProgress }, () => {});
      return debuggee;
    },
    isNear: (icount) =>
      icount - (reader.checkpoints.findLast((one) => one.icount <= icount)?.icount ?? 0) <= FAR,
    attempt: async (run) => {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof DivergenceFound || error instanceof TraceDamage)) throw error;
        progress.end();
        note(
          `the page has no instructions: ${error.message}; next: rewind386 replay ${shellWord(reader.path)}`,
        );
        return undefined;
      }
    },
    end: () => progress.end(),
  };
}
