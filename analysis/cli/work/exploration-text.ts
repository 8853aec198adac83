import type { TraceExit } from '../../../schemas/trace/footer.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import type { Outcome } from '../../explore/explore.ts';
import type { Target } from '../../explore/target.ts';
import type { Sign } from '../../explore/window-judge.ts';
import { grouped, plural } from '../terminal/format.ts';
import type { Exploration } from './explore.ts';
import type { Subject } from './explore-subject.ts';
import { junitOf } from './junit.ts';

/** The report of an exploration: as text, as JSON, and as JUnit XML for CI systems. */

/** Maximum failures shown, one of each kind and place; the rest are counted. */
const SHOWN = 10;

/** The failures by kind and place, and the extent of the search. */
export function describeExploration(exploration: Exploration, subject: Subject): string[] {
  const { explored } = exploration;
  const groups = grouping(exploration);
  const lines = explored.recorded
    ? [
        `note: the recording itself has a ${explored.recorded.kind} at icount ${grouped(explored.recorded.icount)}`,
      ]
    : [];
  for (const { what, outcomes } of groups.slice(0, SHOWN)) {
    const [first] = outcomes;
    lines.push(
      `FAIL ${what}${outcomes.length > 1 ? ` (${plural(outcomes.length, 'class', 'classes')})` : ''}`,
      ...summaryOf(first).map((line) => `     ${line}`),
      `     ${again(subject, first)}`,
    );
  }
  if (groups.length > SHOWN) lines.push(`… and ${groups.length - SHOWN} other kinds: --json shows all`);
  return [...lines, ...nothingTried(exploration), coverage(exploration)];
}

const again = (subject: Subject, { option, at }: Outcome): string =>
  subject.command(option, `placement-${at}.r386`);

/** The reason that no placement was possible. */
function nothingTried({ asked, windows, lateWindows, explored }: Exploration): string[] {
  if (explored.placements > 0 || !explored.complete) return [];
  return [
    windows + lateWindows === 0
      ? 'note: nothing was tried: no window is set and used there'
      : `note: nothing was tried: the windows have no boundary to which IRQ ${asked.irq} can move`,
  ];
}

/** The coverage in numbers, which never claims completeness. */
export function coverage({ asked, windows, lateWindows, explored }: Exploration): string {
  const { placements, classes, outcomes, complete } = explored;
  const failed = outcomes.filter((outcome) => outcome.failed).length;
  const run = complete ? 'all run' : `stopped after ${grouped(outcomes.length)} runs, before all were tried`;
  const when = asked.later ? 'earlier or later' : 'earlier';
  const how = asked.any ? `one injected IRQ ${asked.irq}, legal or not` : `one ${when} IRQ ${asked.irq}`;
  const late = asked.later
    ? ` and ${grouped(lateWindows)} of runs with a later one (those used up to ${grouped(asked.within)} instructions behind its latest time)`
    : '';
  return (
    `for this recording's inputs and ${how}, in ${plural(windows, 'window')}${late}, for ${grouped(asked.within)} instructions after it: ` +
    `${plural(placements, 'placement')} in ${plural(classes, 'class', 'classes')}, ${run}; ${grouped(failed)} ${failText(asked.target)}`
  );
}

/** Of a number of runs. */
export const failText = (target: Target | undefined): string =>
  target === undefined ? 'fail' : `fail (${target} only)`;

interface Group {
  readonly what: string;
  readonly outcomes: Outcome[];
}

/** Groups similar failures: the same sign at the same instruction. */
export function grouping({ explored, names, asked }: Exploration): Group[] {
  const groups = new Map<string, Group>();
  for (const outcome of explored.outcomes.filter(({ failed }) => failed)) {
    const key = failureOf(outcome, names);
    const group = groups.get(key) ?? {
      what: `${key}: IRQ ${asked.irq} at icount ${grouped(outcome.at)}${interrupted(outcome, names)}`,
      outcomes: [],
    };
    groups.set(key, group);
    group.outcomes.push(outcome);
  }
  return [...groups.values()];
}

const codeAt = (eip: number, names: ReadonlyMap<number, string>): string =>
  names.get(eip) ?? eip.toString(16).padStart(8, '0');

const interrupted = ({ delivery }: Outcome, names: ReadonlyMap<number, string>): string =>
  delivery ? `, delivered in ${codeAt(delivery.eip, names)}` : ', not delivered';

function failureOf({ sign, end }: Outcome, names: ReadonlyMap<number, string>): string {
  return sign ? signText(sign, names) : endText(end);
}

/** The words of a check, unless its finding is called so. */
export const summaryOf = ({ sign }: Pick<Outcome, 'sign'>): string[] =>
  sign?.summary && sign.summary !== sign.text ? [sign.summary] : [];

export const signText = ({ kind, text, eip }: Sign, names: ReadonlyMap<number, string>): string =>
  `${kind} ${text || eip === undefined ? text : `in ${codeAt(eip, names)}`}`;

/** The text of a failure. */
export function endText(end: TraceExit | undefined): string {
  if (end?.kind === 'exit') return `exit code 0x${end.code.toString(16)}`;
  return end?.kind === 'shutdown' ? `shutdown: ${end.message}` : 'halted forever';
}

/** For `--json`. */
export function explorationFacts(exploration: Exploration, { name: file }: Subject): unknown {
  const { asked, windows, lateWindows, explored, names } = exploration;
  const { placements, classes, complete, outcomes } = explored;
  return {
    ...{ file, irq: asked.irq, any: asked.any, within: asked.within, target: asked.target },
    ...(asked.later ? { later: true, late_windows: lateWindows } : {}),
    ...{ windows, placements, classes, run: outcomes.length, complete },
    failures: outcomes
      .filter(({ failed }) => failed)
      .map((outcome) => ({
        at: outcome.at,
        first: outcome.placement.first,
        last: outcome.placement.last,
        failure: untrusted(failureOf(outcome, names)),
        icount: outcome.sign?.icount,
        ...(outcome.sign?.summary ? { summary: untrusted(outcome.sign.summary) } : {}),
        delivered: outcome.delivery && {
          icount: outcome.delivery.icount,
          code: untrusted(codeAt(outcome.delivery.eip, names)),
        },
        replay: outcome.option,
      })),
  };
}

/** The same, for CI systems. */
export const explorationJunit = (exploration: Exploration, subject: Subject): string[] =>
  junitOf({
    suite: subject.name,
    name: 'interrupts at other times',
    failures: grouping(exploration).map(({ what, outcomes: [first] }) => ({
      what,
      next: `next: ${again(subject, first)}`,
    })),
    coverage: coverage(exploration),
    complete: exploration.explored.complete,
  });
