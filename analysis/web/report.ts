import type { FindingFacts, PageData } from './page-data.ts';
import { grouped, Timeline } from './timeline.ts';

/** The report page: the story, the timeline, the findings. Everything from the trace goes in as text. */

function element(
  name: string,
  content: string | readonly Node[] = '',
  attributes: Record<string, string> = {},
): HTMLElement {
  const made = document.createElement(name);
  if (typeof content === 'string') made.textContent = content;
  else made.append(...content);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

function copyButton(text: string): HTMLElement {
  const button = element('button', 'Copy', { type: 'button', 'aria-label': `Copy: ${text}` });
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      // A page opened from disk may not use the clipboard: the text is selected instead.
      const code = button.previousElementSibling;
      if (code) getSelection()?.selectAllChildren(code);
    }
  });
  return button;
}

const command = (text: string): HTMLElement =>
  element('div', [element('code', text), copyButton(text)], { class: 'command' });

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

function build(data: PageData): void {
  const about = element('div', 'Point at something, or move to the timeline and use the keys.', {
    id: 'about',
    role: 'status',
    class: 'mono',
  });
  const range = element('span', '', { class: 'range' });
  const canvas = element('canvas', '', {
    tabindex: '0',
    role: 'application',
    'aria-label':
      'Timeline. W and S zoom, A and D move, 0 shows all; up and down choose a track, left and right an event in it.',
  }) as HTMLCanvasElement;
  const timeline = new Timeline(data, canvas, {
    onView: ({ from, to }) => {
      range.textContent = `icount ${grouped(from)} to ${grouped(to)} of ${grouped(data.end)}`;
    },
    onPoint: (text) => {
      about.textContent = text;
    },
  });
  const tool = (name: string, key: string, label: string) => {
    const button = element('button', name, { type: 'button', 'aria-label': label });
    button.addEventListener('click', () => timeline.key(key));
    return button;
  };
  const findings = element('div');
  const add = (from: number, to: number) =>
    findings.append(
      ...data.findings.slice(from, to).map((finding) =>
        findingOf(finding, () => {
          timeline.showAround(finding.from, finding.at);
          canvas.scrollIntoView({ block: 'center' });
          canvas.focus({ preventScroll: true });
        }),
      ),
    );
  add(0, SHOWN);
  const rest = data.findings.length - SHOWN;
  const more = element('button', `Show ${grouped(rest)} more`, { type: 'button' });
  more.addEventListener('click', () => {
    add(SHOWN, data.findings.length);
    more.remove();
  });
  document.title = `${data.file}: rewind386 report`;
  document.body.append(
    element('main', [
      element('h1', data.file),
      element('p', data.verdict, { class: 'verdict' }),
      element('h2', 'Timeline'),
      element(
        'div',
        [
          tool('+', 'w', 'Zoom in'),
          tool('−', 's', 'Zoom out'),
          tool('←', 'a', 'Earlier'),
          tool('→', 'd', 'Later'),
          tool('All', '0', 'All of the run'),
          element('span', 'wheel or W S zooms, drag or A D moves', { class: 'quiet' }),
          range,
        ],
        { class: 'toolbar' },
      ),
      element('div', [canvas], { id: 'timeline' }),
      about,
      element('h2', data.findings.length === 0 ? 'No findings' : 'Findings'),
      findings,
      ...(rest > 0 ? [more] : []),
      element('h2', 'The run'),
      element(
        'dl',
        data.facts.flatMap(([name, value]) => [element('dt', name), element('dd', value)]),
      ),
    ]),
  );
  const worst = data.findings.find(({ steps }) => steps.length > 0);
  if (worst) about.textContent = `Finding ${worst.number}: ${worst.summary}`;
  timeline.changed();
}

build(JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData);
