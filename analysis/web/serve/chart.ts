import uPlot from 'uplot';
import { element } from '../dom.ts';
import type { Result, Value } from '../serve-data.ts';
import { isIcount } from './results-table.ts';

/** An answer as a chart: one column to the right, the numbers of others upwards. */

const KINDS = ['lines', 'points', 'bars'] as const;
type Kind = (typeof KINDS)[number];

const NUMBERS = new Intl.NumberFormat('en-US');
const HEIGHT = 280;
/** More are not told apart. */
const MOST_LINES = 6;
const COLOURS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'];
const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [4, 4], [1, 4]];

export interface ChartOptions {
  readonly result: Result;
  /** Told of the icount that is clicked, where one is to the right. */
  readonly goTo: (icount: number, run?: number) => void;
}

export class Chart {
  readonly element: HTMLElement;
  private readonly result: Result;
  private readonly goTo: ChartOptions['goTo'];
  private readonly place = element('div', '', { class: 'plot' });
  private readonly along: HTMLSelectElement;
  private readonly up: HTMLSelectElement;
  private readonly kind: HTMLSelectElement;
  private plot: uPlot | undefined;

  constructor({ result, goTo }: ChartOptions) {
    this.result = result;
    this.goTo = goTo;
    const names = result.columns.map(({ name }) => name);
    const numbers = names.map((_, i) => i).filter((i) => this.isNumber(i));
    const along = result.columns.findIndex(isIcount);
    this.along = choice('Along', names, String(Math.max(along, 0)));
    const others = numbers.filter((i) => i !== Number(this.along.value));
    this.up = choice('Up', ['all numbers', ...names], '0', (n) => n === 0 || this.isNumber(n - 1));
    const first = result.columns[Number(this.along.value)];
    this.kind = choice(
      'As',
      KINDS,
      String(first && (isIcount(first) || this.isNumber(Number(this.along.value))) ? 0 : 2),
    );
    for (const select of [this.along, this.up, this.kind])
      select.addEventListener('change', () => this.begin());
    this.element = element('div', [
      element('div', [labelled(this.along), labelled(this.up), labelled(this.kind)], { class: 'toolbar' }),
      ...(others.length === 0 && numbers.length === 0
        ? [element('p', 'The result has no numeric column to draw.', { class: 'quiet' })]
        : [this.place]),
    ]);
    new ResizeObserver(() => {
      if (this.place.clientWidth > 0) this.plot?.setSize({ width: this.place.clientWidth, height: HEIGHT });
    }).observe(this.place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.begin());
  }

  /** Once the element is in the page. */
  begin(): void {
    this.plot?.destroy();
    this.plot = undefined;
    const along = Number(this.along.value);
    const chosen = Number(this.up.value) - 1;
    const up =
      chosen >= 0
        ? [chosen]
        : this.result.columns
            .map((_, i) => i)
            .filter((i) => i !== along && this.isNumber(i) && this.result.columns[i].name !== 'run_id')
            .slice(0, MOST_LINES);
    if (up.length === 0 || this.place.clientWidth === 0) return;
    const { data, labels } = this.dataOf(along, up);
    const names = up.map((i) => this.result.columns[i].name).join(', ');
    this.place.setAttribute('role', 'img');
    this.place.setAttribute(
      'aria-label',
      `Chart of ${names} by ${this.result.columns[along].name}, ${data[0].length} points`,
    );
    this.plot = new uPlot(this.optionsOf(along, up, labels), data, this.place);
  }

  private isNumber(column: number): boolean {
    return this.result.rows.some((row) => typeof row[column] === 'number');
  }

  /** Points from left to right; texts to the right are numbered in the order of the rows. */
  private dataOf(
    along: number,
    up: readonly number[],
  ): { data: uPlot.AlignedData; labels: string[] | undefined } {
    const isNumber = this.isNumber(along);
    const rows = isNumber
      ? this.result.rows
          .filter((row) => typeof row[along] === 'number')
          .sort((a, b) => Number(a[along]) - Number(b[along]))
      : this.result.rows;
    const number = (value: Value) => (typeof value === 'number' ? value : null);
    const xs = rows.map((row, n) => (isNumber ? Number(row[along]) : n));
    const data = [xs, ...up.map((i) => rows.map((row) => number(row[i])))] as uPlot.AlignedData;
    return { data, labels: isNumber ? undefined : rows.map((row) => String(row[along] ?? 'NULL')) };
  }

  private optionsOf(along: number, up: readonly number[], labels: string[] | undefined): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const kind: Kind = KINDS[Number(this.kind.value)];
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
    };
    const name = (x: number) => labels?.[Math.round(x)] ?? '';
    const column = this.result.columns[along];
    return {
      width: this.place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false } },
      axes: [
        {
          ...axis,
          space: labels ? 90 : 110,
          values: (_, splits) =>
            splits.map((x) =>
              labels ? (Number.isInteger(x) ? name(x).slice(0, 14) : '') : NUMBERS.format(x),
            ),
        },
        { ...axis, size: 80, values: (_, splits) => splits.map((y) => NUMBERS.format(y)) },
      ],
      series: [
        {
          label: column.name,
          value: (_, x) => (x === null ? '' : labels ? name(x) : NUMBERS.format(x)),
        },
        ...up.map((i, n) => this.seriesOf(i, n, kind, colour(COLOURS[n % COLOURS.length]))),
      ],
      hooks: {
        ready: [
          (plot) => {
            if (!isIcount(column)) return;
            plot.over.classList.add('leads');
            plot.over.addEventListener('click', () => {
              const { idx } = plot.cursor;
              if (idx !== null && idx !== undefined) this.goTo(plot.data[0][idx]);
            });
          },
        ],
      },
    };
  }

  private seriesOf(column: number, n: number, kind: Kind, stroke: string): uPlot.Series {
    return {
      label: this.result.columns[column].name,
      stroke,
      width: 1.5,
      ...(kind === 'lines' ? { dash: DASHES[n % DASHES.length] } : {}),
      ...(kind === 'bars'
        ? {
            fill: stroke,
            paths: (uPlot.paths.bars as uPlot.Series.BarsPathBuilderFactory)({ size: [0.7, 60] }),
          }
        : {}),
      ...(kind === 'points' ? { paths: () => null, points: { show: true, size: 5, fill: stroke } } : {}),
    };
  }
}

function choice(
  name: string,
  names: readonly string[],
  value: string,
  isWanted: (n: number) => boolean = () => true,
): HTMLSelectElement {
  const options = names.flatMap((text, n) =>
    isWanted(n) ? [element('option', text, { value: String(n) })] : [],
  );
  const select = element('select', options, { 'aria-label': name }) as HTMLSelectElement;
  select.value = value;
  return select;
}

const labelled = (select: HTMLSelectElement): HTMLElement =>
  element('span', [document.createTextNode(`${select.getAttribute('aria-label')} `), select]);
