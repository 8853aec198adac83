import type { Density, Mark, MarkTrack, Slice, SliceTrack, Track } from './page-data.ts';
import type { Viewport } from './serve-data.ts';
import type { View } from './view.ts';

/** Rows of the timeline: what of a track lies in a stretch, found without a look at the rest of it. */

/** Slices of one lane in the order of their begin. */
export interface Lane {
  readonly slices: readonly Slice[];
  /** Index of each in its track. */
  readonly indices: readonly number[];
  /** The largest `to` of each and those before: where a search may begin. */
  readonly reach: Float64Array;
}

export interface Row {
  readonly track: Track;
  readonly top: number;
  readonly height: number;
  /** Of a track of slices. */
  readonly lanes: readonly Lane[];
  /** Of a track of marks or counts: where each mark is. */
  readonly at: Float64Array;
}

/** The row with what a server tells of a stretch: finer counts, and the slices that the page left out. */
export function refined(row: Row, { events, slices, part, first, to }: Viewport): Row {
  const { track } = row;
  if (track.kind === 'density') {
    const none = () => new Array<number>(Math.ceil((to - first) / part)).fill(0);
    const counts = events.find((one) => one.track === track.name)?.counts ?? none();
    return { ...row, track: { ...track, fine: { first, part, counts } } };
  }
  const found = slices.find((one) => one.track === track.name)?.slices;
  if (track.kind !== 'slices' || track.left === 0 || !found) return row;
  const shown = { ...track, slices: found.filter(({ lane = 0 }) => lane < row.lanes.length) };
  return { ...row, track: shown, lanes: lanesOf(shown) };
}

/** The first index whose value is above `limit`; values ascend. */
export function firstAbove(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function lanesOf({ slices }: SliceTrack): Lane[] {
  const count = 1 + slices.reduce((most, { lane = 0 }) => Math.max(most, lane), 0);
  const lanes = Array.from({ length: count }, () => ({ slices: [] as Slice[], indices: [] as number[] }));
  for (const [n, slice] of slices.entries()) {
    const lane = lanes[slice.lane ?? 0];
    lane.slices.push(slice);
    lane.indices.push(n);
  }
  return lanes.map((lane) => {
    const reach = new Float64Array(lane.slices.length);
    let most = 0;
    for (let n = 0; n < reach.length; n++) {
      most = Math.max(most, lane.slices[n].to);
      reach[n] = most;
    }
    return { ...lane, reach };
  });
}

export const marksOf = (track: Track): readonly Mark[] => (track.kind === 'slices' ? [] : track.marks);

export const positionsOf = (track: MarkTrack | Density): Float64Array =>
  Float64Array.from(track.marks, ({ at }) => at);

/** Index in the track of the slice of a lane at an icount, the innermost of several, else of one within `near` of it; -1 for none. */
export function sliceAt(lane: Lane, icount: number, near: number): number {
  let [within, beside] = [-1, -1];
  for (let n = firstAbove(lane.reach, icount - near); n < lane.slices.length; n++) {
    const { from, to } = lane.slices[n];
    if (from > icount + near) break;
    if (from <= icount && icount < to) within = lane.indices[n];
    else if (to >= icount - near) beside = lane.indices[n];
  }
  return within >= 0 ? within : beside;
}

/** Index of the mark nearest to an icount, if it is within `near`; -1 for none. */
export function markAt(at: Float64Array, icount: number, near: number): number {
  const after = firstAbove(at, icount);
  const candidates = [after - 1, after].filter((n) => n >= 0 && n < at.length);
  const best = candidates.sort((a, b) => Math.abs(at[a] - icount) - Math.abs(at[b] - icount))[0];
  return best !== undefined && Math.abs(at[best] - icount) <= near ? best : -1;
}

/** The marks of a stretch: indices from, to (exclusive). */
export const marksIn = (at: Float64Array, { from, to }: View): readonly [number, number] => [
  firstAbove(at, from - 1),
  firstAbove(at, to),
];
