import { untrusted } from '../../../schemas/untrusted.ts';
import type { SearchOutcome } from '../../explore/search.ts';
import { pctBound } from '../../explore/strategies.ts';
import { grouped, plural } from '../terminal/format.ts';
import { endText, failText, signText, summaryOf } from './exploration-text.ts';
import type { Subject } from './explore-subject.ts';
import { junitOf } from './junit.ts';
import type { SearchRequest, SearchResult } from './search-trace.ts';

/** The report of a search: as text, as JSON, and as JUnit XML. */

/** Maximum failures shown, one of each kind and place. */
const SHOWN = 10;

function failureOf({ sign, end }: SearchOutcome, names: ReadonlyMap<number, string>): string {
  return sign ? signText(sign, names) : endText(end);
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

/** Undefined for a run that fails with the seed alone, without a schedule. */
const again = (subject: Subject, { run, moves }: SearchOutcome): string | undefined =>
  moves.length > 0 ? subject.command(`--schedule ${movesText(moves)}`, `run-${run}.r386`) : undefined;

export function describeSearch(result: SearchResult, subject: Subject): string[] {
  const { request, names } = result;
  const firsts = firstsOf(result);
  const lines = firsts.slice(0, SHOWN).flatMap((one) => {
    const replay = again(subject, one);
    const below = [...summaryOf(one), ...(replay ? [replay] : [])].map((line) => `     ${line}`);
    return [`FAIL ${failureOf(one, names)}: run ${one.run}`, ...below];
  });
  if (firsts.length > SHOWN) lines.push(`… and ${firsts.length - SHOWN} other kinds`);
  return [...lines, ...boundLine(request), searchCoverage(result)];
}

function boundLine(request: SearchRequest): string[] {
  if (request.method !== 'pct') return [];
  const { n, k, d, oneIn } = boundOf(request);
  return [
    `PCT: n = ${n}, k = ${grouped(k)}, d = ${d}: a failure of that depth comes in at least 1 of n k^(d-1) = ${oneIn.toPrecision(3)} runs`,
  ];
}

/** For `--json`. */
export function searchFacts(result: SearchResult, { name: file }: Subject): unknown {
  const { request, outcomes, secondsToFirst, names } = result;
  const { lines, method, bound, span, within, target, runs } = request;
  return {
    ...{ file, irqs: lines, method, bound, window: span, within, target, runs: outcomes.length },
    complete: outcomes.length === runs,
    ...(method === 'pct' ? { pct: boundOf(request) } : {}),
    ...(secondsToFirst === undefined ? {} : { seconds_to_first: secondsToFirst }),
    failures: outcomes
      .filter(({ failed }) => failed)
      .map((one) => ({
        ...{ run: one.run, failure: untrusted(failureOf(one, names)), icount: one.sign?.icount },
        ...(one.sign?.summary ? { summary: untrusted(one.sign.summary) } : {}),
        ...(one.moves.length > 0 ? { replay: `--schedule ${movesText(one.moves)}` } : {}),
      })),
  };
}

export const searchJunit = (result: SearchResult, subject: Subject): string[] =>
  junitOf({
    suite: subject.name,
    name: 'several interrupts at other times',
    failures: firstsOf(result).map((one) => ({
      what: failureOf(one, result.names),
      next: `next: ${again(subject, one) ?? subject.unchanged}`,
    })),
    coverage: searchCoverage(result),
    complete: result.outcomes.length === result.request.runs,
  });

const boundOf = ({ lines, span, bound }: SearchRequest) => pctBound(lines.length, span.to - span.from, bound);

/** The extent of the search, which is a sample and never complete. */
export function searchCoverage({ request, outcomes, secondsToFirst }: SearchResult): string {
  const { method, bound, span, lines, within, target } = request;
  const first = outcomes.find(({ failed }) => failed);
  const found = first ? `, the first in run ${first.run} after ${secondsToFirst?.toFixed(1)} s` : '';
  const how = method === 'naive' ? 'all latencies drawn anew' : `${bound} changed at random (${method})`;
  return (
    `for this recording's inputs and IRQ ${lines.join(', ')}, ${how}, from icount ${grouped(span.from)} to ${grouped(span.to)} and ` +
    `${grouped(within)} instructions after it: ${plural(outcomes.length, 'run')}; ${grouped(outcomes.filter(({ failed }) => failed).length)} ${failText(target)}${found}`
  );
}
