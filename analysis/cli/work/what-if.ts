import { VERSION } from '../../../host/tool-version.ts';
import { NotTheRecordedRun } from '../../../recorder/capture/changed-nondet.ts';
import type { GuestProfile } from '../../../recorder/capture/profile.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { Finding } from '../../check/run-checks.ts';
import { profileOf } from '../../ending/exit-codes.ts';
import { compareFindings, endsAlike, type Verdict } from '../../what-if/verdict.ts';
import { type WhatIf, whatIf } from '../../what-if/what-if.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { type ChangeRequest, parseChanges } from '../options/changes.ts';
import { SCHEDULE } from '../options/schedule.ts';
import { describeExit } from '../report/describe-exit.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { ConsoleLines } from '../terminal/console-lines.ts';
import { bytes, grouped, plural, shellWord } from '../terminal/format.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { complain, printLines } from '../terminal/output.ts';
import { progressCount } from '../terminal/progress.ts';
import { checkTraces } from './check-report.ts';
import { fileBytes } from './file-bytes.ts';

/** `rewind386 replay FILE --at I --inject … -o FILE2`: the part of `replay` that changes the run. */

export const CHANGE_OPTIONS = {
  at: { type: 'string', requiresArg: true, describe: 'what-if: change the run at this icount' },
  inject: {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe: 'what-if: request an interrupt: irq14[@ICOUNT]',
  },
  delay: {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe: "what-if: delay a drive's next interrupt by N instructions: irq14=+N[@ICOUNT]",
  },
  poke: {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe: 'what-if: write memory, [phys:]ADDRESS[:SIZE]=VALUE[@ICOUNT], or a register, eax=VALUE',
  },
  cli: {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe: 'what-if: hold interrupts off between two icounts: FROM:TO',
  },
  schedule: { ...SCHEDULE.schedule, describe: `what-if: ${SCHEDULE.schedule.describe}` },
} as const;

export const isWhatIf = ({ inject, delay, poke, cli, schedule }: ChangeRequest): boolean =>
  schedule !== undefined || [inject, delay, poke, cli].some((list) => list.length > 0);

export interface WhatIfRequest {
  readonly names?: Names | undefined;
  readonly output: string;
  readonly changes: ChangeRequest;
  readonly until?: number | undefined;
  readonly showConsole: boolean;
  readonly disks: readonly string[];
}

/** Makes the new recording and reports the fate of the findings. Returns the exit status. */
export async function runWhatIf(file: string, request: WhatIfRequest): Promise<number> {
  const { output } = request;
  try {
    const result = await changedRun(file, request);
    const guest = guestOf(output);
    printLines(summary(output, result, guest));
    const { findings } = await checkTraces([file, output], {
      names: request.names,
      executes: { disks: request.disks },
    });
    const verdict = compareFindings(findings, result.changes.changedAt, result.parentEnd, stoppedAt(result));
    printLines(describeVerdict(file, output, verdict, describeOtherEnd(result, guest)));
    const bad = [...verdict.still.map(({ now }) => now), ...verdict.arisen].some(isError);
    return bad || crashedAnew(result) ? EXIT.findings : EXIT.ok;
  } catch (error) {
    if (!(error instanceof NotTheRecordedRun)) throw error;
    complain(`${file}: ${error.message}`);
    complain(`next: rewind386 replay ${shellWord(file)}`);
    return EXIT.divergence;
  }
}

/** Throws BadInput for changes after the end, which have no effect unless the new run is to continue. */
function withinRun<Changed extends { readonly changedAt: number }>(
  file: string,
  { until = 0 }: WhatIfRequest,
  changes: Changed,
): Changed {
  const end = Math.max(until, traceLength(file));
  if (changes.changedAt <= end) return changes;
  throw new BadInput(
    `${file} ends at icount ${grouped(end)}, before the change at ${grouped(changes.changedAt)}`,
    `give an icount up to ${end}, or --until an icount after the change`,
  );
}

/** The new recording, under a progress count. */
export async function changedRun(file: string, request: WhatIfRequest): Promise<WhatIf> {
  const progress = progressCount('recording');
  const lines = new ConsoleLines((line) => progress.line(`  | ${line}`));
  try {
    return await interruptible((signal) =>
      whatIf({
        path: file,
        output: request.output,
        changes: (recorded) => withinRun(file, request, parseChanges(request.changes, recorded)),
        until: request.until,
        toolVersion: VERSION,
        build: buildMachine,
        builtinDisk,
        disks: request.disks,
        onProgress: ({ icount }) => progress.at(icount),
        ...(request.showConsole ? { onEvents: (batch) => lines.take(batch) } : {}),
        signal,
      }),
    );
  } finally {
    lines.end();
    progress.end();
  }
}

interface NamedGuest {
  readonly name: string;
  readonly profile: GuestProfile | undefined;
}

/** Name and profile of the guest of a trace. */
export function guestOf(path: string): NamedGuest {
  const reader = TraceReader.open(path);
  const { header } = reader;
  reader.close();
  return { name: header.guest.name.toString(), profile: profileOf(header) };
}

function summary(output: string, result: WhatIf, guest: NamedGuest): string[] {
  const { changes, exit, final, events, inputs, arrivals } = result;
  return [
    `what if: ${changes.words.join(', ')}`,
    ...arrivals.map(describeArrival),
    `${output}: the recorded run up to icount ${grouped(changes.changedAt)}, then a new one: ` +
      `${plural(final.icount, 'instruction')}, ${plural(events, 'event')}, ${plural(inputs, 'input')}, ${bytes(fileBytes(output))}`,
    `${guest.name} ${describeExit(exit, guest.profile)} at icount ${grouped(final.icount)}`,
  ];
}

const describeArrival = ({ line, from, to }: WhatIf['arrivals'][number]): string =>
  to === undefined
    ? `IRQ ${line}, in the recording at icount ${grouped(from)}, does not come: the new run ends before, or the drive was reset`
    : `IRQ ${line}, in the recording at icount ${grouped(from)}, comes at icount ${grouped(to)}`;

/** Reports the end of the recording if the new run ends for another reason or with another code. */
function describeOtherEnd(
  { parentExit, parentEnd, exit }: WhatIf,
  { profile }: NamedGuest,
): string | undefined {
  if (endsAlike(parentExit, exit)) return undefined;
  const where = `at icount ${grouped(parentEnd)}`;
  return parentExit
    ? `OTHER END: the recorded run ${describeExit(parentExit, profile)} ${where}`
    : `OTHER END: the recording breaks off ${where}`;
}

/** True if the machine shut down but did not in the recording. */
const crashedAnew = ({ parentExit, exit }: WhatIf): boolean =>
  exit.kind === 'shutdown' && !endsAlike(parentExit, exit);

/** Reports findings of the recording after the point where the new run was stopped. */
export const stoppedAt = ({ exit, final }: WhatIf): number | undefined =>
  exit.kind === 'limit' || exit.kind === 'interrupted' ? final.icount : undefined;

const isError = ({ check }: Finding): boolean => check.severity === 'error';

const named = ({ check, icount }: Finding): string =>
  `the ${check.title.toLowerCase()} at icount ${grouped(icount)}`;

/** Reports errors one by one, a different end, counts of warnings, and the next command. */
export function describeVerdict(
  parent: string,
  child: string,
  verdict: Verdict,
  otherEnd: string | undefined,
): string[] {
  const { vanished, unreached, still, arisen, later } = verdict;
  const warnings = [vanished, still.map(({ now }) => now), arisen, later].map(
    (findings) => findings.filter((finding) => !isError(finding)).length,
  );
  const lines = [
    ...vanished.filter(isError).map((finding) => `VANISHED ${named(finding)}: ${finding.summary}`),
    ...unreached
      .filter(isError)
      .map((finding) => `NOT REACHED, the new run was stopped before, ${named(finding)}: ${finding.summary}`),
    ...still
      .filter(({ now }) => isError(now))
      .map(({ before, now }) =>
        before.icount === now.icount
          ? `STILL THERE ${named(now)}: ${now.summary}`
          : `STILL THERE ${named(before)}, now at ${grouped(now.icount)}: ${now.summary}`,
      ),
    ...arisen.filter(isError).map((finding) => `NEW ${named(finding)}: ${finding.summary}`),
    ...later
      .filter(isError)
      .map((finding) => `LATER, after the end of the recording, ${named(finding)}: ${finding.summary}`),
  ];
  if (lines.length === 0) lines.push('no error after the change in either run');
  if (otherEnd !== undefined) lines.push(otherEnd);
  if (warnings.some((count) => count > 0))
    lines.push(
      `warnings: ${warnings[0]} vanished, ${warnings[1]} still there, ${warnings[2]} new, ${warnings[3]} later`,
    );
  const shown = [...still.map(({ now }) => now), ...arisen, ...later].find(isError);
  lines.push(
    shown?.query
      ? `next: rewind386 query ${shellWord(child)} ${shown.query}`
      : vanished.some(isError)
        ? `next: rewind386 query ${shellWord(parent)} ${shellWord(child)} ${vanished.some(({ query }) => query === 'window-hijack') ? 'window-hijack' : 'aptd-timeline'}`
        : `next: rewind386 check ${shellWord(child)}`,
  );
  return lines;
}
