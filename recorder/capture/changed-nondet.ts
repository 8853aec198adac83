import { BadInput } from '../../schemas/bad-input.ts';
import { type Input, type InputKind, isAsynchronous, isDiskTime } from '../../schemas/trace/inputs.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Nondet } from '../machine/nondet.ts';
import { Schedule } from './input/input-source.ts';
import { SeededNondet } from './seeded-nondet.ts';

/** The outside world of a what-if: the inputs of a recording, with changes. */

/** Thrown if the machine does not repeat the recording that is to be changed. */
export class NotTheRecordedRun extends BadInput {
  override readonly name = 'NotTheRecordedRun';
}

/** Adds to the `nth` answer (from 0) of a kind. */
export interface Adjustment {
  readonly kind: InputKind;
  readonly nth: number;
  readonly by: number;
}

export interface ChangedInputs {
  /** The inputs that the first recording took, in order. */
  readonly recorded: readonly Input[];
  readonly seed: bigint;
  /** Bounds of the first recording's disk times. */
  readonly latency: { readonly min: number; readonly max: number };
  /** Additional asynchronous inputs, in icount order. */
  readonly added: readonly Input[];
  readonly adjustments: readonly Adjustment[];
  /** Up to this icount the machine must request the recorded inputs; from here on the run is new. */
  readonly changedAt: number;
}

/**
 * The outside world of a what-if: that of a recording, with changes. The nth request of a kind gets the nth recorded answer, at whatever
 * icount it comes; after the last, the seed's generators continue from their state in the recording. Asynchronous inputs come at the same
 * icounts.
 */
export class ChangedNondet implements Nondet {
  private readonly changes: ChangedInputs;
  private readonly seeded: SeededNondet;
  private readonly schedule: Schedule;
  private readonly answers: ReadonlyMap<InputKind, readonly Input[]>;
  private readonly asked: Map<InputKind, number>;

  /** With `from`, a copy of that world; `changes.added` are added to its inputs. */
  constructor(changes: ChangedInputs, from?: ChangedNondet) {
    this.changes = changes;
    this.answers = from?.answers ?? answersIn(changes.recorded);
    this.asked = new Map(from?.asked);
    const own = from?.schedule ?? new Schedule(changes.recorded.filter(({ kind }) => isAsynchronous(kind)));
    this.schedule = own.with(changes.added);
    this.seeded = from?.seeded.fork([this.schedule]) ?? new SeededNondet(changes.seed, [this.schedule]);
  }

  /** A copy of this world with additional asynchronous inputs. */
  fork(added: readonly Input[] = []): ChangedNondet {
    return new ChangedNondet({ ...this.changes, added }, this);
  }

  draw(kind: InputKind, now: Icount, low: number, high: number): number {
    const { changedAt, adjustments, latency } = this.changes;
    const nth = this.asked.get(kind) ?? 0;
    this.asked.set(kind, nth + 1);
    // Drawn even if unused, to keep the generator in the state of the recording's.
    const drawn = isDiskTime(kind)
      ? this.seeded.draw(kind, now, latency.min, latency.max)
      : this.seeded.draw(kind, now, low, high);
    const recorded = this.answers.get(kind)?.[nth];
    if (now < changedAt && recorded?.icount !== now) throw notTheRun(kind, now);
    const by = adjustments
      .filter((adjustment) => adjustment.kind === kind && adjustment.nth === nth)
      .reduce((sum, adjustment) => sum + adjustment.by, 0);
    return Math.min(high, Math.max(low, (recorded?.value ?? drawn) + by));
  }

  nextInputAt(): number {
    return this.seeded.nextInputAt();
  }

  takeInput(now: Icount): Input | undefined {
    return this.seeded.takeInput(now);
  }
}

/** The inputs that the machine requested, by kind. */
function answersIn(recorded: readonly Input[]): Map<InputKind, Input[]> {
  const answers = new Map<InputKind, Input[]>();
  for (const input of recorded) {
    if (isAsynchronous(input.kind)) continue;
    const ofKind = answers.get(input.kind) ?? [];
    ofKind.push(input);
    answers.set(input.kind, ofKind);
  }
  return answers;
}

const notTheRun = (kind: InputKind, now: number): BadInput =>
  new NotTheRecordedRun(
    `the recording does not replay: the machine requests ${kind} at icount ${now}, before any change; the recording has no such request`,
  );
