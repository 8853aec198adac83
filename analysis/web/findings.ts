import { command, element } from './dom.ts';
import type { FindingFacts } from './page-data.ts';
import { grouped } from './timeline.ts';

/** The findings of a page: each with its steps, drawn in two lanes, and the commands that tell more. */

function stepsOf({ steps }: FindingFacts): HTMLElement[] {
  if (steps.length === 0) return [];
  const head = ['icount', 'the code', 'the handler', 'the window leads to'];
  let slot = '';
  const cells = steps.flatMap(({ at, lane, text, slot: now, wrong }) => {
    slot = now ?? slot;
    const mark = wrong ? { class: 'wrong' } : {};
    return [
      element('div', grouped(at), { class: 'mono' }),
      element('div', lane === 'base' ? text : '', mark),
      element('div', lane === 'handler' ? text : '', mark),
      element('div', slot, now !== undefined && wrong ? { class: 'wrong mono' } : { class: 'mono' }),
    ];
  });
  return [
    element('div', [...head.map((name) => element('div', name, { class: 'head' })), ...cells], {
      class: 'steps',
    }),
  ];
}

function findingOf(finding: FindingFacts, show: () => void): HTMLElement {
  const { number, title, className, severity, at, summary, commands } = finding;
  const button = element('button', 'Show in the timeline', {
    type: 'button',
    'aria-label': `Show in the timeline: finding ${number}`,
  });
  button.addEventListener('click', show);
  const kind = /^\d/.test(className) ? ` (class ${className})` : '';
  return element(
    'article',
    [
      element('h3', [
        element('span', `${severity === 'error' ? 'Error' : 'Warning'}: `, { class: 'severity' }),
        document.createTextNode(`${title}${kind} at icount ${grouped(at)}`),
      ]),
      element('p', summary),
      ...stepsOf(finding),
      ...commands.map(command),
      button,
    ],
    { class: `finding ${severity}`, id: `finding-${number}` },
  );
}

/** Findings that are shown at once; the rest on request. */
const SHOWN = 12;

/** All findings; `show` is what the button of one does. */
export function findingsOf(
  findings: readonly FindingFacts[],
  show: (finding: FindingFacts) => void,
): HTMLElement {
  const list = element('div');
  const add = (from: number, to: number) =>
    list.append(...findings.slice(from, to).map((finding) => findingOf(finding, () => show(finding))));
  add(0, SHOWN);
  const rest = findings.length - SHOWN;
  if (rest <= 0) return element('div', [list]);
  const more = element('button', `Show ${grouped(rest)} more`, { type: 'button' });
  more.addEventListener('click', () => {
    add(SHOWN, findings.length);
    more.remove();
  });
  return element('div', [list, more]);
}
