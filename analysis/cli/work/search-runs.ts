import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { Searcher, type SearchOptions, type SearchOutcome } from '../../explore/search.ts';
import { interruptTimes, recordedOf } from '../../what-if/recorded-interrupts.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { Kept } from './kept.ts';
import { openExaminer } from './open-examiner.ts';

/** Several runs of `explore --bound`. Requests and answers are plain values, for worker processes. */

/** A search, in plain values. */
export interface Searched
  extends Pick<SearchOptions, 'method' | 'bound' | 'span' | 'lines' | 'within' | 'target'> {
  readonly file: string;
  readonly disks: readonly string[] | undefined;
  /** A folder for recordings of runs, where the target needs them. */
  readonly scratch?: string | undefined;
}

export interface SearchRunsRequest {
  readonly searched: Searched;
  readonly runs: readonly number[];
}

const searchers = new Kept<Searcher>();

/** The outcomes of these runs, or of fewer if `signal` was aborted. Throws BadInput for lines whose interrupts cannot be moved. */
export async function searchRuns(
  { searched, runs }: SearchRunsRequest,
  signal?: AbortSignal,
): Promise<readonly SearchOutcome[]> {
  const searcher = searchers.get(searched, () => openSearcher(searched));
  const outcomes: SearchOutcome[] = [];
  for (const run of runs) {
    if (signal?.aborted) break;
    outcomes.push(await searcher.run(run));
  }
  return outcomes;
}

/** The file is open until then. */
export const closeSearcher = (): void => searchers.close();

function openSearcher(searched: Searched): Searcher {
  const { file, lines, disks, target, scratch } = searched;
  const reader = TraceReader.open(file, { disks });
  const recorded = recordedOf(reader);
  const times = new Map(
    lines.map((line) => [line, interruptTimes(recorded.inputs, recorded.raises(line) ?? [], line)]),
  );
  const none = lines.find((line) => times.get(line)?.length === 0);
  const examiner = openExaminer(target, scratch);
  if (none === undefined)
    return new Searcher({ ...searched, reader, times, examiner, build: buildMachine, builtinDisk });
  reader.close();
  throw new BadInput(
    `${file} has no IRQ ${none} whose time is an input`,
    none === 0 || none === 4 ? 'record it with --jitter N%' : 'name the line of a drive that the guest uses',
  );
}
