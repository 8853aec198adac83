import { coloursOf } from './colours.ts';
import type { Density, FindingFacts, PageData } from './page-data.ts';
import { lanesOf, markAt, marksOf, positionsOf, type Row, refined, sliceAt } from './rows.ts';
import {
  areApart,
  drawFlags,
  drawGrid,
  drawRow,
  FLAGS,
  GAP,
  LANE,
  NAME,
  type Scene,
  type Selected,
} from './scene.ts';
import type { Viewport } from './serve-data.ts';
import { View } from './view.ts';

/** The timeline: a canvas with a row for each track, moved by wheel, drag and keys. */

/** The thing that is pointed at or chosen. */
export type Pointed =
  | { readonly kind: 'finding'; readonly finding: FindingFacts }
  | { readonly kind: 'item'; readonly row: Row; readonly index: number }
  /** A part of a curve, or nothing but the track itself. */
  | { readonly kind: 'track'; readonly row: Row; readonly icount: number };

export interface Told {
  readonly onView: (view: View) => void;
  /** `chosen`: by click or key, to stay; else by the pointer. */
  readonly onPoint: (pointed: Pointed, chosen: boolean) => void;
}

/** Pixels about a flag that belong to it, and about a mark. */
const NEAR_FLAG = 7;
const NEAR_MARK = 4;

export class Timeline {
  readonly view: View;
  private readonly data: PageData;
  private readonly canvas: HTMLCanvasElement;
  private rows: readonly Row[];
  private readonly height: number;
  private readonly told: Told;
  private waiting = false;
  private selected: Selected | undefined;

  constructor(data: PageData, canvas: HTMLCanvasElement, told: Told) {
    this.data = data;
    this.canvas = canvas;
    this.view = new View(data.end);
    this.told = told;
    let top = FLAGS;
    this.rows = data.tracks.map((track): Row => {
      const lanes = track.kind === 'slices' ? lanesOf(track) : [];
      const at = track.kind === 'slices' ? new Float64Array() : positionsOf(track);
      const height = NAME + (track.kind === 'density' ? 2 : Math.max(1, lanes.length)) * LANE + GAP;
      const row = { track, top, height, lanes, at };
      top += height;
      return row;
    });
    this.height = top;
    canvas.style.height = `${top}px`;
    this.listen();
    new ResizeObserver(() => this.changed()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.changed());
  }

  get hasFindings(): boolean {
    return this.data.findings.length > 0;
  }

  changed(): void {
    this.told.onView(this.view);
    this.redraw();
  }

  /** Shows what a server tells of a stretch in the place of the page's own facts. */
  refine(viewport: Viewport): void {
    const before = this.rows;
    this.rows = before.map((row) => refined(row, viewport));
    const n = this.selected?.row ?? -1;
    // The same place of the list is another slice now.
    if (this.rows[n]?.track.kind === 'slices' && this.rows[n] !== before[n]) this.selected = undefined;
    this.redraw();
  }

  private redraw(): void {
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

  /** Shows an icount, and chooses what the track of that name has there. */
  goTo(icount: number, track?: string): void {
    if (icount < this.view.from || icount >= this.view.to) {
      const half = (this.view.to - this.view.from) / 2;
      this.view.show(icount - half, icount + half);
    }
    const n = this.rows.findIndex((row) => row.track.name === track);
    if (n >= 0) this.select(n, this.indexAt(this.rows[n], icount));
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
      f: () => this.nextFinding(),
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

  private nextFinding(): void {
    const middle = (this.view.from + this.view.to) / 2;
    const inOrder = [...this.data.findings].sort((a, b) => a.at - b.at);
    const next = inOrder.find(({ from, at }) => (from + at) / 2 > middle + 1) ?? inOrder[0];
    if (!next) return;
    this.showAround(next.from, next.at);
    this.told.onPoint({ kind: 'finding', finding: next }, true);
  }

  /** To another track, and what of it is in view; the view stays. */
  private stepRow(by: number): void {
    const n = this.rows.length;
    const row = ((this.selected?.row ?? (by > 0 ? -1 : 0)) + by + n) % n;
    const index = this.indexAt(this.rows[row], this.view.from, true);
    this.select(row, this.beginOf(row, index) < this.view.to ? index : -1);
  }

  /** To the event before or after in the track; where none is chosen, of what is in view. */
  private step(by: number): void {
    const { row, index } = this.selected ?? { row: 0, index: -1 };
    const { track } = this.rows[row];
    const last = (track.kind === 'slices' ? track.slices : marksOf(track)).length - 1;
    const after = this.indexAt(this.rows[row], this.view.from, true);
    const next = index >= 0 ? index + by : by > 0 ? after : after < 0 ? last : after - 1;
    this.select(row, Math.min(last, Math.max(next, index >= 0 ? 0 : -1)));
  }

  private beginOf(row: number, index: number): number {
    const { track } = this.rows[row];
    const begin = track.kind === 'slices' ? track.slices[index]?.from : marksOf(track)[index]?.at;
    return begin ?? Number.POSITIVE_INFINITY;
  }

  /** The slice or mark at an icount; with `orAfter` else the first after it. -1 for none. */
  private indexAt({ track, at }: Row, icount: number, orAfter = false): number {
    if (track.kind !== 'slices') {
      const found = at.findIndex((one) => one >= icount);
      return orAfter || at[found] === icount ? found : -1;
    }
    const here = track.slices.findLastIndex(({ from, to }) => from <= icount && icount < to);
    return here >= 0 || !orAfter ? here : track.slices.findIndex(({ from }) => from >= icount);
  }

  private select(n: number, index: number): void {
    const row = this.rows[n];
    const { track } = row;
    this.selected = { row: n, index };
    const slice = track.kind === 'slices' ? track.slices[index] : undefined;
    const mark = marksOf(track)[index];
    if (slice) this.bringIntoView(slice.from, slice.to);
    else if (mark) this.bringIntoView(mark.at, mark.at + 1);
    const pointed: Pointed =
      slice || mark ? { kind: 'item', row, index } : { kind: 'track', row, icount: this.view.from };
    this.told.onPoint(pointed, true);
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
      } else this.point(x, y, width, false);
    });
    canvas.addEventListener('pointerup', (event) => {
      const { x, y, width } = at(event);
      if (held && !held.moved) this.point(x, y, width, true);
      held = undefined;
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  private point(x: number, y: number, width: number, chosen: boolean): void {
    const pointed = this.pointedAt(x, y, width);
    if (!pointed) return;
    if (chosen && pointed.kind === 'finding') this.showAround(pointed.finding.from, pointed.finding.at);
    if (chosen && pointed.kind === 'item') {
      this.selected = { row: this.rows.indexOf(pointed.row), index: pointed.index };
      this.changed();
    }
    this.told.onPoint(pointed, chosen);
  }

  private pointedAt(x: number, y: number, width: number): Pointed | undefined {
    if (y < FLAGS) {
      const finding = this.data.findings.find(({ at }) => Math.abs(this.view.x(at, width) - x) < NEAR_FLAG);
      return finding && { kind: 'finding', finding };
    }
    const row = this.rows.findLast(({ top }) => top <= y);
    if (!row) return undefined;
    const icount = this.view.icount(x, width);
    const near = (this.view.to - this.view.from) / width;
    const lane = row.lanes[Math.floor((y - row.top - NAME) / LANE)];
    const index =
      row.track.kind === 'slices'
        ? lane
          ? sliceAt(lane, icount, near)
          : -1
        : row.track.kind === 'marks' || areApart(this.scene(), row)
          ? markAt(row.at, icount, NEAR_MARK * near)
          : -1;
    if (index >= 0) return { kind: 'item', row, index };
    const speaks = row.track.kind === 'density' || ('missing' in row.track && lane !== undefined);
    return speaks ? { kind: 'track', row, icount } : undefined;
  }

  private scene(): Scene {
    const { canvas, view, height, data } = this;
    return {
      context: canvas.getContext('2d') as CanvasRenderingContext2D,
      view,
      width: canvas.clientWidth,
      height,
      end: data.end,
      colours: coloursOf(canvas),
      isCovered: (track: Density) =>
        track.whole || data.near.some(({ from, to }) => from <= view.from && view.to <= to),
    };
  }

  private draw(): void {
    const { canvas, height } = this;
    const scale = devicePixelRatio;
    const [wide, high] = [Math.round(canvas.clientWidth * scale), Math.round(height * scale)];
    // Setting a size, even the same, makes a new canvas.
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const scene = this.scene();
    const { context, width } = scene;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    drawGrid(scene);
    for (const [n, row] of this.rows.entries())
      drawRow(scene, row, this.selected?.row === n ? this.selected.index : -1);
    drawFlags(scene, this.data.findings);
  }
}
