import { BadInput } from '../../schemas/bad-input.ts';
import { OutOfBounds } from '../../schemas/bounded.ts';
import type { Detail, EventKind } from '../../schemas/events.ts';
import { checkFacts, kindsAskedFor, type TraceFacts } from '../../schemas/trace/facts.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { MAX_WINDOWS } from '../../schemas/trace/limits.ts';
import type { ProcessLayout, TraceWindow } from '../../schemas/trace/profile.ts';

/** The header of a replay that records more than the recording has. */

export interface Additions {
  readonly path: string;
  /** Record more than the recording has. */
  readonly detail?: Detail;
  /** With detail `stores`, of a trace that has none: record them from this icount on. */
  readonly storesFrom?: number;
  /** Additional facts to record. */
  readonly facts?: TraceFacts | undefined;
  /** Additional windows to record; they must not overlap. */
  readonly windows?: readonly TraceWindow[];
  /** The location of the guest's running process, to record processes in addition, for a trace that has none. */
  readonly process?: ProcessLayout | undefined;
}

/** The recorded header with the requested additions. Throws BadInput for additions that the recording does not allow. */
export const requestedHeader = (recorded: TraceHeader, asked: Additions): TraceHeader => ({
  ...recorded,
  machine: machineConfig(recorded, asked),
  profile: profile(recorded, asked),
  facts: facts(recorded, asked),
});

/** Kinds of events that the replay records and the recording does not have. Throws BadInput for requested kinds that it has. */
export function unrecordedKinds({ machine, facts = [] }: TraceHeader, asked: Additions): EventKind[] {
  const recorded = kindsAskedFor(facts);
  const more = [...kindsAskedFor(asked.facts ? [asked.facts] : [])];
  const again = more.find((kind) => recorded.has(kind));
  if (again)
    throw new BadInput(
      `${asked.path} already has its ${again}`,
      'replay the recording that it was made from',
    );
  const stores = asked.detail === 'stores' && machine.detail !== 'stores';
  return [...(stores ? ['stores' as const] : []), ...(asked.process ? ['contexts' as const] : []), ...more];
}

function machineConfig(
  { machine }: TraceHeader,
  { path, detail = machine.detail, storesFrom }: Additions,
): TraceHeader['machine'] {
  if (storesFrom !== undefined && machine.detail === 'stores')
    throw new BadInput(`${path} already has stores (from icount ${machine.storesFrom})`);
  return { ...machine, detail, storesFrom: storesFrom ?? machine.storesFrom };
}

function profile(
  { profile, machine }: TraceHeader,
  { path, detail = machine.detail, windows: more = [], process }: Additions,
): TraceHeader['profile'] {
  if (more.length === 0 && !process) return profile;
  if (detail === 'off')
    throw new BadInput(
      `${path} was recorded with --detail off: a replay of it records no ${process ? 'processes' : 'windows'}`,
      'replay it with --detail stores too',
    );
  if (process && profile.process) throw new BadInput(`${path} already has the names of processes`);
  if (more.length === 0) return { ...profile, ...(process ? { process } : {}) };
  const windows = [...(profile.windows ?? []), ...more];
  if (windows.length > MAX_WINDOWS)
    throw new BadInput(
      `${windows.length} windows, including those of the trace: at most ${MAX_WINDOWS} are possible`,
    );
  return { ...profile, windows, ...(process ? { process } : {}) };
}

function facts(
  { facts: recorded = [], machine }: TraceHeader,
  { path, detail = machine.detail, facts }: Additions,
): readonly TraceFacts[] {
  if (!facts) return recorded;
  if (machine.detail === 'off' && detail === 'off')
    throw new BadInput(
      `${path} was recorded with --detail off: a replay of it records no events`,
      'replay it with --detail stores too',
    );
  const all = [...recorded, facts];
  try {
    checkFacts(all);
  } catch (error) {
    if (!(error instanceof OutOfBounds)) throw error;
    throw new BadInput(
      `${path}, with the requested details: ${error.message}`,
      'replay the recording that it was made from',
    );
  }
  return all;
}
