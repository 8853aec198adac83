import { element } from '../dom.ts';
import type { PageData } from '../page-data.ts';
import type { Catalogue, Range, RunDifference, ServedRun } from '../serve-data.ts';
import { get } from './client.ts';
import { Console } from './console.ts';
import { differencePart, partsAt } from './differences.ts';
import { LiveRun } from './live-run.ts';
import { rangeText } from './overlay.ts';
import { button, problem } from './parts.ts';
import { KeptNotes, savedQueries } from './saved.ts';

/** The live page of `serve`: the timelines of the traces, the SQL console, and what is known of each run. */

const nonce = document.querySelector('script')?.nonce ?? '';

class LivePage {
  private readonly files: readonly string[];
  private readonly served: readonly ServedRun[];
  private readonly notes = new KeptNotes();
  private readonly runs = new Map<number, LiveRun>();
  private readonly selected = element('p', '', { class: 'selected', role: 'status' });
  private readonly differences = element('section');
  private range: Range | undefined;
  /** The timelines show the same stretch. */
  private together = true;

  constructor(served: readonly ServedRun[]) {
    this.served = served;
    this.files = served.map(({ file }) => file);
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
        this.differences,
        ...timelines,
        sql,
        element('div', stories, { class: 'runs' }),
      ]),
    );
    this.select(undefined);
    const shown = files.map((_, n) => this.showRun(n, timelines[n], stories[n]));
    await this.showConsole(sql).catch((error: unknown) => sql.append(problem(error)));
    await Promise.all(shown);
    if (files.length > 1) await this.showDifferences();
  }

  /** Each of the later traces beside the first. */
  private async showDifferences(): Promise<void> {
    const { files } = this;
    const together = element('input', '', { type: 'checkbox', id: 'together' }) as HTMLInputElement;
    together.checked = this.together;
    together.addEventListener('change', () => {
      this.together = together.checked;
    });
    this.differences.append(
      element('p', [together, element('label', ' the timelines move together', { for: 'together' })]),
    );
    for (let run = 1; run < files.length; run++) {
      const difference = await get<RunDifference>(`difference?run=${run}`);
      const both = [0, run].flatMap((n) => this.runs.get(n) ?? []);
      const at = partsAt(difference);
      if (at !== undefined) for (const live of both) live.differs(at);
      const show = (icount: number) => {
        for (const live of [...both].reverse()) live.goTo(icount);
      };
      together.parentElement?.before(differencePart([files[0], files[run]], difference, show));
    }
  }

  private follow(run: number, view: Range): void {
    if (!this.together) return;
    // Those that follow tell of it as well.
    this.together = false;
    for (const [n, other] of this.runs) if (n !== run) other.follow(view);
    this.together = true;
  }

  private async showConsole(place: HTMLElement): Promise<void> {
    const catalogue = await get<Catalogue>('catalogue');
    // A row that does not say of which trace it is may be of any.
    const goTo = (icount: number, run?: number) => {
      const found = run === undefined ? [...this.runs.values()].reverse() : [this.runs.get(run)];
      for (const live of found) live?.goTo(icount);
    };
    const sql = new Console({ catalogue, nonce, goTo, range: () => this.range });
    const saved = savedQueries(this.notes, catalogue, sql.editor);
    place.append(element('div', [sql.element, saved], { class: 'console' }));
    await this.notes.load();
  }

  private async showRun(run: number, place: HTMLElement, story: HTMLElement): Promise<void> {
    const { file, hasStores } = this.served[run];
    try {
      const data = await get<PageData>(`facts?run=${run}`);
      const live = new LiveRun({
        data,
        run,
        hasStores,
        notes: this.notes,
        onSelect: (range) => this.select(range),
        onView: ({ from, to }) => this.follow(run, { from, to }),
      });
      this.runs.set(run, live);
      const isAlone = this.files.length === 1;
      const { timeline, timelinePart, findings, pageTables, facts, story: told } = live.parts;
      place.replaceChildren(
        ...(isAlone ? [] : [element('h2', file)]),
        element('p', data.verdict, { class: 'verdict' }),
        ...timelinePart,
        live.bar,
      );
      const of = isAlone ? '' : ` of ${file}`;
      story.replaceChildren(
        ...(told.length > 0 ? [element('h2', `The story, backwards${of}`), ...told] : []),
        element('h2', `${data.findings.length === 0 ? 'No findings' : 'Findings'}${of}`),
        findings,
        ...(pageTables.length > 0 ? [element('h2', `Page tables${of}`), ...pageTables] : []),
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

get<readonly ServedRun[]>('runs')
  .then((served) => new LivePage(served).show())
  .catch((error: unknown) => document.body.append(element('main', [problem(error)])));
