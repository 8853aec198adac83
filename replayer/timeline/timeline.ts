import type { Machine } from '../../recorder/machine/machine.ts';
import {
  comparePositions,
  type Hit,
  type Position,
  Stops,
  type Watch,
} from '../../recorder/machine/state/stops.ts';
import { host } from '../../schemas/host.ts';
import type { Icount } from '../../schemas/units.ts';
import { CheckpointStore } from './checkpoints.ts';
import type { Checkpoint, ForwardSession } from './forward-session.ts';

/** Time travel over a recorded run: seek, and execution forward and backward to a stop. */

export interface TimelineOptions {
  /** Initial number of instructions between two checkpoints. */
  readonly spacing?: number;
  /** Memory for checkpoints, bytes. */
  readonly budget?: number;
  readonly onProgress?: (icount: Icount) => void;
}

/** About 15 ms of execution. */
export const DEFAULT_SPACING = 2_097_152;
const DEFAULT_BUDGET = 768 * 2 ** 20;
/** Distances before a destination at which recent checkpoints are made. */
const RECENT_DISTANCES = [1 << 20, 1 << 16, 1 << 12];
const RECENT_KEPT = 12;
/** Host milliseconds to run between turns of the event loop. */
const TURN_MS = 50;
/** Instructions between two looks at the clock. */
const SLICE = 1 << 21;

/** The conditions at which execution stops. */
export interface StopConditions {
  /** Linear addresses. */
  readonly breakpoints: Iterable<number>;
  readonly watches: readonly Watch[];
  /** The condition of a breakpoint; evaluating it does not change the machine. */
  readonly conditions?: ReadonlyMap<number, (machine: Machine) => boolean>;
}

export type Arrival =
  | { readonly kind: 'hit'; readonly hit: Hit }
  /** The start, or the end, of the recording. */
  | { readonly kind: 'edge' }
  | { readonly kind: 'interrupted' };

/**
 * Time travel over a session that only runs forward: the timeline owns the checkpoints, seeks by restoring the nearest and replaying the
 * rest, and runs backwards by replaying one interval after another. (The layering is that of rr's ReplaySession and ReplayTimeline.)
 */
export class Timeline {
  readonly checkpoints: CheckpointStore;
  private readonly session: ForwardSession;
  private readonly onProgress: ((icount: Icount) => void) | undefined;

  constructor(session: ForwardSession, options: TimelineOptions = {}) {
    this.session = session;
    this.onProgress = options.onProgress;
    session.machine.storeMemory = host().memory;
    this.checkpoints = new CheckpointStore(
      session.machine,
      session.keep(),
      options.spacing ?? DEFAULT_SPACING,
      options.budget ?? DEFAULT_BUDGET,
    );
  }

  get machine(): Machine {
    return this.session.machine;
  }

  get position(): Position {
    return this.session.position;
  }

  /** icount at which the recording ends. */
  get end(): number {
    return this.session.end;
  }

  /** icount at which it begins. */
  get start(): number {
    return this.checkpoints.start.snapshot.icount;
  }

  /** Goes to a position, or to the nearest one if it lies beyond the recording or between two boundaries. */
  async seek(target: Position): Promise<void> {
    const { checkpoints } = this;
    const icount = Math.max(this.start, Math.min(target.icount, this.end));
    const checkpoint = checkpoints.before({ icount, deliveries: 0 });
    const here = this.position;
    const ahead = comparePositions(here, { icount, deliveries: 0 }) > 0;
    const nearest = Math.max(checkpoint.snapshot.icount, ahead ? -1 : here.icount);
    if (this.restoreRecorded(nearest, icount)) checkpoints.addToGrid(this.session.keep());
    else if (ahead || checkpoint.snapshot.icount > here.icount) this.session.restore(checkpoint);
    const from = this.position.icount;
    for (const distance of RECENT_DISTANCES) {
      const at = icount - distance;
      // Not so close to the start that nothing is gained.
      if (at < from + distance / 2) continue;
      await this.runTo(at);
      checkpoints.addRecent(this.session.keep());
    }
    await this.runTo(icount);
    checkpoints.trimRecent(icount, RECENT_KEPT);
    while (this.position.icount === icount && this.position.deliveries < target.deliveries) {
      this.session.step();
    }
  }

  /** Like seek, for a machine that another session may have run in between. */
  async restoreAt(icount: Icount): Promise<void> {
    this.session.restore(this.checkpoints.before({ icount, deliveries: 0 }));
    await this.seek({ icount, deliveries: 0 });
  }

  /** Executes one step: an instruction, or the delivery of an interrupt or exception. False at the end. */
  stepForward(): boolean {
    const before = this.position;
    this.session.step();
    return comparePositions(before, this.position) !== 0;
  }

  /** Goes to the boundary before this one. False at the start. */
  async stepBack(): Promise<boolean> {
    const before = await this.previous(this.position);
    if (!before) return false;
    await this.seek(before);
    return true;
  }

  /** Runs to the next hit after this position, or to the end. */
  async continueForward(
    conditions: StopConditions,
    interrupted: () => boolean = () => false,
  ): Promise<Arrival> {
    const stops = this.arm(conditions, 'stop');
    stops.except = this.position;
    try {
      if (!(await this.runTo(this.end, stops, interrupted))) return { kind: 'interrupted' };
    } finally {
      this.machine.watchFor(null);
    }
    return stops.hit ? { kind: 'hit', hit: stops.hit } : { kind: 'edge' };
  }

  /**
   * Goes back to the last hit before this position, before the instruction of a breakpoint or of a watched access. Goes to the start if
   * there is none.
   */
  async continueBack(conditions: StopConditions, interrupted: () => boolean = () => false): Promise<Arrival> {
    let end = this.position;
    while (end.icount > this.start || end.deliveries > 0) {
      const checkpoint = this.lastBefore(end);
      const hit = await this.lastHit(conditions, checkpoint, end, interrupted);
      if (hit === 'interrupted') {
        await this.seek(end);
        return { kind: 'interrupted' };
      }
      if (hit) {
        const at = hit.byDevice ? await this.previous({ ...hit.position, deliveries: 0 }) : hit.position;
        await this.seek(at ?? hit.position);
        return { kind: 'hit', hit };
      }
      end = { icount: checkpoint.snapshot.icount, deliveries: 0 };
    }
    await this.seek({ icount: this.start, deliveries: 0 });
    return { kind: 'edge' };
  }

  /** Executes the whole recording once, so that every part has a checkpoint nearby. */
  async build(): Promise<void> {
    this.session.restore(this.checkpoints.start);
    await this.runTo(this.end);
  }

  /** The last checkpoint before a position, in memory or in the trace. */
  private lastBefore(position: Position): Checkpoint {
    const { checkpoints } = this;
    const held = checkpoints.before(position, true);
    const latest = position.deliveries > 0 ? position.icount : position.icount - 1;
    if (this.restoreRecorded(held.snapshot.icount, latest)) checkpoints.addToGrid(this.session.keep());
    return checkpoints.before(position, true);
  }

  /** ForwardSession.restoreRecorded from the closest state at hand, with which the next checkpoint then shares what it can. */
  private restoreRecorded(after: number, icount: Icount): boolean {
    const { session, checkpoints } = this;
    return session.restoreRecorded(after, icount, () => {
      const closest = checkpoints.closest(icount);
      const distance = Math.abs(this.position.icount - icount);
      if (Math.abs(closest.snapshot.icount - icount) < distance) session.restore(closest);
    });
  }

  /** The last hit in the steps from `checkpoint` up to, not including, the one from `end`. */
  async lastHit(
    conditions: StopConditions,
    checkpoint: Checkpoint,
    end: Position,
    interrupted: () => boolean = () => false,
  ): Promise<Hit | 'interrupted' | null> {
    this.session.restore(checkpoint);
    const stops = this.arm(conditions, 'note');
    try {
      if (!(await this.runTo(end.icount, stops, interrupted))) return 'interrupted';
      while (comparePositions(this.position, end) < 0 && this.stepForward());
    } finally {
      this.machine.watchFor(null);
    }
    // A device that acts on the arrival at `end` did so before it.
    return stops.hit;
  }

  private arm({ breakpoints, watches, conditions = new Map() }: StopConditions, mode: Stops['mode']): Stops {
    const { machine } = this;
    const bound = new Map([...conditions].map(([at, isMet]) => [at, () => isMet(machine)] as const));
    const stops = new Stops(machine.cpu, breakpoints, watches, bound);
    stops.mode = mode;
    this.machine.watchFor(stops);
    return stops;
  }

  /** The boundary before `position`; undefined at the start. */
  private async previous(position: Position): Promise<Position | undefined> {
    const target = position.icount;
    if (position.deliveries > 1) return { icount: target, deliveries: position.deliveries - 1 };
    if (position.deliveries === 1) {
      // The interrupt may have ended a halt, which is one boundary at its begin.
      await this.seek({ icount: target, deliveries: 0 });
      return { icount: await this.awake(), deliveries: 0 };
    }
    if (target <= this.start) return undefined;
    await this.seek({ icount: target - 1, deliveries: 0 });
    const from = await this.awake();
    this.checkpoints.addRecent(this.session.keep());
    let last: Position = { icount: from, deliveries: 0 };
    // Steps as long as they do not reach the target.
    for (;;) {
      if (!this.stepForward()) return last;
      if (comparePositions(this.position, position) >= 0) return last;
      last = this.position;
    }
  }

  /** While the processor is halted: goes to the begin of the halt. Returns the icount. */
  private async awake(): Promise<number> {
    let before = this.position;
    while (Number.isNaN(this.machine.awakeUntil)) {
      const checkpoint = this.checkpoints.before(before, true);
      const goal = this.position.icount;
      this.session.restore(checkpoint);
      await this.runTo(goal);
      before = { icount: checkpoint.snapshot.icount, deliveries: 0 };
      if (before.icount <= this.start) break;
    }
    const awake = this.machine.awakeUntil;
    if (awake < this.position.icount) await this.seek({ icount: awake, deliveries: 0 });
    return this.position.icount;
  }

  /** Runs to (icount, 0), making checkpoints on the grid. False if interrupted. */
  private async runTo(
    icount: Icount,
    stops: Stops | null = null,
    interrupted: () => boolean = () => false,
  ): Promise<boolean> {
    const { session, checkpoints } = this;
    let turn = host().now();
    while (session.position.icount < icount) {
      const here = session.position.icount;
      const grid = checkpoints.nextGridPoint(here);
      session.run(Math.min(icount, grid, here + SLICE), stops);
      if (stops?.hit && stops.mode === 'stop') return true;
      const now = session.position;
      if (now.icount === grid && now.deliveries === 0 && !checkpoints.hasGridPoint(grid)) {
        checkpoints.addToGrid(session.keep());
      }
      if (now.icount === here) return true;
      if (host().now() - turn < TURN_MS) continue;
      this.onProgress?.(now.icount);
      await host().turn();
      if (interrupted()) return false;
      turn = host().now();
    }
    return true;
  }
}
