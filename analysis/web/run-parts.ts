import { element } from './dom.ts';
import { findingsOf } from './findings.ts';
import type { PageData } from './page-data.ts';
import { grouped, Timeline, type Told } from './timeline.ts';
import { tracksOf } from './tracks.ts';

/** The parts of a page that are about one run, which a page puts where it wants them. */

export interface RunParts {
  readonly timeline: Timeline;
  /** Toolbar, picture and the words about what is pointed at. */
  readonly timelinePart: readonly HTMLElement[];
  readonly findings: HTMLElement;
  readonly facts: HTMLElement;
}

/** `told`: of what the timeline shows, and of what is chosen in it, besides the parts themselves. */
export function runParts(data: PageData, told: Partial<Told> = {}): RunParts {
  const about = element('div', 'Point at something, or move to the timeline and use the keys.', {
    class: 'about mono',
    role: 'status',
  });
  const range = element('span', '', { class: 'range' });
  const canvas = element('canvas', '', {
    tabindex: '0',
    role: 'application',
    'aria-label':
      'Timeline. W and S zoom, A and D move, 0 shows all; up and down choose a track, left and right an event in it.',
  }) as HTMLCanvasElement;
  const timeline = new Timeline({ ...data, tracks: tracksOf(data) }, canvas, {
    onView: (view) => {
      const { from, to } = view;
      told.onView?.(view);
      range.textContent = `icount ${grouped(from)} to ${grouped(to)} of ${grouped(data.end)}`;
    },
    onPoint: (text, icount) => {
      told.onPoint?.(text, icount);
      about.textContent = text;
    },
  });
  const worst = data.findings.find(({ steps }) => steps.length > 0);
  if (worst) about.textContent = `Finding ${worst.number}: ${worst.summary}`;
  const show = ({ from, at }: PageData['findings'][number]) => {
    timeline.showAround(from, at);
    canvas.scrollIntoView({ block: 'center' });
    canvas.focus({ preventScroll: true });
  };
  return {
    timeline,
    timelinePart: [toolbar(timeline, range), element('div', [canvas], { class: 'timeline' }), about],
    findings: findingsOf(data.findings, show),
    facts: element(
      'dl',
      data.facts.flatMap(([name, value]) => [element('dt', name), element('dd', value)]),
    ),
  };
}

function toolbar(timeline: Timeline, range: HTMLElement): HTMLElement {
  const tool = (name: string, key: string, label: string) => {
    const button = element('button', name, { type: 'button', 'aria-label': label });
    button.addEventListener('click', () => timeline.key(key));
    return button;
  };
  return element(
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
  );
}
