import { element } from '../dom.ts';
import type { PageData } from '../page-data.ts';
import { runParts } from '../run-parts.ts';
import { get, Refused } from './client.ts';

/** The live page of `serve`: the timelines of the traces, and what is known of them. */

async function begin(): Promise<void> {
  const files = await get<readonly string[]>('runs');
  document.title = `${files.join(', ')}: rewind386`;
  const timelines = element('div');
  const about = element('div', '', { class: 'runs' });
  const main = element('main', [
    element('h1', files.join(' and ')),
    element('h2', 'Timeline'),
    timelines,
    about,
  ]);
  document.body.append(main);
  for (const [n, file] of files.entries()) {
    const place = element('section', [element('p', `reading ${file}…`, { class: 'quiet', role: 'status' })]);
    timelines.append(place);
    const story = element('section');
    about.append(story);
    void showRun({ n, file, place, story, isAlone: files.length === 1 });
  }
}

interface Shown {
  readonly n: number;
  readonly file: string;
  readonly place: HTMLElement;
  readonly story: HTMLElement;
  readonly isAlone: boolean;
}

async function showRun({ n, file, place, story, isAlone }: Shown): Promise<void> {
  try {
    const data = await get<PageData>(`facts?run=${n}`);
    const { timeline, timelinePart, findings, facts } = runParts(data);
    const name = isAlone ? [] : [element('h3', data.file)];
    place.replaceChildren(...name, element('p', data.verdict, { class: 'verdict' }), ...timelinePart);
    const of = isAlone ? '' : ` of ${data.file}`;
    story.replaceChildren(
      element('h2', `${data.findings.length === 0 ? 'No findings' : 'Findings'}${of}`),
      findings,
      element('h2', `The run${of}`),
      facts,
    );
    timeline.changed();
  } catch (error) {
    place.replaceChildren(problem(error, file));
  }
}

function problem(error: unknown, about: string): HTMLElement {
  const { error: what, next } =
    error instanceof Refused ? error.refusal : { error: String(error), next: undefined };
  return element('p', `${about}: ${what}${next === undefined ? '' : `; ${next}`}`, {
    class: 'problem',
    role: 'alert',
  });
}

begin().catch((error: unknown) => document.body.append(element('main', [problem(error, 'rewind386')])));
