import { element } from '../dom.ts';
import type { PageData } from '../page-data.ts';
import type { Catalogue, Range } from '../serve-data.ts';
import { get } from './client.ts';
import { Console } from './console.ts';
import { LiveRun } from './live-run.ts';
import { rangeText } from './overlay.ts';
import { button, problem } from './parts.ts';
import { KeptNotes, savedQueries } from './saved.ts';

/** The live page of `serve`: the timelines of the traces, the SQL console, and what is known of each run. */

const nonce = document.querySelector('script')?.nonce ?? '';

class LivePage {
  private readonly files: readonly string[];
  private readonly notes = new KeptNotes();
  private readonly runs = new Map<number, LiveRun>();
  private readonly selected = element('p', '', { class: 'selected', role: 'status' });
  private range: Range | undefined;

  constructor(files: readonly string[]) {
    this.files = files;
  }

  async show(): Promise<void> {
    const { files } = this;
    document.title = `${files.join(', ')}: rewind386`;
    const timelines = files.map((file) =>
      element('section', [element('p', `reading ${file}…`, { class: 'quiet', role: 'status' })]),
    );
    const stories = files.map(() => element('section'));
    const sql = element('section', [element('h2', 'SQL'), this.selected]);
    document.body.append(
      element('main', [
        element('h1', files.join(' and ')),
        ...timelines,
        sql,
        element('div', stories, { class: 'runs' }),
      ]),
    );
    this.select(undefined);
    const shown = files.map((_, n) => this.showRun(n, timelines[n], stories[n]));
    await this.showConsole(sql).catch((error: unknown) => sql.append(problem(error)));
    await Promise.all(shown);
  }

  private async showConsole(place: HTMLElement): Promise<void> {
    const catalogue = await get<Catalogue>('catalogue');
    const goTo = (icount: number, run: number) => this.runs.get(run)?.goTo(icount);
    const sql = new Console({ catalogue, nonce, goTo, range: () => this.range });
    const saved = savedQueries(this.notes, catalogue, sql.editor);
    place.append(element('div', [sql.element, saved], { class: 'console' }));
    await this.notes.load();
  }

  private async showRun(run: number, place: HTMLElement, story: HTMLElement): Promise<void> {
    const file = this.files[run];
    try {
      const data = await get<PageData>(`facts?run=${run}`);
      const live = new LiveRun({ data, run, notes: this.notes, onSelect: (range) => this.select(range) });
      this.runs.set(run, live);
      const isAlone = this.files.length === 1;
      const { timeline, timelinePart, findings, facts } = live.parts;
      place.replaceChildren(
        ...(isAlone ? [] : [element('h2', file)]),
        element('p', data.verdict, { class: 'verdict' }),
        ...timelinePart,
        live.bar,
      );
      const of = isAlone ? '' : ` of ${file}`;
      story.replaceChildren(
        element('h2', `${data.findings.length === 0 ? 'No findings' : 'Findings'}${of}`),
        findings,
        element('h2', `The run${of}`),
        facts,
      );
      live.select(this.range);
      timeline.changed();
    } catch (error) {
      place.replaceChildren(problem(error, file));
    }
  }

  private select(range: Range | undefined): void {
    this.range = range;
    for (const run of this.runs.values()) run.select(range);
    const words = range
      ? rangeText(range)
      : 'the whole run; Shift and drag in the timeline selects a stretch, R what it shows';
    this.selected.replaceChildren(
      element('code', 'current_range'),
      document.createTextNode(` is ${words} `),
      ...(range
        ? [
            button('Show', () => this.runs.values().next().value?.showRange(range), 'Show the selection'),
            button('Clear', () => this.select(undefined), 'Clear the selection'),
          ]
        : []),
    );
  }
}

get<readonly string[]>('runs')
  .then((files) => new LivePage(files).show())
  .catch((error: unknown) => document.body.append(element('main', [problem(error)])));
