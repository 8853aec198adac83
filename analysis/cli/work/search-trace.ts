import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { Searcher, type SearchOutcome } from '../../explore/search.ts';
import { type Method, pctBound, type Span } from '../../explore/strategies.ts';
import { interruptTimes, recordedOf } from '../../what-if/recorded-interrupts.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { grouped, hex8, plural, shellWord } from '../terminal/format.ts';
import { progressBar } from '../terminal/progress.ts';
import { endText } from './exploration-text.ts';
import { symbolsOf } from './explore.ts';

/** `rewind386 explore --bound K`: runs with several interrupts at other times. */

export interface SearchRequest {
  readonly file: string;
  readonly lines: readonly number[];
  readonly method: Method;
  readonly bound: number;
  readonly span: Span;
  readonly runs: number;
  readonly within: number;
  readonly disks: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export interface SearchResult {
  readonly request: SearchRequest;
  readonly outcomes: readonly SearchOutcome[];
  /** Of the host, until the first failure; undefined without one. */
  readonly secondsToFirst: number | undefined;
  /** Names of code by its address. */
  readonly names: ReadonlyMap<number, string>;
}

export async function searchTrace(request: SearchRequest): Promise<SearchResult> {
  const { file, lines, disks, runs, signal } = request;
  const reader = TraceReader.open(file, { disks });
  const recorded = recordedOf(reader);
  const times = new Map(
    lines.map((line) => [line, interruptTimes(recorded.inputs, recorded.raises(line) ?? [], line)]),
  );
  const none = lines.find((line) => times.get(line)?.length === 0);
  if (none !== undefined) {
    reader.close();
    throw new BadInput(
      `${file} has no IRQ ${none} whose time is an input`,
      none === 0 || none === 4
        ? 'record it with --jitter N%'
        : 'name the line of a drive that the guest uses',
    );
  }
  const searcher = new Searcher({ ...request, reader, times, build: buildMachine, builtinDisk });
  const progress = progressBar('searching', runs);
  const outcomes: SearchOutcome[] = [];
  const started = performance.now();
  let secondsToFirst: number | undefined;
  try {
    for (let run = 0; run < runs && !signal.aborted; run++) {
      const outcome = await searcher.run(run);
      outcomes.push(outcome);
      if (outcome.failed) secondsToFirst ??= (performance.now() - started) / 1000;
      progress.at(
        run,
        `${plural(run + 1, 'run')}, ${grouped(outcomes.filter(({ failed }) => failed).length)} fail`,
      );
    }
  } finally {
    progress.end();
    searcher.close();
  }
  const names = await symbolsOf(
    file,
    outcomes.map(({ sign }) => sign?.eip),
  );
  return { request, outcomes, secondsToFirst, names };
}

/** Failures that are shown, one of each kind and place. */
const SHOWN = 10;

function failureOf({ sign, end }: SearchOutcome, names: ReadonlyMap<number, string>): string {
  if (!sign) return endText(end);
  return `${sign.kind} ${sign.text || `in ${names.get(sign.eip) ?? hex8(sign.eip)}`}`;
}

export const movesText = (moves: SearchOutcome['moves']): string =>
  moves.map(({ line, from, to }) => `irq${line}=${to}@${from}`).join(',');

/** One failure of each kind, the first. */
export function firstsOf({ outcomes, names }: SearchResult): SearchOutcome[] {
  const firsts = new Map<string, SearchOutcome>();
  for (const outcome of outcomes.filter(({ failed }) => failed)) {
    const kind = failureOf(outcome, names);
    if (!firsts.has(kind)) firsts.set(kind, outcome);
  }
  return [...firsts.values()];
}

export function describeSearch(result: SearchResult): string[] {
  const { request, names } = result;
  const firsts = firstsOf(result);
  const lines = firsts.slice(0, SHOWN).flatMap((one) => {
    const replay = `     rewind386 replay ${shellWord(request.file)} --schedule ${movesText(one.moves)} -o run-${one.run}.r386`;
    // A run that the seed alone would make fails by itself.
    return [`FAIL ${failureOf(one, names)}: run ${one.run}`, ...(one.moves.length > 0 ? [replay] : [])];
  });
  if (firsts.length > SHOWN) lines.push(`… and ${firsts.length - SHOWN} other kinds`);
  return [...lines, ...boundLine(request), searchCoverage(result)];
}

function boundLine({ method, lines, span, bound }: SearchRequest): string[] {
  if (method !== 'pct') return [];
  const { n, k, d, oneIn } = pctBound(lines.length, span.to - span.from, bound);
  return [
    `PCT: n = ${n}, k = ${grouped(k)}, d = ${d}: a failure of that depth comes in at least 1 of n k^(d-1) = ${oneIn.toPrecision(3)} runs`,
  ];
}

/** A search is a sample: never all. */
export function searchCoverage({ request, outcomes, secondsToFirst }: SearchResult): string {
  const { method, bound, span, lines, within } = request;
  const first = outcomes.find(({ failed }) => failed);
  const found = first ? `, the first in run ${first.run} after ${secondsToFirst?.toFixed(1)} s` : '';
  const how = method === 'naive' ? 'every latency drawn again' : `${bound} changed at random (${method})`;
  return (
    `for this recording's inputs and IRQ ${lines.join(', ')}, ${how}, from icount ${grouped(span.from)} to ${grouped(span.to)} and ` +
    `${grouped(within)} instructions after it: ${plural(outcomes.length, 'run')}; ${grouped(outcomes.filter(({ failed }) => failed).length)} fail${found}`
  );
}
