import { element } from './dom.ts';
import type { FindingFacts, PageData, Step } from './page-data.ts';
import { grouped } from './text.ts';

/** A finding in two lanes, base code and handler, with the window's value between them: by steps, and instruction by instruction. */

const cell = (text: string, classes: string): HTMLElement =>
  element('td', text, classes ? { class: classes } : {});
const headed = (names: readonly string[]): HTMLElement =>
  element('thead', [
    element(
      'tr',
      names.map((name) => element('th', name, { scope: 'col' })),
    ),
  ]);
const HEAD = ['icount', 'the code', 'the window leads to', 'the handler'];

/** The value that the code set. */
const meantBy = (steps: readonly Step[]): string | undefined =>
  steps.find(({ slot }) => slot !== undefined)?.slot;

/** The window leads elsewhere than the code that set it meant. */
const slotClass = (slot: string, meant: string | undefined): 'foreign' | 'meant' =>
  meant !== undefined && slot !== '' && slot !== meant ? 'foreign' : 'meant';

/** The steps of a hijack; nothing for a finding without. */
export function stepsOf({ steps, number }: FindingFacts, of: string): HTMLElement[] {
  if (steps.length === 0) return [];
  const meant = meantBy(steps);
  let slot = '';
  const rows = steps.map(({ at, lane, text, slot: now, wrong }) => {
    slot = now ?? slot;
    const mark = wrong ? 'wrong' : '';
    const kind = slotClass(slot, meant);
    return element(
      'tr',
      [
        cell(grouped(at), 'mono'),
        cell(lane === 'base' ? text : '', mark),
        cell(`${slot}${kind === 'foreign' ? ' (not meant)' : ''}`, `mono slot ${kind}`),
        cell(lane === 'handler' ? text : '', mark),
      ],
      { class: lane },
    );
  });
  const hit = steps.find(({ slot: value, wrong }) => wrong && value !== undefined)?.slot;
  return [
    element(
      'div',
      [
        element('table', [headed(HEAD), element('tbody', rows)], {
          class: 'steps short',
        }),
      ],
      { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': `Steps of finding ${number}${of}` },
    ),
    ...(meant !== undefined && hit !== undefined
      ? [
          element('p', [
            document.createTextNode('meant: '),
            element('span', meant, { class: 'mono' }),
            document.createTextNode('; hit: '),
            element('span', hit, { class: 'mono wrong' }),
          ]),
        ]
      : []),
  ];
}

/** Each instruction of a finding, made when it is opened: there are thousands. */
export function instructionsOf(
  finding: FindingFacts,
  { places, stacks }: Pick<PageData, 'places' | 'stacks'>,
  of: string,
): HTMLElement[] {
  const { instructions, steps, number } = finding;
  if (instructions.length === 0) return [];
  const details = element('details', [
    element('summary', `Instruction by instruction: ${grouped(instructions.length)}`),
  ]);
  details.addEventListener(
    'toggle',
    () => {
      const meant = meantBy(steps);
      let [slot, line] = ['', ''];
      const rows = instructions.map(({ at, code, text, depth, enabled, stack }) => {
        const step = steps.find((one) => one.at === at);
        const { name, source = '' } = places[code];
        slot = step?.slot ?? slot;
        const shownLine = source === line ? '' : source;
        line = source;
        const lane = `${name}  ${text}`;
        const title = stacks[stack]?.join('\n') ?? '';
        const row = element(
          'tr',
          [
            cell(grouped(at), 'mono'),
            cell(depth === 0 ? lane : '', `mono${step?.wrong ? ' wrong' : ''}`),
            cell(step?.slot ?? '', `mono slot ${slotClass(slot, meant)}`),
            cell(depth > 0 ? lane : '', `mono${step?.wrong ? ' wrong' : ''}`),
            cell(shownLine, 'mono quiet'),
            cell(enabled ? '' : 'IF=0', 'mono quiet'),
          ],
          { class: depth > 0 ? 'handler' : 'base' },
        );
        row.title = title;
        return row;
      });
      details.append(
        element(
          'div',
          [
            element('table', [headed([...HEAD, 'source', 'interrupts']), element('tbody', rows)], {
              class: 'steps each',
            }),
          ],
          {
            class: 'scrolls tall',
            tabindex: '0',
            role: 'region',
            'aria-label': `Instructions of finding ${number}${of}`,
          },
        ),
      );
    },
    { once: true },
  );
  return [details];
}
