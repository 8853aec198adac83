import { placeOn, type Scale, ticksOf } from './scale.ts';

/** A plot as one SVG file: axes, points with intervals, lines, bands, and a legend. It needs no script and no font of its own. */

export interface Axis {
  readonly title: string;
  readonly scale: Scale;
}

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** An interval of y; undefined: none is drawn. */
  readonly low?: number;
  readonly high?: number;
  /** A bound instead of a value: only that y is not above it. */
  readonly bound?: boolean;
}

export interface Series {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  /** Points joined by straight lines, by steps that hold their value, or not at all. */
  readonly joined?: 'lines' | 'steps' | 'none';
  /** Intervals as a band instead of bars; marks are left out. */
  readonly band?: boolean;
}

export interface PlotMark {
  readonly x: number;
  readonly text: string;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Vertical lines with a text each. */
  readonly marks?: readonly PlotMark[];
  /** Lines of text below. */
  readonly notes?: readonly string[];
}

const WIDTH = 840;
const LEFT = 86;
const RIGHT = 24;
const TOP = 48;
const INNER_HEIGHT = 360;
const LINE = 17;
/** Okabe and Ito's colours, which people who do not see all colours tell apart; the darkest first. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000'];
const SHAPES = ['circle', 'square', 'diamond'] as const;

export function svgPlot(plot: Plot): string {
  const notes = plot.notes ?? [];
  const height = TOP + INNER_HEIGHT + 62 + notes.length * LINE;
  const frame = new Frame(plot);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
      'font-family="Helvetica, Arial, sans-serif" font-size="12">',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 24, plot.title, 'font-size="15" font-weight="bold"'),
    ...frame.axes(),
    ...plot.series.flatMap((series, n) => frame.series(series, n)),
    ...(plot.marks ?? []).flatMap((mark, n) => frame.mark(mark, n)),
    ...frame.legend(),
    ...notes.map((note, n) => text(LEFT, TOP + INNER_HEIGHT + 62 + n * LINE - 4, note, 'fill="#444444"')),
    '</svg>',
    '',
  ].join('\n');
}

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}"${more && ` ${more}`}>${escaped(words)}</text>`;

const line = (x1: number, y1: number, x2: number, y2: number, more: string): string =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" ${more}/>`;

/** The same bytes on every computer. */
const fixed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

const number = (value: number): string =>
  value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3)
    ? value.toExponential().replace('e+', 'e')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 6 });

class Frame {
  private readonly plot: Plot;

  constructor(plot: Plot) {
    this.plot = plot;
  }

  private x(value: number): number {
    return LEFT + within01(placeOn(this.plot.x.scale, value)) * (WIDTH - LEFT - RIGHT);
  }

  private y(value: number): number {
    return TOP + (1 - within01(placeOn(this.plot.y.scale, value))) * INNER_HEIGHT;
  }

  axes(): string[] {
    const { x, y } = this.plot;
    const bottom = TOP + INNER_HEIGHT;
    const grid = 'stroke="#dddddd"';
    return [
      ...ticksOf(x.scale).flatMap((tick) => [
        line(this.x(tick), TOP, this.x(tick), bottom, grid),
        text(this.x(tick), bottom + 16, number(tick), 'text-anchor="middle"'),
      ]),
      ...ticksOf(y.scale).flatMap((tick) => [
        line(LEFT, this.y(tick), WIDTH - RIGHT, this.y(tick), grid),
        text(LEFT - 6, this.y(tick) + 4, number(tick), 'text-anchor="end"'),
      ]),
      `<rect x="${LEFT}" y="${TOP}" width="${WIDTH - LEFT - RIGHT}" height="${INNER_HEIGHT}" fill="none" stroke="#444444"/>`,
      text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, x.title, 'text-anchor="middle"'),
      text(
        0,
        0,
        y.title,
        `text-anchor="middle" transform="translate(18 ${TOP + INNER_HEIGHT / 2}) rotate(-90)"`,
      ),
    ];
  }

  series(series: Series, n: number): string[] {
    const colour = COLOURS[n % COLOURS.length];
    const { points, joined = 'none', band = false } = series;
    const path = points.map((point) => [this.x(point.x), this.y(point.y)] as const);
    return [
      ...(band ? this.band(points, colour, joined === 'steps') : []),
      ...(joined === 'none' || path.length < 2
        ? []
        : [
            `<path d="${pathOf(path, joined === 'steps')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
          ]),
      ...(band ? [] : points.flatMap((point) => this.point(point, colour, SHAPES[n % SHAPES.length]))),
    ];
  }

  private band(points: readonly PlotPoint[], colour: string, steps: boolean): string[] {
    const edge = (of: (point: PlotPoint) => number) =>
      points.map((point) => [this.x(point.x), this.y(of(point))] as const);
    const upper = corners(
      edge(({ y, high }) => high ?? y),
      steps,
    );
    const lower = corners(
      edge(({ y, low }) => low ?? y),
      steps,
    );
    const all = [...upper, ...lower.reverse()].map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ');
    return [`<polygon points="${all}" fill="${colour}" fill-opacity="0.12"/>`];
  }

  private point(
    { x, y, low, high, bound }: PlotPoint,
    colour: string,
    shape: (typeof SHAPES)[number],
  ): string[] {
    const [at, height] = [this.x(x), this.y(y)];
    if (bound) {
      // A bound: the bar at the top, an arrow down.
      return [
        line(at - 5, height, at + 5, height, `stroke="${colour}" stroke-width="1.5"`),
        line(at, height, at, height + 14, `stroke="${colour}" stroke-width="1.5"`),
        `<path d="M${fixed(at - 4)} ${fixed(height + 12)} L${fixed(at + 4)} ${fixed(height + 12)} L${fixed(at)} ${fixed(height + 19)} Z" fill="${colour}"/>`,
      ];
    }
    const bar =
      low === undefined || high === undefined
        ? []
        : [line(at, this.y(low), at, this.y(high), `stroke="${colour}" stroke-width="1.2"`)];
    return [...bar, symbol(at, height, colour, shape)];
  }

  mark({ x, text: words }: PlotMark, n: number): string[] {
    const at = this.x(x);
    const side = at > WIDTH * 0.6 ? 'end' : 'start';
    return [
      line(at, TOP, at, TOP + INNER_HEIGHT, 'stroke="#888888" stroke-dasharray="4 3"'),
      text(
        at + (side === 'end' ? -5 : 5),
        TOP + 14 + (n % 8) * 15,
        words,
        `text-anchor="${side}" fill="#444444"`,
      ),
    ];
  }

  legend(): string[] {
    const names = this.plot.series.map(({ name }) => name);
    if (names.length < 2) return [];
    return names.flatMap((name, n) => {
      const y = TOP + 18 + n * LINE;
      return [
        symbol(LEFT + 16, y - 4, COLOURS[n % COLOURS.length], SHAPES[n % SHAPES.length]),
        text(LEFT + 28, y, name),
      ];
    });
  }
}

/** A place outside is drawn at the edge. */
const within01 = (share: number): number => Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share));

type Place = readonly [x: number, y: number];

const corners = (places: readonly Place[], steps: boolean): Place[] =>
  steps
    ? places.flatMap((place, n): Place[] => (n === 0 ? [place] : [[place[0], places[n - 1][1]], place]))
    : [...places];

const pathOf = (places: readonly Place[], steps: boolean): string =>
  corners(places, steps)
    .map(([x, y], n) => `${n === 0 ? 'M' : 'L'}${fixed(x)} ${fixed(y)}`)
    .join(' ');

function symbol(x: number, y: number, colour: string, shape: (typeof SHAPES)[number]): string {
  if (shape === 'circle') return `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="4" fill="${colour}"/>`;
  if (shape === 'square')
    return `<rect x="${fixed(x - 3.5)}" y="${fixed(y - 3.5)}" width="7" height="7" fill="${colour}"/>`;
  return `<path d="M${fixed(x)} ${fixed(y - 5)} L${fixed(x + 5)} ${fixed(y)} L${fixed(x)} ${fixed(y + 5)} L${fixed(x - 5)} ${fixed(y)} Z" fill="${colour}"/>`;
}
