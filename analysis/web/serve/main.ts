import { element } from '../dom.ts';
import { type Packed, unpack } from '../packed.ts';
import type { PageData } from '../page-data.ts';
import type { Catalogue, Range, RunDifference, ServedRun } from '../serve-data.ts';
import { get } from './client.ts';
import { Console } from './console.ts';
import { differAt, differencePart } from './differences.ts';
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
      const waiting = element('p', `comparing ${files[0]} with ${files[run]}…`, {
        class: 'quiet',
        role: 'status',
      });
      together.parentElement?.before(waiting);
      const difference = await get<RunDifference>(`difference?run=${run}`).finally(() => waiting.remove());
      const both = [0, run].flatMap((n) => this.runs.get(n) ?? []);
      const at = differAt(difference);
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
    try {
      this.put(run, { place, story }, await factsOf(run));
    } catch (error) {
      place.replaceChildren(problem(error, this.files[run]));
    }
  }

  private put(run: number, at: Places, data: PageData): void {
    const { file, hasStores } = this.served[run];
    const { place, story } = at;
    const isAlone = this.files.length === 1;
    const of = isAlone ? '' : ` of ${file}`;
    const live = new LiveRun({
      data,
      run,
      of,
      hasStores,
      notes: this.notes,
      onSelect: (range) => this.select(range),
      onView: ({ from, to }) => this.follow(run, { from, to }),
    });
    const before = this.runs.get(run);
    this.runs.set(run, live);
    const { timeline, timelinePart, findings, pageTables, facts, story: told } = live.parts;
    place.replaceChildren(
      ...(isAlone ? [] : [element('h2', file)]),
      element('p', data.verdict, { class: 'verdict' }),
      facts,
      ...(data.executed ? [] : [this.executePart(run, at)]),
      ...timelinePart,
      live.bar,
    );
    story.replaceChildren(
      ...(told.length > 0 ? [element('h2', `The story${of}, backwards`), ...told] : []),
      element('h2', `${data.findings.length === 0 ? 'No findings' : 'Findings'}${of}`),
      findings,
      ...(pageTables.length > 0 ? [element('h2', `Page tables${of}`), ...pageTables] : []),
    );
    live.select(this.range);
    if (before) live.continue(before);
    timeline.changed();
  }

  /** Says what is missing where the run was not executed again, and gets it. */
  private executePart(run: number, at: Places): HTMLElement {
    const part = element('p', '', { class: 'quiet' });
    const execute = button('Execute the run again', () => {
      part.replaceChildren(element('span', 'executing the run again…', { role: 'status' }));
      factsOf(run, true).then(
        (data) => {
          this.put(run, at, data);
          this.runs.get(run)?.focus();
        },
        (error: unknown) => part.replaceChildren(problem(error)),
      );
    });
    part.append(
      execute,
      document.createTextNode(
        ' to see the instructions and stacks of the findings, where interrupts are off, and windows that no profile declares',
      ),
    );
    return part;
  }

  private select(range: Range | undefined): void {
    this.range = range;
    for (const run of this.runs.values()) run.select(range);
    const words = range
      ? rangeText(range)
      : 'the whole run; Shift and drag in the timeline selects a part, R selects the visible part';
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

/** Parts of the page that are of one run. */
interface Places {
  /** Its timeline. */
  readonly place: HTMLElement;
  /** Its story, findings and page tables. */
  readonly story: HTMLElement;
}

/** With `replay` the server executes the run again for them. */
const factsOf = async (run: number, replay = false): Promise<PageData> =>
  unpack(await get<Packed>(`facts?run=${run}${replay ? '&replay=1' : ''}`)) as PageData;

get<readonly ServedRun[]>('runs')
  .then((served) => new LivePage(served).show())
  .catch((error: unknown) => document.body.append(element('main', [problem(error)])));
