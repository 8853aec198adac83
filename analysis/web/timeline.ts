import type { Mark, PageData, Slice, Track } from './page-data.ts';
import { View } from './view.ts';

/** The timeline: a canvas with a row for each track, moved by wheel, drag and keys. */

const LANE = 18;
const GAP = 8;
const NAME = 16;
const FLAGS = 22;

interface Row {
  readonly track: Track;
  readonly top: number;
  readonly lanes: number;
}

interface Colours {
  readonly ground: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly error: string;
  readonly warning: string;
  readonly dark: boolean;
}

/** Whoever shows the timeline is told of it. */
export interface Told {
  readonly onView: (view: View) => void;
  /** Words about something, and its icount where the keys chose it. */
  readonly onPoint: (text: string, icount?: number) => void;
}

export class Timeline {
  readonly view: View;
  private readonly data: PageData;
  private readonly canvas: HTMLCanvasElement;
  private readonly rows: readonly Row[];
  private readonly height: number;
  private readonly onView: (view: View) => void;
  private readonly onPoint: Told['onPoint'];
  private waiting = false;
  /** The selection of the keys: index of the track, and of the slice or mark in it. */
  private selected: { readonly row: number; readonly index: number } | undefined;

  constructor(data: PageData, canvas: HTMLCanvasElement, told: Told) {
    this.data = data;
    this.canvas = canvas;
    this.view = new View(data.end);
    this.onView = told.onView;
    this.onPoint = told.onPoint;
    let top = FLAGS;
    this.rows = data.tracks.map((track) => {
      const lanes =
        track.kind === 'slices' ? 1 + Math.max(0, ...track.slices.map(({ lane = 0 }) => lane)) : 1;
      const row = { track, top, lanes };
      top += NAME + (track.kind === 'density' ? 2 * LANE : lanes * LANE) + GAP;
      return row;
    });
    this.height = top;
    canvas.style.height = `${top}px`;
    this.listen();
    new ResizeObserver(() => this.changed()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.changed());
  }

  changed(): void {
    this.onView(this.view);
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  /** Shows a stretch with some of what is around it. */
  showAround(from: number, to: number): void {
    const margin = Math.max(50, (to - from) * 0.6);
    this.view.show(from - margin, to + margin);
    this.changed();
  }

  key(key: string): boolean {
    const middle = (this.view.from + this.view.to) / 2;
    const moves: Readonly<Record<string, () => void>> = {
      w: () => this.view.zoom(0.6, middle),
      s: () => this.view.zoom(1 / 0.6, middle),
      a: () => this.view.pan(-0.2),
      d: () => this.view.pan(0.2),
      '0': () => this.view.all(),
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      ArrowUp: () => this.stepRow(-1),
      ArrowDown: () => this.stepRow(1),
    };
    if (!Object.hasOwn(moves, key)) return false;
    moves[key]();
    this.changed();
    return true;
  }

  private stepRow(by: number): void {
    const n = this.rows.length;
    const row = ((this.selected?.row ?? (by > 0 ? -1 : 0)) + by + n) % n;
    this.select(row, this.firstShown(this.rows[row].track));
  }

  private step(by: number): void {
    const { row, index } = this.selected ?? { row: 0, index: -1 };
    const { track } = this.rows[row];
    const last =
      (track.kind === 'slices' ? track.slices : track.kind === 'marks' ? track.marks : []).length - 1;
    this.select(row, Math.min(last, Math.max(0, index + by)));
  }

  private firstShown(track: Track): number {
    const { from } = this.view;
    const found =
      track.kind === 'slices'
        ? track.slices.findIndex((slice) => slice.to > from)
        : track.kind === 'marks'
          ? track.marks.findIndex((mark) => mark.at >= from)
          : -1;
    return Math.max(0, found);
  }

  private select(row: number, index: number): void {
    this.selected = { row, index };
    const { track } = this.rows[row];
    if (track.kind === 'slices' && track.slices[index]) {
      const slice = track.slices[index];
      this.bringIntoView(slice.from, slice.to);
      this.onPoint(sliceText(track.name, slice), slice.from);
    } else if (track.kind === 'marks' && track.marks[index]) {
      const mark = track.marks[index];
      this.bringIntoView(mark.at, mark.at + 1);
      this.onPoint(markText(track.name, mark), mark.at);
    } else this.onPoint(`${track.name}: ${track.doc}`);
  }

  private bringIntoView(from: number, to: number): void {
    if (to < this.view.from || from > this.view.to) {
      const half = (this.view.to - this.view.from) / 2;
      this.view.show(from - half, from + half);
    }
  }

  private listen(): void {
    const { canvas } = this;
    const at = (event: MouseEvent) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width };
    };
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const { x, width } = at(event);
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
          this.view.pan((event.deltaX || event.deltaY) / width);
        else this.view.zoom(1.0015 ** event.deltaY, this.view.icount(x, width));
        this.changed();
      },
      { passive: false },
    );
    let held: { x: number; from: number; to: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      held = { x: at(event).x, from: this.view.from, to: this.view.to, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const { x, y, width } = at(event);
      if (held && Math.abs(x - held.x) > 3) held.moved = true;
      if (held?.moved) {
        const by = ((held.x - x) / width) * (held.to - held.from);
        this.view.show(held.from + by, held.to + by);
        this.changed();
      } else this.pointAt(x, y, width);
    });
    canvas.addEventListener('pointerup', (event) => {
      const { x, y, width } = at(event);
      if (held && !held.moved) this.click(x, y, width);
      held = undefined;
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  private pointAt(x: number, y: number, width: number): void {
    const text = this.textAt(x, y, width);
    if (text !== undefined) this.onPoint(text);
  }

  private click(x: number, y: number, width: number): void {
    const finding = y < FLAGS ? this.flagAt(x, width) : undefined;
    if (finding) this.showAround(finding.from, finding.at);
    this.pointAt(x, y, width);
  }

  private flagAt(x: number, width: number) {
    return this.data.findings.find(({ at }) => Math.abs(this.view.x(at, width) - x) < 7);
  }

  private textAt(x: number, y: number, width: number): string | undefined {
    if (y < FLAGS) {
      const finding = this.flagAt(x, width);
      return (
        finding &&
        `finding ${finding.number}, ${finding.severity}, at icount ${grouped(finding.at)}: ${finding.summary}`
      );
    }
    const row = this.rows.findLast(({ top }) => top <= y);
    if (!row) return undefined;
    const { track } = row;
    const icount = this.view.icount(x, width);
    const near = (this.view.to - this.view.from) / width;
    if (track.kind === 'slices') {
      const lane = Math.floor((y - row.top - NAME) / LANE);
      const found = track.slices.findLast(
        (slice) => (slice.lane ?? 0) === lane && slice.from <= icount + near && slice.to >= icount - near,
      );
      return found && sliceText(track.name, found);
    }
    if (track.kind === 'marks') {
      const found = track.marks.find((mark) => Math.abs(mark.at - icount) < 4 * near);
      return found && markText(track.name, found);
    }
    const part = Math.floor((icount / this.data.end) * track.counts.length);
    const length = this.data.end / track.counts.length;
    return `${track.name}: ${grouped(track.counts[part] ?? 0)} from icount ${grouped(part * length)} to ${grouped((part + 1) * length)}`;
  }

  private draw(): void {
    const { canvas } = this;
    const width = canvas.clientWidth;
    const scale = devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(this.height * scale);
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.scale(scale, scale);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const colours = coloursOf(canvas);
    this.drawGrid(context, width, colours);
    for (const [n, row] of this.rows.entries()) this.drawRow(context, row, n, width, colours);
    this.drawFlags(context, width, colours);
  }

  private drawGrid(context: CanvasRenderingContext2D, width: number, { line, quiet }: Colours): void {
    const step = niceStep((this.view.to - this.view.from) / (width / 140));
    context.fillStyle = line;
    for (let at = Math.ceil(this.view.from / step) * step; at < this.view.to; at += step)
      context.fillRect(this.view.x(at, width), FLAGS - 6, 1, this.height);
    context.fillStyle = quiet;
    for (let at = Math.ceil(this.view.from / step) * step; at < this.view.to; at += step)
      context.fillText(grouped(at), this.view.x(at, width) + 3, 8);
  }

  private drawRow(
    context: CanvasRenderingContext2D,
    { track, top, lanes }: Row,
    n: number,
    width: number,
    colours: Colours,
  ): void {
    context.fillStyle = colours.quiet;
    const left =
      'left' in track && track.left > 0 ? ` (${grouped(track.left)} more are not in this page)` : '';
    context.fillText(`${track.name}${left}`, 4, top + NAME / 2);
    const base = top + NAME;
    const index = this.selected?.row === n ? this.selected.index : -1;
    if (track.kind === 'slices') this.drawSlices(context, track.slices, base, width, colours, index);
    else if (track.kind === 'marks') this.drawMarks(context, track.marks, base, width, colours, index);
    else this.drawDensity(context, track.counts, base, width, colours);
    context.fillStyle = colours.line;
    context.fillRect(0, base + (track.kind === 'density' ? 2 : lanes) * LANE + GAP / 2, width, 1);
  }

  private drawSlices(
    context: CanvasRenderingContext2D,
    slices: readonly Slice[],
    base: number,
    width: number,
    colours: Colours,
    index: number,
  ): void {
    for (const [i, slice] of slices.entries()) {
      if (slice.to < this.view.from || slice.from > this.view.to) continue;
      const x = Math.max(-1, this.view.x(slice.from, width));
      const w = Math.max(1, Math.min(width + 1, this.view.x(slice.to, width)) - x);
      const y = base + (slice.lane ?? 0) * LANE;
      context.fillStyle = slice.wrong ? colours.error : colourOf(slice.label, colours.dark);
      context.fillRect(x, y, w, LANE - 2);
      if (slice.wrong) hatch(context, x, y, w, colours);
      if (i === index) outline(context, x, y, w, colours);
      if (w > 40) {
        context.save();
        context.beginPath();
        context.rect(x, y, w, LANE);
        context.clip();
        context.fillStyle = colours.dark ? '#0c0e10' : '#101214';
        context.fillText(slice.label, x + 4, y + LANE / 2 - 1);
        context.restore();
      }
    }
  }

  private drawMarks(
    context: CanvasRenderingContext2D,
    marks: readonly Mark[],
    base: number,
    width: number,
    colours: Colours,
    index: number,
  ): void {
    let free = 0;
    const labels: [number, string][] = [];
    for (const [i, mark] of marks.entries()) {
      if (mark.at < this.view.from || mark.at > this.view.to) continue;
      const x = this.view.x(mark.at, width);
      context.fillStyle = colours.text;
      context.fillRect(x, base, 2, LANE - 2);
      if (i === index) outline(context, x - 2, base, 6, colours);
      if (x < free) continue;
      free = x + 12 + context.measureText(mark.label).width;
      labels.push([x + 5, mark.label]);
    }
    for (const [x, label] of labels) {
      context.fillStyle = colours.ground;
      context.fillRect(x - 2, base, context.measureText(label).width + 4, LANE - 2);
      context.fillStyle = colours.text;
      context.fillText(label, x, base + LANE / 2 - 1);
    }
  }

  private drawDensity(
    context: CanvasRenderingContext2D,
    counts: readonly number[],
    base: number,
    width: number,
    { dark }: Colours,
  ): void {
    const part = this.data.end / counts.length;
    const first = Math.max(0, Math.floor(this.view.from / part));
    const last = Math.min(counts.length - 1, Math.floor(this.view.to / part));
    const most = Math.sqrt(Math.max(1, ...counts.slice(first, last + 1)));
    context.fillStyle = dark ? '#7fb0d8' : '#3a76a8';
    for (let n = first; n <= last; n++) {
      const height = (Math.sqrt(counts[n]) / most) * (2 * LANE - 2);
      const x = this.view.x(n * part, width);
      context.fillRect(
        x,
        base + 2 * LANE - height,
        Math.max(1, this.view.x((n + 1) * part, width) - x),
        height,
      );
    }
  }

  private drawFlags(context: CanvasRenderingContext2D, width: number, colours: Colours): void {
    for (const { at, severity } of [...this.data.findings].reverse()) {
      const x = this.view.x(at, width);
      if (x < -8 || x > width + 8) continue;
      context.fillStyle = severity === 'error' ? colours.error : colours.warning;
      context.fillRect(x, FLAGS - 8, 1, this.height);
      context.beginPath();
      const left = x > width - 12 ? x - 10 : x;
      // An error is a filled flag, a warning a triangle: colour is not the only sign.
      if (severity === 'error') context.rect(left, 12, 11, 9);
      else {
        context.moveTo(left, 21);
        context.lineTo(left + 8, 21);
        context.lineTo(left + 4, 13);
      }
      context.fill();
    }
  }
}

export const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');

const sliceText = (track: string, { from, to, label, detail, wrong }: Slice): string =>
  `${track}: ${label}${wrong ? ', which the interrupted code did not mean' : ''}\nicount ${grouped(from)} to ${grouped(to)}, ${grouped(to - from)} instructions${detail ? `\n${detail}` : ''}`;

const markText = (track: string, { at, label, detail }: Mark): string =>
  `${track}: ${label}\nicount ${grouped(at)}${detail ? `, ${detail}` : ''}`;

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: value('ground'),
    text: value('text'),
    quiet: value('quiet'),
    line: value('line'),
    error: value('error'),
    warning: value('warning'),
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
  };
}

/** One colour for each label, light enough for dark letters. */
function colourOf(label: string, dark: boolean): string {
  let hash = 7;
  for (const letter of label.replace(/ [0-9a-f]{8}$/, '')) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `hsl(${(hash * 47) % 360} ${dark ? '38% 62%' : '55% 76%'})`;
}

function hatch(context: CanvasRenderingContext2D, x: number, y: number, w: number, { text }: Colours): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, LANE - 2);
  context.clip();
  context.strokeStyle = text;
  for (let at = x - LANE; at < x + w; at += 6) {
    context.beginPath();
    context.moveTo(at, y + LANE);
    context.lineTo(at + LANE, y);
    context.stroke();
  }
  context.restore();
}

function outline(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  { text }: Colours,
): void {
  context.strokeStyle = text;
  context.lineWidth = 2;
  context.strokeRect(x, y, w, LANE - 2);
  context.lineWidth = 1;
}

/** 1, 2 or 5 times a power of ten, at least so much. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((n) => n * power >= least) ?? 10);
}
