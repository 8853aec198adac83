import { element } from '../dom.ts';
import type { FirstDifference, RunDifference } from '../serve-data.ts';
import { grouped } from '../text.ts';
import { button } from './parts.ts';

/** The places from which on the later traces differ from the first, with the events of each side. */

/** Icount at which two runs begin to differ; undefined where they do not. */
export const differAt = ({ event, input }: RunDifference): number | undefined => {
  const icounts = [event, input].flatMap((found) => (found ? [found.icount] : []));
  return icounts.length === 0 ? undefined : Math.min(...icounts);
};

/** `show` goes to an icount in both. */
export function differencePart(
  files: readonly [first: string, other: string],
  difference: RunDifference,
  show: (icount: number) => void,
): HTMLElement {
  const { event, input, onlyOne } = difference;
  const [first, other] = files;
  const found = [
    ...(event ? [{ name: `event (${event.kind})`, at: event }] : []),
    ...(input ? [{ name: 'input', at: input }] : []),
  ].sort((a, b) => a.at.icount - b.at.icount);
  const rows = found.map(({ name, at }) => row(name, at, files, show));
  const same = rows.length === 0 ? 'have the same inputs and the same events' : 'differ';
  return element(
    'div',
    [
      element('h2', `${first} and ${other} ${same}`),
      ...(onlyOne.length > 0
        ? [element('p', `not compared, because only one of them records it: ${onlyOne.join(', ')}`)]
        : []),
      ...rows,
    ],
    { class: 'parting' },
  );
}

function row(
  name: string,
  { icount, first, other }: FirstDifference,
  files: readonly [string, string],
  show: (icount: number) => void,
): HTMLElement {
  const side = (file: string, text: string | null) => [
    element('dt', file),
    element('dd', text ?? 'none more', { class: 'mono' }),
  ];
  return element('div', [
    element('p', [
      document.createTextNode(`The first different ${name} is at icount ${grouped(icount)}. `),
      button('Show in both', () => show(icount), `Show in both: the first different ${name}`),
    ]),
    element('dl', [...side(files[0], first), ...side(files[1], other)]),
  ]);
}
