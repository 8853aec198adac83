import { type Colours, colourOf } from './colours.ts';
import { countsOver } from './counts.ts';
import type { Density, FindingFacts, Mark, Track } from './page-data.ts';
import { firstAbove, type Lane, marksIn, type Row } from './rows.ts';
import { grouped } from './text.ts';
import type { View } from './view.ts';

/** Draws the timeline. Whatever the run's length, a frame costs what is on the screen. */

export const LANE = 18;
export const GAP = 8;
export const NAME = 16;
export const FLAGS = 24;
/** Pixels of a label, below which it is left out. */
const READABLE = 40;
/** Pixels for each single event, below which they are drawn as a curve. */
const APART = 3;

export interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly view: View;
  readonly width: number;
  readonly height: number;
  readonly end: number;
  readonly colours: Colours;
  /** Single events of this stretch are all in the page. */
  readonly isCovered: (track: Density) => boolean;
}

/** Selected: index of the row, and of the slice or mark in its track. */
export interface Selected {
  readonly row: number;
  readonly index: number;
}

export function drawGrid({ context, view, width, height, colours }: Scene): void {
  const step = niceStep((view.to - view.from) / (width / 140));
  for (let at = Math.ceil(view.from / step) * step; at < view.to; at += step) {
    const x = view.x(at, width);
    context.fillStyle = colours.line;
    context.fillRect(x, FLAGS - 8, 1, height);
    context.fillStyle = colours.quiet;
    context.fillText(grouped(at), x + 3, 8);
  }
}

export function drawRow(scene: Scene, row: Row, index: number): void {
  const { context, width, colours } = scene;
  const { track, top, lanes, height } = row;
  context.fillStyle = colours.quiet;
  context.fillText(`${track.name}${leftOut(track)}`, 4, top + NAME / 2);
  const base = top + NAME;
  if (track.kind === 'slices') {
    let drawn = 0;
    for (const [n, lane] of lanes.entries()) drawn += drawLane(scene, lane, base + n * LANE, index);
    if (drawn === 0 && track.missing !== undefined)
      context.fillText(fitted(context, track.missing, width - 24), 12, base + LANE / 2 - 1);
  } else if (track.kind === 'marks') drawMarks(scene, row, base, index);
  else if (areApart(scene, row)) drawMarks(scene, row, base + LANE / 2, index);
  else drawCurve(scene, track, base);
  context.fillStyle = colours.line;
  context.fillRect(0, top + height - GAP / 2, width, 1);
}

/** A text, cut where there is no room for all of it. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  const share = width / context.measureText(text).width;
  return share >= 1 ? text : `${text.slice(0, Math.max(0, Math.floor(text.length * share) - 2))}…`;
}

const leftOut = (track: Track): string =>
  'left' in track && track.left > 0 ? ` (${grouped(track.left)} more are not on this page)` : '';

/** There is room for each event of a counted track. */
export function areApart({ view, width, isCovered }: Scene, { track, at }: Row): boolean {
  if (track.kind !== 'density' || !isCovered(track)) return false;
  const [first, last] = marksIn(at, view);
  return last - first <= width / APART;
}

/** Returns how many were drawn. */
function drawLane(
  { context, view, width, colours }: Scene,
  { slices, indices, reach }: Lane,
  y: number,
  index: number,
): number {
  let right = -1;
  let drawn = 0;
  for (let n = firstAbove(reach, view.from); n < slices.length; n++) {
    const slice = slices[n];
    if (slice.from > view.to) break;
    const x = Math.max(-1, view.x(slice.from, width));
    const end = Math.min(width + 1, view.x(slice.to, width));
    const selected = indices[n] === index;
    // Of those that are thinner than a pixel one is drawn for each.
    const isThin = end - x < 1;
    if (isThin && end < right && !slice.wrong && !selected) continue;
    drawn++;
    const w = Math.max(slice.wrong ? 3 : 1, end - x);
    if (isThin) right = Math.ceil(x + w);
    context.fillStyle = slice.wrong ? colours.error : colourOf(slice.label, colours.dark);
    context.fillRect(x, y, w, LANE - 2);
    if (slice.wrong) hatch(context, x, y, w, colours);
    if (selected) outline(context, x, y, w, colours);
    if (w > READABLE)
      label(
        context,
        slice.label,
        x,
        y,
        w,
        slice.wrong ? colours.ground : colours.ink,
        slice.wrong ? colours.error : undefined,
      );
  }
  return drawn;
}

function label(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  w: number,
  ink: string,
  ground?: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, LANE);
  context.clip();
  const left = Math.max(x, 0) + 4;
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(left - 4, y, context.measureText(text).width + 8, LANE - 2);
  }
  context.fillStyle = ink;
  context.fillText(text, left, y + LANE / 2 - 1);
  context.restore();
}

function drawMarks(
  { context, view, width, colours }: Scene,
  { track, at }: Row,
  y: number,
  index: number,
): void {
  const marks: readonly Mark[] = track.kind === 'slices' ? [] : track.marks;
  const [first, last] = marksIn(at, view);
  let drawn = -1;
  const labels: [x: number, text: string][] = [];
  for (let n = first; n < last; n++) {
    const x = view.x(at[n], width);
    if (n === index) outline(context, x - 2, y, 6, colours);
    if (x - drawn < 1) continue;
    drawn = x;
    context.fillStyle = colours.text;
    context.fillRect(x, y, 2, LANE - 2);
    labels.push([x + 5, marks[n].label]);
  }
  for (const [n, [x, label]] of labels.entries()) {
    // A label ends before the next mark: each mark is to be seen.
    const room = (labels[n + 1]?.[0] ?? width) - x - 9;
    if (room < READABLE) continue;
    const text = fitted(context, label, room);
    context.fillStyle = colours.ground;
    context.fillRect(x - 2, y, context.measureText(text).width + 4, LANE - 2);
    context.fillStyle = colours.text;
    context.fillText(text, x, y + LANE / 2 - 1);
  }
}

function drawCurve({ context, view, width, end, colours }: Scene, track: Density, base: number): void {
  const { first: begin, part, counts } = countsOver(track, view.from, Math.min(view.to, end), end);
  const first = Math.max(0, Math.floor((view.from - begin) / part));
  const last = Math.min(counts.length - 1, Math.floor((view.to - begin) / part));
  let most = 1;
  for (let n = first; n <= last; n++) most = Math.max(most, counts[n]);
  const root = Math.sqrt(most);
  context.fillStyle = colours.curve;
  for (let n = first; n <= last; n++) {
    if (counts[n] === 0) continue;
    const height = (Math.sqrt(counts[n]) / root) * (2 * LANE - 2);
    const x = view.x(begin + n * part, width);
    const right = view.x(begin + (n + 1) * part, width);
    context.fillRect(x, base + 2 * LANE - height, Math.max(1, right - x), height);
  }
}

export function drawFlags(
  { context, view, width, height, colours }: Scene,
  findings: readonly FindingFacts[],
): void {
  for (const { at, severity } of [...findings].reverse()) {
    const x = view.x(at, width);
    if (x < -8 || x > width + 8) continue;
    context.fillStyle = severity === 'error' ? colours.error : colours.warning;
    context.fillRect(x, FLAGS - 8, 1, height);
    context.beginPath();
    const left = x > width - 12 ? x - 10 : x;
    // An error is a filled flag, a warning a triangle: colour is not the only sign.
    if (severity === 'error') context.rect(left, 14, 11, 9);
    else {
      context.moveTo(left, 23);
      context.lineTo(left + 8, 23);
      context.lineTo(left + 4, 15);
    }
    context.fill();
  }
}

function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  { ground }: Colours,
): void {
  if (w < 6) return;
  context.save();
  context.beginPath();
  context.rect(x, y, w, LANE - 2);
  context.clip();
  context.strokeStyle = ground;
  for (let at = x - LANE; at < x + w; at += 7) {
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
  context.strokeRect(x + 1, y + 1, Math.max(2, w - 2), LANE - 4);
  context.lineWidth = 1;
}

/** 1, 2 or 5 times a power of ten, at least so much. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((n) => n * power >= least) ?? 10);
}
