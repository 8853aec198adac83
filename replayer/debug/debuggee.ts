import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import type { Hit, Position, Watch } from '../../recorder/machine/state/stops.ts';
import type { ForwardSession } from '../timeline/forward-session.ts';
import { type Arrival, type StopConditions, Timeline, type TimelineOptions } from '../timeline/timeline.ts';

/** The debuggee that gdb and editors share: a recorded run and its what-if runs. */

/** The address space in which memory is shown: linear, mapped by the current directory, or physical. */
export type AddressSpace = Watch['space'];

export type StopReport =
  | { readonly kind: 'step' | 'interrupted' | 'begin' | 'end' }
  | { readonly kind: 'hit'; readonly hit: Hit };

/** Maximum bytes of one watchpoint, since each of its pages loses the fast path. */
export const MAX_WATCHED = 1 << 20;
/** Maximum bytes of memory shown at once, since lengths may come from the guest's debug information. */
const MAX_READ = 1 << 20;

/**
 * The run that a debugger works on: the recorded run, or, after a write, a what-if run that branched off there. The recording never
 * changes. Going back past the begin of a what-if run discards it.
 */
export class Debuggee {
  private readonly timelines: Timeline[];
  private readonly sessions: ForwardSession[];
  private readonly options: TimelineOptions;
  private readonly note: (text: string) => void;
  /** True if something was written since the machine last moved; further writes belong to the same what-if run. */
  private freshFork = false;

  /** `note` receives messages for the user. */
  constructor(session: ForwardSession, options: TimelineOptions, note: (text: string) => void) {
    this.sessions = [session];
    this.timelines = [new Timeline(session, options)];
    this.options = options;
    this.note = note;
  }

  get timeline(): Timeline {
    return this.timelines[this.timelines.length - 1];
  }

  get machine(): Machine {
    return this.timeline.machine;
  }

  get position(): Position {
    return this.timeline.position;
  }

  get isWhatIf(): boolean {
    return this.timelines.length > 1;
  }

  /** The recorded run, even during a what-if run. */
  get recording(): Timeline {
    return this.timelines[0];
  }

  async stepForward(): Promise<StopReport> {
    this.freshFork = false;
    return { kind: this.timeline.stepForward() ? 'step' : 'end' };
  }

  async stepBack(): Promise<StopReport> {
    this.freshFork = false;
    while (!(await this.timeline.stepBack())) {
      if (!(await this.giveUp())) return { kind: 'begin' };
    }
    return { kind: 'step' };
  }

  async continueForward(conditions: StopConditions, interrupted: () => boolean): Promise<StopReport> {
    this.freshFork = false;
    return reportOf(await this.timeline.continueForward(conditions, interrupted), 'end');
  }

  async continueBack(conditions: StopConditions, interrupted: () => boolean): Promise<StopReport> {
    this.freshFork = false;
    for (;;) {
      const report = reportOf(await this.timeline.continueBack(conditions, interrupted), 'begin');
      if (report.kind !== 'begin' || !(await this.giveUp())) return report;
    }
  }

  /** Goes to a position of the current run; a position before the begin of a what-if run discards it. */
  async goto(position: Position): Promise<void> {
    this.freshFork = false;
    while (position.icount < this.timeline.start && (await this.giveUp()));
    await this.timeline.seek(position);
  }

  /** Prepares for a write. */
  beforeWrite(): void {
    if (this.freshFork) return;
    const { icount } = this.position;
    const session = this.sessions[this.sessions.length - 1].fork();
    this.sessions.push(session);
    this.freshFork = true;
    this.note(
      `what-if: a separate run with your change begins at icount ${icount}; the recording is unchanged`,
    );
  }

  /** Completes a write: the what-if run begins with the current state. */
  afterWrite(): void {
    if (this.timelines.length === this.sessions.length) this.timelines.pop()?.checkpoints.clear();
    this.timelines.push(new Timeline(this.sessions[this.sessions.length - 1], this.options));
  }

  /** Goes back to where the what-if run branched off. False if this is the recording. */
  async giveUp(): Promise<boolean> {
    if (!this.isWhatIf) return false;
    const at = this.timeline.start;
    this.freshFork = false;
    this.timelines.pop()?.checkpoints.clear();
    this.sessions.pop();
    await this.timeline.restoreAt(at);
    this.note(
      this.isWhatIf
        ? 'back in the previous what-if run'
        : 'back in the recording: your changes are discarded',
    );
    return true;
  }

  // --- Memory ----------------------------------------------------------------------------------------------------------

  /** Reads up to `length` bytes from `address`, as far as memory is mapped and at most MAX_READ. The machine does not change. */
  readMemory(space: AddressSpace, address: number, length: number): Uint8Array {
    const { mem } = this.machine;
    const most = Math.min(Math.max(0, length), MAX_READ);
    const bytes = new Uint8Array(most);
    let done = 0;
    while (done < most) {
      const at = this.physical(space, address + done);
      if (at < 0) break;
      const count = Math.min(most - done, 4096 - (at & 4095));
      bytes.set(mem.u8.subarray(RAM + at, RAM + at + count), done);
      done += count;
    }
    return bytes.subarray(0, done);
  }

  /** Writes memory; false, with nothing written, if part of it is not mapped. */
  writeMemory(space: AddressSpace, address: number, bytes: Uint8Array): boolean {
    for (let i = 0; i < bytes.length; i += 1) {
      if ((i === 0 || ((address + i) & 4095) === 0) && this.physical(space, address + i) < 0) return false;
    }
    this.beforeWrite();
    for (const [i, byte] of bytes.entries()) {
      this.machine.mmu.physWrite8(this.physical(space, address + i), byte);
    }
    this.afterWrite();
    return true;
  }

  /** Physical address in RAM; -1 if there is none. */
  physical(space: AddressSpace, address: number): number {
    const linear = address >>> 0;
    const at = space === 'physical' ? linear : this.machine.mmu.translateForDebug(linear | 0);
    return at >= 0 && at < this.machine.mem.ramBytes ? at : -1;
  }
}

function reportOf(arrival: Arrival, edge: 'begin' | 'end'): StopReport {
  if (arrival.kind === 'hit') return arrival;
  return { kind: arrival.kind === 'interrupted' ? 'interrupted' : edge };
}
