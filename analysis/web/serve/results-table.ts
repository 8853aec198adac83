import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { element } from '../dom.ts';
import type { Result, ResultColumn, Value } from '../serve-data.ts';

/** An answer as a table: only rows on the screen are in the page. One cell is active, moved by the keys; icounts lead into the timeline. */

const ROW = 26;
/** Rows by which the width of a column is judged, and its bounds, characters. */
const JUDGED = 300;
const WIDTHS = { least: 6, most: 60 };

export interface TableOptions {
  readonly result: Result;
  /** Told of the icount of a cell, and of the run where its row says one. */
  readonly goTo: (icount: number, run?: number) => void;
}

export const isIcount = ({ name }: ResultColumn): boolean => /(?:^|_)icount$/.test(name);

type Sorted = { readonly column: number; readonly down: boolean } | undefined;

export class ResultsTable {
  readonly element: HTMLElement;
  private readonly result: Result;
  private readonly goTo: TableOptions['goTo'];
  private readonly runColumn: number;
  private readonly body = element('div', '', { class: 'rows', role: 'rowgroup' });
  private readonly head: HTMLElement;
  private readonly virtual: Virtualizer<HTMLElement, HTMLElement>;
  private order: readonly number[];
  private sorted: Sorted;
  /** Row −1 is the head. */
  private active = { row: 0, column: 0 };

  constructor({ result, goTo }: TableOptions) {
    this.result = result;
    this.goTo = goTo;
    this.order = result.rows.map((_, n) => n);
    this.runColumn = result.columns.findIndex(({ name }) => name === 'run_id');
    this.head = element('div', [], { class: 'row head', role: 'row', 'aria-rowindex': '1' });
    this.element = element(
      'div',
      [element('div', [this.head], { role: 'rowgroup', class: 'heads' }), this.body],
      {
        class: 'results mono',
        role: 'grid',
        tabindex: '0',
        'aria-label':
          'Answer. Arrow keys move; Enter on a heading sorts, on an icount shows it in the timeline; Ctrl+C copies.',
        'aria-rowcount': String(result.rows.length + 1),
        'aria-colcount': String(result.columns.length),
      },
    );
    this.element.style.setProperty(
      '--columns',
      result.columns.map((_, i) => `${this.widthOf(i)}ch`).join(' '),
    );
    this.virtual = new Virtualizer<HTMLElement, HTMLElement>({
      count: result.rows.length,
      getScrollElement: () => this.element,
      estimateSize: () => ROW,
      overscan: 8,
      scrollMargin: ROW,
      scrollPaddingStart: ROW,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      // Not the head: a click on a cell that is replaced between press and release is lost.
      onChange: () => this.drawRows(),
    });
    this.listen();
  }

  /** Once the element is in the page. */
  begin(): void {
    this.virtual._didMount();
    this.virtual._willUpdate();
    this.draw();
  }

  /** Rows in the order in which they are shown, as tab-separated values with the names above. */
  text(): string {
    const lines = [
      this.result.columns.map(({ name }) => name),
      ...this.order.map((n) => this.result.rows[n]),
    ];
    return lines.map((line) => line.map((cell) => textOf(cell)).join('\t')).join('\n');
  }

  private widthOf(column: number): number {
    const texts = this.result.rows.slice(0, JUDGED).map((row) => textOf(row[column]).length);
    const longest = Math.max(this.result.columns[column].name.length + 2, ...texts);
    return Math.min(WIDTHS.most, Math.max(WIDTHS.least, longest)) + 3;
  }

  private listen(): void {
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('click', (event) => {
      const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-row]');
      if (!cell) return;
      this.active = { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
      this.draw();
      if (this.active.row < 0 || cell.classList.contains('link')) this.use();
    });
  }

  private key(event: KeyboardEvent): void {
    const { row, column } = this.active;
    const [last, page] = [
      this.result.rows.length - 1,
      Math.max(1, Math.floor(this.element.clientHeight / ROW) - 2),
    ];
    const moves: Readonly<Record<string, readonly [row: number, column: number]>> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [Math.max(0, row - page), column],
      PageDown: [row + page, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [last, this.result.columns.length - 1] : [row, this.result.columns.length - 1],
    };
    const [toRow, toColumn] = moves[event.key] ?? [];
    if (toRow !== undefined && toColumn !== undefined) {
      this.active = {
        row: Math.min(last, Math.max(-1, toRow)),
        column: Math.min(this.result.columns.length - 1, Math.max(0, toColumn)),
      };
      if (this.active.row >= 0) this.virtual.scrollToIndex(this.active.row);
      this.draw();
      this.element.querySelector('.active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter') this.use();
    else if (event.key === 'c' && (event.ctrlKey || event.metaKey) && getSelection()?.isCollapsed !== false) {
      const names = this.result.columns[column]?.name ?? '';
      void navigator.clipboard.writeText(row < 0 ? names : textOf(this.valueAt(row, column))).catch(() => {});
    } else return;
    event.preventDefault();
  }

  private valueAt(row: number, column: number): Value {
    return this.result.rows[this.order[row]]?.[column] ?? null;
  }

  /** Sorts by the active heading, or follows the active icount. */
  private use(): void {
    const { row, column } = this.active;
    if (row < 0) {
      this.sort(column);
      return;
    }
    const value = this.valueAt(row, column);
    if (!isIcount(this.result.columns[column]) || typeof value !== 'number') return;
    const run = this.runColumn < 0 ? null : this.valueAt(row, this.runColumn);
    this.goTo(value, run === null ? undefined : Number(run));
  }

  /** Up, then down, then as it came. */
  private sort(column: number): void {
    const now = this.sorted?.column === column ? this.sorted : undefined;
    this.sorted = now ? (now.down ? undefined : { column, down: true }) : { column, down: false };
    const rows = this.result.rows.map((_, n) => n);
    const { sorted } = this;
    this.order = sorted
      ? rows.sort((a, b) => {
          const [x, y] = [this.result.rows[a][sorted.column], this.result.rows[b][sorted.column]];
          return compare(x, y, sorted.down) || a - b;
        })
      : rows;
    this.draw();
  }

  private draw(): void {
    const { columns } = this.result;
    this.head.replaceChildren(
      ...columns.map(({ name, type }, i) => {
        const sign = this.sorted?.column !== i ? '' : this.sorted.down ? ' ▼' : ' ▲';
        const order = sign === '' ? 'none' : this.sorted?.down ? 'descending' : 'ascending';
        return this.cell(`${name}${sign}`, -1, i, {
          class: typeof this.result.rows[0]?.[i] === 'number' ? 'number' : '',
          role: 'columnheader',
          'aria-sort': order,
          title: type,
        });
      }),
    );
    this.drawRows();
  }

  private drawRows(): void {
    this.body.style.height = `${this.virtual.getTotalSize()}px`;
    this.body.replaceChildren(
      ...this.virtual.getVirtualItems().map(({ index, start }) => this.row(index, start - ROW)),
    );
    const { row, column } = this.active;
    this.element.setAttribute('aria-activedescendant', `cell-${row}-${column}`);
  }

  private row(index: number, top: number): HTMLElement {
    const values = this.result.rows[this.order[index]];
    const made = element(
      'div',
      values.map((value, i) => {
        const link = typeof value === 'number' && isIcount(this.result.columns[i]);
        const kind = value === null ? 'null' : link ? 'link number' : typeof value;
        return this.cell(value === null ? 'NULL' : textOf(value), index, i, {
          role: 'gridcell',
          class: kind,
        });
      }),
      { class: 'row', role: 'row', 'aria-rowindex': String(index + 2) },
    );
    made.style.transform = `translateY(${top}px)`;
    return made;
  }

  private cell(text: string, row: number, column: number, attributes: Record<string, string>): HTMLElement {
    const isActive = this.active.row === row && this.active.column === column;
    return element('div', text, {
      ...attributes,
      class: `cell ${attributes.class ?? ''}${isActive ? ' active' : ''}`,
      id: `cell-${row}-${column}`,
      'data-row': String(row),
      'data-column': String(column),
      'aria-colindex': String(column + 1),
    });
  }
}

const textOf = (value: Value): string => (value === null ? '' : String(value));

/** Numbers by size, texts by letter with numbers in them by size; NULL last. */
function compare(a: Value, b: Value, down: boolean): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  const order =
    typeof a === 'number' && typeof b === 'number' ? a - b : COLLATOR.compare(String(a), String(b));
  return down ? -order : order;
}
const COLLATOR = new Intl.Collator('en', { numeric: true });
