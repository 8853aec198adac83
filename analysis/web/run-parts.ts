import { About } from './about.ts';
import { Causes } from './causes.ts';
import { element } from './dom.ts';
import { findingsOf } from './findings.ts';
import type { PageData } from './page-data.ts';
import { pageTablesOf } from './page-tables.ts';
import { Paging } from './paging.ts';
import { storyOf } from './story.ts';
import { grouped } from './text.ts';
import { Timeline } from './timeline.ts';
import { tracksOf } from './tracks.ts';
import type { View } from './view.ts';

/** The parts of a page that are about one run, which a page puts where it wants them. */

export interface RunParts {
  readonly timeline: Timeline;
  /** The failure in words; empty where nothing failed. */
  readonly story: readonly HTMLElement[];
  /** Toolbar, picture and the words about what is pointed at. */
  readonly timelinePart: readonly HTMLElement[];
  readonly findings: HTMLElement;
  /** The address space of a process at an icount, and by what it differs from another; empty where no page tables are known. */
  readonly pageTables: readonly HTMLElement[];
  readonly facts: HTMLElement;
}

/** Told as well, for whoever shows the parts: of what the timeline shows, and of what is pointed at, with the icount of what is chosen. */
export interface RunTold {
  readonly onView: (view: View) => void;
  readonly onPoint: (text: string, icount?: number) => void;
}

const KEYS =
  'W and S zoom, A and D move, 0 shows all, F goes to the next finding; up and down choose a track, left and right an event in it.';

/** `of` follows the names of its parts, where a page has parts of several runs: ` of FILE`. */
export function runParts(data: PageData, told: Partial<RunTold> = {}, of = ''): RunParts {
  const range = element('span', '', { class: 'range' });
  const canvas = element('canvas', '', {
    tabindex: '0',
    role: 'application',
    'aria-label': `Timeline${of}. ${KEYS}`,
  }) as HTMLCanvasElement;
  const paging = new Paging(data);
  const causes = new Causes(data, paging);
  const about = new About(data.debugCommand, ({ at, track }) => {
    timeline.goTo(at, track);
    canvas.focus({ preventScroll: true });
  });
  const timeline = new Timeline({ ...data, tracks: tracksOf(data) }, canvas, {
    onView: (view) => {
      const { from, to } = view;
      told.onView?.(view);
      range.textContent = `icount ${grouped(from)} to ${grouped(to)} of ${grouped(data.end)}`;
    },
    onPoint: (pointed, chosen) => {
      const described = causes.describe(pointed);
      about.show(described, chosen);
      told.onPoint?.(described.title, chosen ? described.at : undefined);
    },
  });
  canvas.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') about.letGo();
  });
  const worst = data.findings.find(({ steps }) => steps.length > 0);
  if (worst) about.show(causes.describe({ kind: 'finding', finding: worst }), false);
  const toTimeline = () => {
    canvas.scrollIntoView({ block: 'center' });
    canvas.focus({ preventScroll: true });
  };
  return {
    timeline,
    story: storyOf(data.story, (at) => {
      timeline.showAround(at - 200, at + 200);
      toTimeline();
    }),
    timelinePart: [
      toolbar(timeline, range),
      element('div', [canvas], { class: 'timeline' }),
      about.element,
      about.spoken,
    ],
    findings: findingsOf(data, of, (finding) => {
      timeline.showAround(finding.from, finding.at);
      about.show(causes.describe({ kind: 'finding', finding }), true);
      toTimeline();
    }),
    pageTables: pageTablesOf({
      data,
      of,
      paging,
      causes,
      goTo: (at) => {
        timeline.goTo(at, 'page-table writes');
        toTimeline();
      },
      instant: () => Math.round((timeline.view.from + timeline.view.to) / 2),
    }),
    facts: element(
      'dl',
      data.facts.map(([name, value]) => element('div', [element('dt', name), element('dd', value)])),
      { class: 'facts' },
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
      ...(timeline.hasFindings ? [tool('Next finding', 'f', 'Next finding')] : []),
      element('span', 'wheel or W S zooms, drag or A D moves, click for causes', { class: 'quiet' }),
      range,
    ],
    { class: 'toolbar' },
  );
}
