import { command, element } from './dom.ts';
import { debugInEditor } from './editor.ts';
import type { FindingFacts, PageData } from './page-data.ts';
import { grouped } from './text.ts';
import { instructionsOf, stepsOf } from './two-lanes.ts';

/** The findings of a page: each with its steps, drawn in two lanes, and the commands that tell more. */

interface Shown {
  readonly data: PageData;
  readonly of: string;
}

function findingOf(finding: FindingFacts, { data, of }: Shown, show: () => void): HTMLElement {
  const { number, title, className, severity, at, summary, commands } = finding;
  const button = element('button', 'Show in the timeline', {
    type: 'button',
    'aria-label': `Show in the timeline: finding ${number}${of}`,
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
      ...stepsOf(finding, of),
      ...instructionsOf(finding, data, of),
      ...commands.map(command),
      element('div', [button, ...debugInEditor(at)], { class: 'buttons' }),
    ],
    { class: `finding ${severity}`, ...(of === '' ? { id: `finding-${number}` } : {}) },
  );
}

/** Findings that are shown at once; the rest on request. */
const SHOWN = 12;

/** All findings; `of` follows their names, `show` is what the button of one does. */
export function findingsOf(data: PageData, of: string, show: (finding: FindingFacts) => void): HTMLElement {
  const { findings, more: left } = data;
  const list = element('div');
  const rest = findings.length - SHOWN;
  const others =
    left === undefined
      ? []
      : [element('p', `${grouped(left.findings)} more are not on this page:`), command(left.command)];
  const add = (from: number, to: number) =>
    list.append(
      ...findings.slice(from, to).map((finding) => findingOf(finding, { data, of }, () => show(finding))),
    );
  add(0, SHOWN);
  if (rest <= 0) return element('div', [list]);
  const more = element('button', `Show ${grouped(rest)} more`, { type: 'button' });
  more.addEventListener('click', () => {
    add(SHOWN, findings.length);
    more.remove();
  });
  return element('div', [list, more, ...others]);
}
