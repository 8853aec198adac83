import { type LadderRow, sameHashWords } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import type { Divergence } from '../trace/divergence.ts';
import { TraceReader } from '../trace/trace-reader.ts';
import { type ReplayOptions, replay } from '../verify/replay.ts';
import { type Difference, differences } from './differences.ts';
import { differingParts, Executions, type Instant, partsUnlike } from './execution.ts';
import { eventsBefore, type PastEvent } from './last-events.ts';

/**
 * Narrows a divergence to its instruction. A recording holds hashes, not states, so between two rungs executions can only be compared
 * with each other. The stretch in which the replay diverges is executed repeatedly and hashed at ever closer points, until two executions
 * agree at one icount and differ at the next: the machine is not deterministic, and the instruction between is the culprit. If all
 * executions agree, the machine is deterministic but differs from the recording machine; then only the stretch and the parts that differ
 * at its end are known.
 */
export interface Bisection {
  /** The divergence that the plain replay found. */
  readonly divergence: Divergence;
  /** The state at `from` is the recorded one. */
  readonly from: number;
  readonly until: Icount;
  /** Two executions that differ, narrowed as far as possible; absent if all executions agree. */
  readonly pinned: Pinned | undefined;
  /** Number of executions of the stretch that were compared. */
  readonly executions: number;
  /** With `pinned` absent: the parts that differ from the recording at the first differing rung. */
  readonly parts: readonly string[];
  /** Values in the recording's first checkpoint at or after `until`, and those of the executions. */
  readonly recorded: RecordedDifference | undefined;
  /** The recorded events before it, in the order of the run. */
  readonly events: readonly PastEvent[];
}

export interface RecordedDifference {
  readonly icount: Icount;
  /** The values of the executions, then of the recording. */
  readonly differences: readonly Difference[];
}

export interface Pinned {
  /** The executions agree at this icount ... */
  readonly agree: number;
  /** ... and differ at this one, which is the next unless it could not be narrowed further. */
  readonly differ: number;
  /** Linear address of the instruction executed at `agree`. */
  readonly address: number;
  /** That instruction, disassembled from memory. */
  readonly instruction: string;
  readonly parts: readonly string[];
  readonly differences: readonly Difference[];
  /** An action of an execution that the recording does not have, if any. */
  readonly stopped: readonly (string | undefined)[];
  /** The execution that reaches the recorded state: 0, 1, or undefined for neither. */
  readonly asRecorded: 0 | 1 | undefined;
}

export type BisectOptions = Pick<ReplayOptions, 'path' | 'build' | 'builtinDisk' | 'disks' | 'onProgress'>;

/** Number of points at which one pass hashes a stretch. */
const POINTS = 32;
/** Number of executions compared with the first before they are assumed to agree. */
const TRIES = 8;
const SHOWN_DIFFERENCES = 8;
const SHOWN_EVENTS = 20;

/** Undefined if the recording replays. */
export async function bisect(options: BisectOptions): Promise<Bisection | undefined> {
  const { divergence } = await replay(options);
  return divergence && bisectDivergence(divergence, options);
}

/** Like `bisect`, after the replay has been made. */
export function bisectDivergence(divergence: Divergence, options: BisectOptions): Bisection {
  const reader = TraceReader.open(options.path, { onDamage() {}, disks: options.disks });
  try {
    return search(reader, divergence, options);
  } finally {
    reader.close();
  }
}

function search(reader: TraceReader, divergence: Divergence, options: BisectOptions): Bisection {
  const { inputs, ladder } = reader.skeleton();
  const rungs = reader.footer ? [...ladder, reader.footer.final] : ladder;
  const executions = new Executions(reader, inputs, options);
  executions.skipTo(divergence.since);
  const from = lastAgreed(executions, rungs, divergence.icount);
  // The first rung after it that the replay might not reach in the recorded state.
  const end = rungs.find(({ icount }) => icount >= divergence.icount && icount > from.row.icount);
  const until = end?.icount ?? divergence.icount;
  const narrowed = narrow(executions, from, until);
  const pinned = narrowed.pair && pin(executions, narrowed.pair, end);
  return {
    divergence,
    from: from.row.icount,
    until,
    pinned,
    executions: narrowed.executions,
    parts: pinned || !end ? [] : partsUnlike(end, executions.through(from, [until])[0].row),
    recorded: pinned ? undefined : recordedDifference(executions, from, until),
    events: eventsBefore(reader, pinned?.agree ?? divergence.icount, SHOWN_EVENTS),
  };
}

/** The differing values, from the first checkpoint of the trace that an execution reaches; hashes alone only show that they differ. */
function recordedDifference(
  executions: Executions,
  from: Instant,
  until: Icount,
): RecordedDifference | undefined {
  const recorded = executions.recordedAfter(until);
  if (!recorded) return undefined;
  const { icount } = recorded.snapshot;
  const [here] = executions.through(from, [icount]);
  if (here.stopped !== undefined) return undefined;
  const parts = Object.keys(here.row.hashes);
  const found = differences(here.snapshot, recorded.snapshot, parts, SHOWN_DIFFERENCES);
  return { icount, differences: found };
}

/** Runs to the last rung before the divergence that this execution reaches in the recorded state. */
function lastAgreed(executions: Executions, rungs: readonly LadderRow[], before: number): Instant {
  let agreed = executions.instant();
  for (const rung of rungs) {
    if (rung.icount >= before) break;
    if (rung.icount <= agreed.row.icount) continue;
    const here = executions.runTo(rung.icount);
    if (here.stopped !== undefined || partsUnlike(rung, here.row).length > 0) break;
    agreed = here;
  }
  return agreed;
}

/** The last point at which two executions agree, and their states at the next. */
interface Pair {
  readonly agree: Instant;
  readonly differ: readonly [Instant, Instant];
}

function narrow(
  executions: Executions,
  from: Instant,
  until: Icount,
): { pair: Pair | undefined; executions: number } {
  let pair: Pair | undefined;
  let count = 0;
  let start = from;
  let end = until;
  for (;;) {
    const points = between(start.row.icount, end);
    const first = executions.through(start, points);
    count++;
    const other = differingExecution(executions, start, points, first);
    count += other.tried;
    if (!other.found) return { pair, executions: count };
    const { found } = other;
    const n = points.findIndex((_, i) => differingParts(first[i], found[i]).length > 0);
    const agree = n === 0 ? start : first[n - 1];
    const last = (passed: Instant[]) => passed[n] ?? (passed.at(-1) as Instant);
    pair = { agree, differ: [last(first), last(found)] };
    start = agree;
    end = points[n];
    if (end - start.row.icount <= 1) return { pair, executions: count };
  }
}

function differingExecution(
  executions: Executions,
  start: Instant,
  points: readonly number[],
  first: readonly Instant[],
): { found: Instant[] | undefined; tried: number } {
  for (let tried = 1; tried <= TRIES; tried++) {
    const next = executions.through(start, points);
    if (points.some((_, i) => differingParts(first[i], next[i]).length > 0)) return { found: next, tried };
  }
  return { found: undefined, tried: TRIES };
}

/** At most POINTS icounts after `from`, evenly spaced, the last one `until`. */
function between(from: number, until: Icount): number[] {
  const steps = Math.max(1, Math.min(POINTS, until - from));
  return Array.from({ length: steps }, (_, i) => from + Math.ceil(((i + 1) * (until - from)) / steps));
}

function pin(executions: Executions, { agree, differ }: Pair, end: LadderRow | undefined): Pinned {
  const [a, b] = differ;
  const parts = differingParts(a, b);
  const shown = parts.includes('input') ? partsUnlike(a.row, b.row) : parts;
  const reaches = differ.map((instant) => {
    if (!end || instant.stopped !== undefined) return false;
    const [last] = executions.through(instant, [end.icount]);
    return (
      last.stopped === undefined &&
      Object.keys(end.hashes).every((part) => sameHashWords(end.hashes[part], last.row.hashes[part]))
    );
  });
  return {
    agree: agree.row.icount,
    differ: Math.min(a.row.icount, b.row.icount),
    ...executions.nextInstruction(agree),
    parts,
    differences: differences(a.snapshot, b.snapshot, shown, SHOWN_DIFFERENCES),
    stopped: differ.map(({ stopped }) => stopped),
    asRecorded: reaches[0] ? 0 : reaches[1] ? 1 : undefined,
  };
}
