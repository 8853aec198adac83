import { addressMap } from './address-map.ts';
import type { Causes } from './causes.ts';
import { element } from './dom.ts';
import type { PageData } from './page-data.ts';
import type { Mapping, Paging, PagingState } from './paging.ts';
import { type Change, changesOf, FrameOwners, type Region, regionsOf, rightsOf } from './regions.ts';
import { grouped, hex } from './text.ts';

/** The page-table view: the address space of a process at an icount, and by what it differs from another instant. */

export interface PageTablesOptions {
  readonly data: PageData;
  /** Follows the names of its parts. */
  readonly of: string;
  readonly paging: Paging;
  readonly causes: Causes;
  /** Shows an icount in the timeline. */
  readonly goTo: (icount: number) => void;
  /** The icount that the timeline shows. */
  readonly instant: () => number;
}

/** Rows of a table; of more the first. */
const MOST_ROWS = 400;

export function pageTablesOf(options: PageTablesOptions): HTMLElement[] {
  const { paging, data } = options;
  if (paging.known.length === 0) return [];
  return [new PageTables(options, data).element];
}

class PageTables {
  readonly element = element('div', '', { class: 'page-tables' });
  private readonly options: PageTablesOptions;
  private readonly at: HTMLInputElement;
  private readonly than: HTMLInputElement;
  private readonly directory: HTMLSelectElement;
  private readonly shown = element('div', '', { 'aria-live': 'polite' });

  constructor(options: PageTablesOptions, { findings, end }: PageData) {
    this.options = options;
    const number = (label: string, value: number) =>
      element('input', '', {
        type: 'number',
        min: '0',
        max: String(end),
        value: String(value),
        'aria-label': label,
      });
    const known = options.paging.known;
    const first = findings.find(({ severity, at }) => severity === 'error' && options.paging.stretchAt(at));
    const last = known[known.length - 1];
    const at = first ? first.at + 1 : Math.min(end, last.to - 1);
    this.at = number('icount', at) as HTMLInputElement;
    this.than = number('compared with icount', first ? first.from : at) as HTMLInputElement;
    this.directory = element('select', '', { 'aria-label': 'address space' }) as HTMLSelectElement;
    const here = element('button', 'As the timeline', {
      type: 'button',
      title: 'the icount in the middle of the visible timeline',
    });
    here.addEventListener('click', () => {
      this.at.value = String(options.instant());
      this.update();
    });
    this.element.append(
      element(
        'div',
        [
          labelled('address space', this.directory),
          labelled('at icount', this.at),
          here,
          labelled('compared with icount', this.than),
        ],
        { class: 'toolbar' },
      ),
      this.shown,
    );
    for (const input of [this.at, this.than, this.directory])
      input.addEventListener('change', () => this.update());
    this.update(first ? this.directoryOf(first.at) : undefined);
  }

  /** The directory that an error wrote to, where it was a page-table write. */
  private directoryOf(at: number): number | undefined {
    return this.options.paging.stretchAt(at)?.writes.find((write) => write.at === at)?.directory;
  }

  private update(preferred?: number): void {
    const { paging } = this.options;
    const [at, than] = [Number(this.at.value), Number(this.than.value)];
    const state = paging.at(at);
    if (!state) {
      const known = paging.known.map(({ from, to }) => `${grouped(from)} to ${grouped(to - 1)}`).join(', ');
      this.shown.replaceChildren(
        element('p', `This page has the page tables of icount ${known}.`, { class: 'problem' }),
      );
      return;
    }
    const chosen = preferred ?? Number(this.directory.value);
    const owners = paging.ownersAt(at).filter(({ directory }) => state.tables(directory).length > 0);
    this.directory.replaceChildren(
      ...owners.map(({ directory, name }) => {
        const option = element(
          'option',
          name.endsWith(hex(directory)) ? name : `${name}, ${hex(directory)}`,
          {
            value: String(directory),
          },
        ) as HTMLOptionElement;
        option.selected = directory === chosen;
        return option;
      }),
    );
    const owner = owners.find(({ directory }) => directory === Number(this.directory.value));
    if (!owner) {
      this.shown.replaceChildren(
        element('p', 'No page directory has tables at this icount.', { class: 'quiet' }),
      );
      return;
    }
    const mappings = state.mappings(owner.directory);
    const regions = regionsOf(mappings, new FrameOwners(state, owners), owner.name);
    const before = paging.stretchAt(than) === paging.stretchAt(at) ? paging.at(than) : undefined;
    const changes = before && than !== at ? this.changes(before, state, owner.directory) : [];
    this.shown.replaceChildren(
      element('p', this.summary(mappings, regions, changes)),
      addressMap(
        regions,
        changes.map(({ linear }) => linear),
      ),
      ...(changes.length > 0 ? [this.changeTable(changes, than > at ? before : state)] : []),
      this.regionTable(regions, state),
    );
  }

  private changes(before: PagingState, state: PagingState, directory: number): Change[] {
    return changesOf(before.mappings(directory), state.mappings(directory));
  }

  private summary(
    mappings: readonly Mapping[],
    regions: readonly Region[],
    changes: readonly Change[],
  ): string {
    const pages = mappings.reduce((sum, one) => sum + one.pages, 0);
    const foreign = regions.filter((region) => region.foreign).reduce((sum, region) => sum + region.pages, 0);
    const differs =
      changes.length === 0
        ? ''
        : `; ${grouped(changes.length)} differ from icount ${grouped(Number(this.than.value))}`;
    return `${grouped(pages)} pages in ${grouped(regions.length)} regions, ${grouped(foreign)} of frames of another process${differs}`;
  }

  private writer(entry: number, state: PagingState): HTMLElement {
    const write = state.writer(entry);
    if (!write) return element('span', '');
    const button = element('button', grouped(write.at), {
      type: 'button',
      'aria-label': `Show icount ${grouped(write.at)} in the timeline`,
    });
    button.addEventListener('click', () => this.options.goTo(write.at));
    const place = write.code === undefined ? '' : ` ${this.options.data.places[write.code].name}`;
    return element('span', [button, document.createTextNode(place)]);
  }

  private regionTable(regions: readonly Region[], state: PagingState): HTMLElement {
    const rows = regions
      .slice(0, MOST_ROWS)
      .map((region) => [
        text(`${hex(region.from)}–${hex(region.to - 1)}`),
        text(grouped(region.pages)),
        text(region.rights),
        text(`${region.frames}${region.foreign ? ' (another process)' : ''}`, region.foreign ? 'wrong' : ''),
        this.writer(region.first.entry, state),
      ]);
    return table({
      caption: 'Regions',
      of: this.options.of,
      head: ['linear addresses', 'pages', 'rights', 'frames', 'first entry written'],
      rows,
      all: regions.length,
    });
  }

  private changeTable(changes: readonly Change[], state: PagingState | undefined): HTMLElement {
    const shown = (one: Mapping | undefined) => (one ? `${hex(one.frame)} ${rightsOf(one)}` : '–');
    const rows = changes.slice(0, MOST_ROWS).map(({ linear, kind, before, after }) => {
      const entry = (after ?? before)?.entry;
      return [
        text(hex(linear)),
        text(kind),
        text(shown(before)),
        text(shown(after)),
        state && entry !== undefined ? this.writer(entry, state) : text(''),
      ];
    });
    return table({
      caption: `Differences from icount ${grouped(Number(this.than.value))}`,
      of: this.options.of,
      head: ['linear address', 'change', 'there', 'at the icount chosen', 'entry written'],
      rows,
      all: changes.length,
    });
  }
}

const text = (content: string, classes = ''): HTMLElement =>
  element('span', content, classes ? { class: classes } : {});

const labelled = (label: string, control: HTMLElement): HTMLElement =>
  element('label', [document.createTextNode(`${label} `), control]);

interface Table {
  readonly caption: string;
  readonly of: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly HTMLElement[])[];
  /** Number of rows in all; `rows` are the first of them. */
  readonly all: number;
}

function table({ caption, of, head, rows, all }: Table): HTMLElement {
  const left = all - rows.length;
  const made = element('table', [
    element(
      'caption',
      left > 0 ? `${caption}: the first ${grouped(rows.length)} of ${grouped(all)}` : caption,
    ),
    element('thead', [
      element(
        'tr',
        head.map((name) => element('th', name, { scope: 'col' })),
      ),
    ]),
    element(
      'tbody',
      rows.map((cells) =>
        element(
          'tr',
          cells.map((cell) => element('td', [cell], { class: 'mono' })),
        ),
      ),
    ),
  ]);
  return element('div', [made], {
    class: 'scrolls tall',
    tabindex: '0',
    role: 'region',
    'aria-label': `${caption}${of}`,
  });
}
