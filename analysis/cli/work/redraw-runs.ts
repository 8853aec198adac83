import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { Redrawer, type Redrawn } from '../../inevitable/redraw.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { Kept } from './kept.ts';

/** Several runs of `inevitable` from one instant. Requests and answers are plain values, for worker processes. */

export interface RedrawRequest {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
  readonly until: number;
  readonly at: number;
  readonly seeds: readonly bigint[];
}

const redrawers = new Kept<Redrawer>();

export async function redrawRuns(request: RedrawRequest, signal?: AbortSignal): Promise<readonly Redrawn[]> {
  const { file, disks, until, at, seeds } = request;
  const redrawer = redrawers.get({ file, disks, until }, () => {
    const reader = TraceReader.open(file, { disks });
    return new Redrawer({ reader, build: buildMachine, builtinDisk, until });
  });
  return await redrawer.from(at, seeds, signal);
}

/** The file is open until then. */
export const closeRedrawer = (): void => redrawers.close();
