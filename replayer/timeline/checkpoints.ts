import { type Page, SNAPSHOT_PAGE, type Snapshot } from '../../recorder/machine/state/snapshot.ts';
import { comparePositions, type Position } from '../../recorder/machine/state/stops.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Checkpoint } from './forward-session.ts';

/** Checkpoints in memory, within a budget. */

const positionOf = ({ snapshot }: Checkpoint): Position => ({ icount: snapshot.icount, deliveries: 0 });

/**
 * Checkpoints of one run, in order. Those of the *grid* lie `spacing` instructions apart; when they exceed the budget, every other one is
 * dropped and the spacing doubles, so the rest cover the run evenly. A few *recent* ones lie close before the last destination, each at a
 * quarter of the distance of the previous one; steps back start from them.
 */
export class CheckpointStore {
  private grid: Checkpoint[];
  private recent: Checkpoint[] = [];
  private readonly budget: number;
  private step: number;
  /** Bytes of the grid when last counted, and bytes added since. */
  private held: number;

  /** `start` is never dropped. */
  constructor(start: Checkpoint, spacing: number, budgetBytes: number) {
    this.grid = [start];
    this.step = spacing;
    this.budget = budgetBytes;
    this.held = 0;
  }

  /** Instructions between two checkpoints of the grid. */
  get spacing(): number {
    return this.step;
  }

  get count(): number {
    return this.grid.length + this.recent.length;
  }

  get start(): Checkpoint {
    return this.grid[0];
  }

  /** The latest checkpoint at or before `position`; with `strictly`, before it. */
  before(position: Position, strictly = false): Checkpoint {
    let best = this.grid[0];
    const offer = (candidate: Checkpoint) => {
      const order = comparePositions(positionOf(candidate), position);
      if (order > 0 || (strictly && order === 0)) return;
      if (candidate.snapshot.icount >= best.snapshot.icount) best = candidate;
    };
    const at = this.gridIndex(position.icount);
    for (let i = Math.max(0, at - 1); i <= at; i++) offer(this.grid[i]);
    for (const checkpoint of this.recent) offer(checkpoint);
    return best;
  }

  /** The next place for a checkpoint of the grid beyond `icount`. */
  nextGridPoint(icount: Icount): number {
    return (Math.floor(icount / this.step) + 1) * this.step;
  }

  hasGridPoint(icount: Icount): boolean {
    return this.grid[this.gridIndex(icount)].snapshot.icount === icount;
  }

  addToGrid(checkpoint: Checkpoint): void {
    const at = this.gridIndex(checkpoint.snapshot.icount);
    const before = this.grid[at];
    if (before.snapshot.icount === checkpoint.snapshot.icount) return;
    this.grid.splice(at + 1, 0, checkpoint);
    this.held += freshBytes(checkpoint.snapshot, before.snapshot);
    while (this.held > this.budget && this.grid.length > 2) this.thin();
  }

  /** Replaces the recent checkpoints beyond `from`. */
  addRecent(checkpoint: Checkpoint): void {
    this.recent.push(checkpoint);
  }

  /** Drops recent checkpoints that are not within the spacing before `icount`, and keeps at most `count` of the others. */
  trimRecent(icount: Icount, count: number): void {
    this.recent = this.recent
      .filter(({ snapshot }) => snapshot.icount <= icount && snapshot.icount > icount - this.step)
      .sort((a, b) => a.snapshot.icount - b.snapshot.icount)
      .slice(-count);
  }

  /** Index of the last checkpoint of the grid at or before `icount`. */
  private gridIndex(icount: Icount): number {
    let low = 0;
    let high = this.grid.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.grid[middle].snapshot.icount <= icount) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private thin(): void {
    this.step *= 2;
    this.grid = this.grid.filter(({ snapshot }, i) => i === 0 || snapshot.icount % this.step === 0);
    const pages = new Set<Page>();
    for (const { snapshot } of this.grid) {
      for (const area of snapshot.areas.values()) for (const page of area.pages) pages.add(page);
    }
    this.held = pages.size * SNAPSHOT_PAGE + this.grid.length * overhead(this.grid[0].snapshot);
  }
}

/** Bytes of the references to the pages. */
const overhead = (snapshot: Snapshot): number =>
  8 * [...snapshot.areas.values()].reduce((sum, area) => sum + area.pages.length, 0);

/** Bytes in `snapshot` that `other` does not share. */
function freshBytes(snapshot: Snapshot, other: Snapshot): number {
  let pages = 0;
  for (const [name, area] of snapshot.areas) {
    const others = other.areas.get(name)?.pages ?? [];
    for (let i = 0; i < area.pages.length; i++) if (area.pages[i] !== others[i]) pages++;
  }
  return pages * SNAPSHOT_PAGE + overhead(snapshot);
}
