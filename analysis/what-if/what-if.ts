import { type Adjustment, ChangedNondet, NotTheRecordedRun } from '../../recorder/capture/changed-nondet.ts';
import { type Move, ScheduledNondet } from '../../recorder/capture/scheduled-nondet.ts';
import { type RecordResult, type RunOptions, recordSubject } from '../../recorder/capture/session.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { STATE_LAYOUT } from '../../recorder/machine/state/state-hash.ts';
import { recordedBoot, recordedOptions } from '../../replayer/trace/recorded-run.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { SCHEMA_VERSION, type TraceHeader } from '../../schemas/trace/header.ts';
import type { Input, InputKind } from '../../schemas/trace/inputs.ts';
import { sameHashWords } from '../../schemas/trace/ladder.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { type Recorded, raisesOf, recordedOf } from './recorded-interrupts.ts';

/**
 * Counterfactuals: a recording executed again with something changed from outside, recorded as a trace of its own. The
 * change enters as inputs, so the new trace replays by itself. docs/what-if.md defines what stays and what is new.
 */

/** An interrupt of the recording whose time, the nth answer of a kind, is another in the new run. */
export interface MovedInterrupt {
  readonly line: number;
  /** icount at which the line rose in the recording. */
  readonly from: number;
  readonly kind: InputKind;
  readonly nth: number;
}

/** The differences of a what-if run, as inputs. */
export interface Changes {
  readonly added: readonly Input[];
  readonly adjustments: readonly Adjustment[];
  /** Interrupts that come at other times than they would in the new run. */
  readonly moves?: readonly Move[];
  /** The interrupts whose times these adjust. */
  readonly moved: readonly MovedInterrupt[];
  /** The first icount at which the run can differ from the recorded one. */
  readonly changedAt: number;
  /** As typed, each with its icount: `inject irq14@22711850`. */
  readonly words: readonly string[];
}

export interface WhatIfOptions extends Pick<RunOptions, 'onProgress' | 'onEvents' | 'signal'> {
  readonly path: string;
  readonly output: string;
  /** Which depends on what was recorded. */
  readonly changes: (recorded: Recorded) => Changes;
  /** Stop here; default: see `defaultEnd`. */
  readonly until?: number | undefined;
  readonly toolVersion: string;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** As ReplayOptions has them. */
  readonly disks?: readonly string[] | undefined;
}

export interface WhatIf extends RecordResult {
  readonly changes: Changes;
  /** The icount at which the first recording ended, and how, if it ended in order. */
  readonly parentEnd: number;
  readonly parentExit: TraceExit | undefined;
  /** The icount at which each moved interrupt came in the new run: undefined if it did not come. */
  readonly arrivals: readonly (MovedInterrupt & { readonly to: number | undefined })[];
}

/** A guest that goes on forever is stopped here, as `record` stops it. */
const LONGEST = 2e9;

export async function whatIf(options: WhatIfOptions): Promise<WhatIf> {
  const reader = TraceReader.open(options.path, { disks: options.disks });
  try {
    const run = recordedOf(reader);
    const recorded = run.inputs;
    const changes = options.changes(run);
    if (changes.changedAt >= reader.endIcount)
      throw new BadInput(
        `the recording ends at icount ${reader.endIcount}, before the first change (${changes.changedAt})`,
        `rewind386 info ${options.path}`,
      );
    const changed = changedHeader(reader, changes, options);
    const { diskLatencyMin: min, diskLatencyMax: max } = reader.header.machine;
    const subject = {
      header: changed,
      machine: recordedOptions(changed, options.builtinDisk),
      boot: recordedBoot(changed),
      source: new ScheduledNondet(
        new ChangedNondet({ recorded, seed: changed.seed, latency: { min, max }, ...changes }),
        changes.moves ?? [],
      ),
    };
    const instructions = options.until ?? defaultEnd(reader);
    const result = await recordSubject(subject, { ...options, instructions });
    checkCommonPart(reader, options.output, changes.changedAt);
    return {
      ...{ ...result, changes, parentEnd: reader.endIcount, parentExit: reader.footer?.exit },
      arrivals: arrivalsIn(options.output, changes.moved),
    };
  } finally {
    reader.close();
  }
}

/** The machine asked for the time again: with its new answer the interrupt comes, unless the guest made the drive forget it. */
function arrivalsIn(output: string, moved: readonly MovedInterrupt[]): WhatIf['arrivals'] {
  if (moved.length === 0) return [];
  const child = TraceReader.open(output);
  try {
    const inputs = child.inputs();
    return moved.map((interrupt) => {
      const { line, kind, nth } = interrupt;
      const time = inputs.filter((input) => input.kind === kind)[nth];
      const to = time ? time.icount + Math.max(1, time.value) : undefined;
      return { ...interrupt, to: raisesOf(child, line).find((raise) => raise === to) };
    });
  } finally {
    child.close();
  }
}

/** The icount at which the recording was stopped from outside; a run that ended by itself may go on now. */
function defaultEnd({ footer, endIcount }: TraceReader): number {
  const endedByItself = footer && ['exit', 'shutdown', 'stuck'].includes(footer.exit.kind);
  return endedByItself ? Math.max(LONGEST, endIcount) : endIcount;
}

/** A delayed completion may lie outside the range that the others are drawn from. */
function changedHeader(
  reader: TraceReader,
  { changedAt, words, adjustments }: Changes,
  { path, toolVersion }: WhatIfOptions,
): TraceHeader {
  const { header } = reader;
  const longer = Math.max(0, ...adjustments.map(({ by }) => by));
  return {
    ...header,
    schemaVersion: SCHEMA_VERSION,
    toolVersion: untrusted(toolVersion),
    stateLayout: STATE_LAYOUT,
    machine: { ...header.machine, diskLatencyMax: header.machine.diskLatencyMax + longer },
    parent: { identity: reader.identity(), file: untrusted(path), changedAt, changes: words.map(untrusted) },
  };
}

/** Up to the first change the two runs must be one, or nothing that comes after it says anything. */
function checkCommonPart(parent: TraceReader, output: string, changedAt: number): void {
  const child = TraceReader.open(output);
  try {
    const rungs = new Map(child.ladder().map((row) => [row.icount as number, row]));
    const common = Math.min(changedAt, child.endIcount);
    for (const row of parent.ladder().filter(({ icount }) => icount < common)) {
      const same = rungs.get(row.icount);
      const different = Object.keys(row.hashes).find(
        (name) => !sameHashWords(row.hashes[name], same?.hashes[name]),
      );
      if (different !== undefined)
        throw new NotTheRecordedRun(
          `the recording does not replay: ${different} differs at icount ${row.icount}, before any change`,
        );
    }
  } finally {
    child.close();
  }
}
