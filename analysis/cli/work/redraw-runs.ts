import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { Redrawer, type Redrawn } from '../../inevitable/redraw.ts';
import { builtinDisk } from '../options/builtin-guest.ts';

/** Some runs of `inevitable` from one instant. Requests and answers are plain, for another process to take. */

export interface RedrawRequest {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
  readonly until: number;
  readonly at: number;
  readonly seeds: readonly bigint[];
}

/** The machine of the last request: those that follow are mostly of the same file. */
let kept: { readonly key: string; readonly redrawer: Redrawer } | undefined;

export async function redrawRuns(request: RedrawRequest, signal?: AbortSignal): Promise<readonly Redrawn[]> {
  const { file, disks, until, at, seeds } = request;
  const key = JSON.stringify([file, disks, until]);
  if (kept?.key !== key) {
    closeRedrawer();
    const reader = TraceReader.open(file, { disks });
    kept = { key, redrawer: new Redrawer({ reader, build: buildMachine, builtinDisk, until }) };
  }
  return await kept.redrawer.from(at, seeds, signal);
}

/** The file is open until then. */
export function closeRedrawer(): void {
  kept?.redrawer.close();
  kept = undefined;
}
