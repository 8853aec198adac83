import type { KeptState } from '../../recorder/machine/state/snapshot.ts';
import { comparePositions, type Position } from '../../recorder/machine/state/stops.ts';
import type { Icount } from '../../schemas/units.ts';
import type { KeptCheckpoint } from './forward-session.ts';

/** Checkpoints in memory, within a budget. */

/** The store that keeps the states of checkpoints. */
export interface StateStore {
  readonly keptBytes: number;
  release(state: KeptState): void;
}

const positionOf = ({ snapshot }: KeptCheckpoint): Position => ({ icount: snapshot.icount, deliveries: 0 });

/**
 * Checkpoints of one run, in order. Those of the *grid* lie `spacing` instructions apart; when they exceed the budget, every other one is
 * dropped and the spacing doubles, so the rest cover the run evenly. A few *recent* ones lie close before the last destination, each at a
 * sixteenth of the distance of the previous one; steps back start from them.
 */
export class CheckpointStore {
  private readonly store: StateStore;
  private grid: KeptCheckpoint[];
  private recent: KeptCheckpoint[] = [];
  private readonly budget: number;
  private step: number;
  /** Bytes in the store when this began: of `start`, and of checkpoints of other runs of the machine. */
  private readonly bytesAtStart: number;

  /** `start` is never dropped. */
  constructor(store: StateStore, start: KeptCheckpoint, spacing: number, budgetBytes: number) {
    this.store = store;
    this.grid = [start];
    this.step = spacing;
    this.budget = budgetBytes;
    this.bytesAtStart = store.keptBytes;
  }

  /** Instructions between two checkpoints of the grid. */
  get spacing(): number {
    return this.step;
  }

  get count(): number {
    return this.grid.length + this.recent.length;
  }

  get start(): KeptCheckpoint {
    return this.grid[0];
  }

  /** The latest checkpoint at or before `position`; with `strictly`, before it. */
  before(position: Position, strictly = false): KeptCheckpoint {
    let best = this.grid[0];
    const offer = (candidate: KeptCheckpoint) => {
      const order = comparePositions(positionOf(candidate), position);
      if (order > 0 || (strictly && order === 0)) return;
      if (candidate.snapshot.icount >= best.snapshot.icount) best = candidate;
    };
    const at = this.gridIndex(position.icount);
    for (let i = Math.max(0, at - 1); i <= at; i++) offer(this.grid[i]);
    for (const checkpoint of this.recent) offer(checkpoint);
    return best;
  }

  /** The checkpoint of the grid closest to `icount`, before or after it. */
  closest(icount: Icount): KeptCheckpoint {
    const at = this.gridIndex(icount);
    const next = this.grid[at + 1];
    const isNext =
      next !== undefined && next.snapshot.icount - icount < icount - this.grid[at].snapshot.icount;
    return isNext ? next : this.grid[at];
  }

  /** The next place for a checkpoint of the grid beyond `icount`. */
  nextGridPoint(icount: Icount): number {
    return (Math.floor(icount / this.step) + 1) * this.step;
  }

  hasGridPoint(icount: Icount): boolean {
    return this.grid[this.gridIndex(icount)].snapshot.icount === icount;
  }

  addToGrid(checkpoint: KeptCheckpoint): void {
    const at = this.gridIndex(checkpoint.snapshot.icount);
    const before = this.grid[at];
    if (before.snapshot.icount === checkpoint.snapshot.icount) {
      this.release([checkpoint]);
      return;
    }
    this.grid.splice(at + 1, 0, checkpoint);
    while (this.heldBytes > this.budget && this.grid.length > 2) this.thin();
  }

  /** Adds one before a destination; `trimRecent` drops it. */
  addRecent(checkpoint: KeptCheckpoint): void {
    this.recent.push(checkpoint);
  }

  /** Drops recent checkpoints that are not within the spacing before `icount`, and keeps at most `count` of the others. */
  trimRecent(icount: Icount, count: number): void {
    const kept = this.recent
      .filter(({ snapshot }) => snapshot.icount <= icount && snapshot.icount > icount - this.step)
      .sort((a, b) => a.snapshot.icount - b.snapshot.icount)
      .slice(-count);
    this.release(this.recent.filter((checkpoint) => !kept.includes(checkpoint)));
    this.recent = kept;
  }

  /** Gives all checkpoints back, before this is abandoned. */
  clear(): void {
    this.release([...this.grid, ...this.recent]);
    this.grid = [];
    this.recent = [];
  }

  private get heldBytes(): number {
    return this.store.keptBytes - this.bytesAtStart;
  }

  private release(checkpoints: readonly KeptCheckpoint[]): void {
    for (const { snapshot } of checkpoints) this.store.release(snapshot);
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
    const kept = this.grid.filter(({ snapshot }, i) => i === 0 || snapshot.icount % this.step === 0);
    this.release(this.grid.filter((checkpoint) => !kept.includes(checkpoint)));
    this.grid = kept;
  }
}
