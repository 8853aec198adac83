import { coloursOf } from './colours.ts';
import { element } from './dom.ts';
import type { Region } from './regions.ts';
import { hex } from './text.ts';

/** The picture of an address space: a bar for each 4 MB of it that has pages, those of several large pages as one. */

const BAR = 16;
const STEP = 20;
const NAME = 76;
const SLOT = 0x400000;
/** More bars are not drawn: the table below has all. */
const MOST = 48;

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly regions: Region[];
}

function barsOf(regions: readonly Region[]): Bar[] {
  const bars: Bar[] = [];
  for (const region of regions) {
    // A region may go on over several of them.
    for (let from = Math.floor(region.from / SLOT) * SLOT; from < region.to; ) {
      const isLarge = region.from <= from && region.to >= from + SLOT;
      const to = isLarge ? Math.floor(region.to / SLOT) * SLOT : from + SLOT;
      const last = bars.at(-1);
      if (last && last.from === from) last.regions.push(region);
      else bars.push({ from, to, regions: [region] });
      from = to;
    }
  }
  return bars;
}

/** Draws it; `changed` are linear addresses of pages that differ from another instant. */
export function addressMap(regions: readonly Region[], changed: readonly number[]): HTMLElement {
  const bars = barsOf(regions);
  const shown = bars.slice(0, MOST);
  const canvas = element('canvas', '', {
    role: 'img',
    'aria-label': `Map of the address space: ${regions.length} regions, listed below`,
  }) as HTMLCanvasElement;
  canvas.style.height = `${shown.length * STEP}px`;
  const draw = () => drawBars(canvas, shown, changed);
  new ResizeObserver(draw).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  const rest = bars.length - shown.length;
  return element(
    'div',
    [
      canvas,
      legend(),
      ...(rest > 0
        ? [element('p', `${rest} more bars are not drawn; the table lists all.`, { class: 'quiet' })]
        : []),
    ],
    { class: 'map' },
  );
}

const KINDS = ['kernel', 'user', 'foreign', 'changed'] as const;

function legend(): HTMLElement {
  const words = {
    kernel: 'kernel',
    user: 'user',
    foreign: "another process's",
    changed: 'changed (mark below)',
  };
  return element(
    'p',
    KINDS.flatMap((kind) => [
      element('span', '', { class: `key ${kind}`, 'aria-hidden': 'true' }),
      document.createTextNode(`${words[kind]}  `),
    ]),
    { class: 'legend quiet' },
  );
}

function drawBars(canvas: HTMLCanvasElement, bars: readonly Bar[], changed: readonly number[]): void {
  const scale = devicePixelRatio;
  const width = canvas.clientWidth;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(bars.length * STEP * scale);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(scale, scale);
  context.font = '12px ui-monospace, monospace';
  context.textBaseline = 'middle';
  const colours = coloursOf(canvas);
  const style = getComputedStyle(canvas);
  const fill = { user: style.getPropertyValue('--user'), kernel: style.getPropertyValue('--kernel') };
  for (const [n, { from, to, regions }] of bars.entries()) {
    const top = n * STEP;
    const x = (linear: number) =>
      NAME + ((Math.min(Math.max(linear, from), to) - from) / (to - from)) * (width - NAME);
    context.fillStyle = colours.quiet;
    context.fillText(hex(from), 0, top + BAR / 2);
    context.strokeStyle = colours.line;
    context.strokeRect(NAME + 0.5, top + 0.5, width - NAME - 1, BAR - 1);
    for (const region of regions) {
      const left = x(region.from);
      context.fillStyle = region.foreign
        ? colours.error
        : region.rights.endsWith('user')
          ? fill.user
          : fill.kernel;
      const w = Math.max(1.5, x(region.to) - left);
      context.fillRect(left, top + 1, w, BAR - 2);
      // Read-only is half as high: colour is not the only sign.
      if (region.rights.startsWith('r-')) {
        context.fillStyle = colours.ground;
        context.fillRect(left, top + 1, w, BAR / 2 - 1);
      }
    }
    context.fillStyle = colours.text;
    for (const linear of changed)
      if (linear >= from && linear < to) context.fillRect(x(linear), top + BAR, 2, 3);
  }
}
