import { element } from '../dom.ts';
import type { PageData } from '../page-data.ts';
import { type RunParts, runParts } from '../run-parts.ts';
import type { Bookmark, Range } from '../serve-data.ts';
import { grouped } from '../text.ts';
import type { View } from '../view.ts';
import { DebugList } from './debug-list.ts';
import { FinerView } from './finer-view.ts';
import { Overlay, type Pin, rangeText } from './overlay.ts';
import { button, field, problem } from './parts.ts';
import type { KeptNotes } from './saved.ts';

/** The timeline of one run, with a cursor, the selection and bookmarks on it. */

export interface LiveRunOptions {
  readonly data: PageData;
  readonly run: number;
  /** Follows the names of its parts where there are other runs: ` of FILE`. */
  readonly of: string;
  /** Stores were recorded. */
  readonly hasStores: boolean;
  readonly notes: KeptNotes;
  readonly onSelect: (range: Range | undefined) => void;
  readonly onView: (view: Range) => void;
}

export class LiveRun {
  readonly parts: RunParts;
  /** Below the timeline: where the cursor is, and bookmarks. */
  readonly bar: HTMLElement;
  private readonly options: LiveRunOptions;
  private readonly overlay: Overlay;
  private readonly marks = element('ul', '', { class: 'bookmarks', 'aria-label': 'Bookmarks' });
  private readonly wrong = element('div');
  private readonly place: ReturnType<typeof field>;
  private readonly debuggers: DebugList;
  private readonly finer: FinerView | undefined;
  private bookmarks: readonly Bookmark[] = [];
  private range: Range | undefined;
  private cursor: number | undefined;
  private difference: Pin | undefined;

  constructor(options: LiveRunOptions) {
    this.options = options;
    const { run, of, notes, onSelect } = options;
    const data = withStores(options);
    const told = {
      onView: (view: View) => {
        this.overlay?.draw();
        options.onView(view);
        this.finer?.show(view);
      },
      onPoint: (_: string, icount?: number) => {
        if (icount !== undefined) this.put(icount);
      },
    };
    this.parts = runParts(data, told, of);
    const { timeline, timelinePart } = this.parts;
    const box = timelinePart.find((part) => part.classList.contains('timeline')) as HTMLElement;
    this.overlay = new Overlay({ timeline, box, onSelect, onCursor: (icount) => this.put(icount) });
    this.place = field({ label: 'Icount', placeholder: 'icount', action: 'Go' }, (text) => {
      const icount = Number(text.replaceAll(/[,_\s]/g, ''));
      if (Number.isSafeInteger(icount) && icount >= 0) this.goTo(icount);
      else this.complain(new Error(`${text} is not an icount`));
    });
    this.finer = new FinerView(data, run, (viewport) => timeline.refine(viewport));
    this.debuggers = new DebugList(run);
    this.bar = element('div', [
      element(
        'div',
        [
          this.place,
          button('Bookmark', () => void this.bookmark()),
          button('Debug here', () => this.debug()),
        ],
        { class: 'toolbar' },
      ),
      this.wrong,
      this.debuggers.element,
      this.marks,
    ]);
    notes.watch(({ bookmarks }) => this.showBookmarks(bookmarks[run] ?? []));
  }

  /** Shows what is around an icount, with the cursor at it. */
  goTo(icount: number): void {
    const { timeline } = this.parts;
    const { from, to } = timeline.view;
    const width = Math.min(to - from, Math.max(200, this.options.data.end / 500));
    timeline.view.show(icount - width / 2, icount + width / 2);
    timeline.changed();
    this.put(icount);
    this.focus();
  }

  showRange({ from, to }: Range): void {
    this.parts.timeline.showAround(from, to);
    this.focus();
  }

  select(range: Range | undefined): void {
    this.range = range;
    this.draw();
  }

  /** Shows the same stretch as another timeline does. */
  follow({ from, to }: Range): void {
    const { timeline } = this.parts;
    if (timeline.view.from === from && timeline.view.to === to) return;
    timeline.view.show(from, to);
    timeline.changed();
  }

  /** Marks where this run and another part. */
  differs(icount: number): void {
    this.difference = { from: icount, to: icount, label: 'first difference', kind: 'difference' };
    this.draw();
  }

  private debug(): void {
    const { cursor } = this;
    if (cursor === undefined)
      this.complain(new Error('click in the timeline, or enter an icount at which the debugger begins'));
    else {
      this.wrong.replaceChildren();
      void this.debuggers.begin(cursor).catch((error: unknown) => this.complain(error));
    }
  }

  /** Shows what another of the same run showed. */
  continue({ parts, cursor, difference }: LiveRun): void {
    const { from, to } = parts.timeline.view;
    this.parts.timeline.view.show(from, to);
    this.difference = difference;
    if (cursor !== undefined) this.put(cursor);
    this.draw();
  }

  focus(): void {
    const canvas = this.parts.timelinePart.flatMap((part) => [...part.querySelectorAll('canvas')])[0];
    canvas?.scrollIntoView({ block: 'center' });
    canvas?.focus({ preventScroll: true });
  }

  private put(icount: number): void {
    this.cursor = icount;
    this.place.input.value = grouped(icount);
    this.wrong.replaceChildren();
    this.draw();
  }

  private draw(): void {
    const { cursor, bookmarks } = this;
    const pins: Pin[] = bookmarks.map((bookmark) => ({ ...bookmark, kind: 'bookmark' }));
    if (this.difference) pins.push(this.difference);
    if (cursor !== undefined) pins.push({ from: cursor, to: cursor, label: grouped(cursor), kind: 'cursor' });
    this.overlay.show(pins, this.range);
  }

  private async bookmark(): Promise<void> {
    const at = this.range ?? (this.cursor === undefined ? undefined : { from: this.cursor, to: this.cursor });
    if (!at) return this.complain(new Error('click in the timeline, or enter an icount, then bookmark it'));
    const naming = field(
      { label: 'Name of the bookmark', placeholder: `name of ${rangeText(at)}`, action: 'Keep' },
      (label) => void this.change('add-bookmark', { ...at, label }),
    );
    this.wrong.replaceChildren(naming);
    naming.input.focus();
  }

  private async change(path: string, bookmark: Bookmark): Promise<void> {
    this.wrong.replaceChildren();
    const { notes, run } = this.options;
    await notes.change(path, { run, ...bookmark }).catch((error: unknown) => this.complain(error));
  }

  private complain(error: unknown): void {
    this.wrong.replaceChildren(
      problem(error instanceof Error && error.name === 'Error' ? error.message : error),
    );
  }

  private showBookmarks(bookmarks: readonly Bookmark[]): void {
    this.bookmarks = bookmarks;
    this.marks.replaceChildren(
      ...bookmarks.map((bookmark) => {
        const { from, to, label } = bookmark;
        const show = () => (from === to ? this.goTo(from) : this.showRange(bookmark));
        return element('li', [
          button(`${label}: ${rangeText(bookmark)}`, show),
          button('×', () => void this.change('delete-bookmark', bookmark), `Delete the bookmark ${label}`),
        ]);
      }),
    );
    this.draw();
  }
}

/** The page's own facts do not count stores: they are too many to be read for it. */
function withStores({ data, hasStores }: LiveRunOptions): PageData {
  if (!hasStores) return data;
  const doc = 'number in each part of the run, on a square-root scale';
  const stores = { kind: 'density', name: 'stores', doc, counts: [], marks: [], whole: false } as const;
  return { ...data, tracks: [...data.tracks, stores] };
}
