import { VERSION } from '../../../host/tool-version.ts';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { type Bisection, bisectDivergence, type Pinned } from '../../../replayer/bisect/bisect.ts';
import { type GuestNames, type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import { GuestImage } from '../../db/guest-image.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { EXIT } from '../report/exit-status.ts';
import { grouped, hex8, plural, shellWord } from '../terminal/format.ts';
import { complain, complainLines, print } from '../terminal/output.ts';
import { progressBar } from '../terminal/progress.ts';
import { divergenceReport, replayTrace } from './replay-trace.ts';

/** Bisects a divergence and reports the instruction found. */

/** Inputs of the machine; if one of them differs, nothing was executed. */
const NO_RUN = new Set(['image', 'disk image', 'BIOS', 'VGA BIOS', 'module']);

/** `rewind386 replay FILE --bisect`. Returns the exit status. */
export async function runBisect(
  file: string,
  disks: readonly string[],
  names: Names | undefined,
): Promise<number> {
  const result = await replayTrace(file, { showConsole: false, disks });
  const { divergence } = result;
  if (!divergence) {
    print(`${file}: replays as recorded: there is nothing to bisect`);
    print(`next: rewind386 check ${shellWord(file)}`);
    return EXIT.ok;
  }
  const nothing = (why: string) => {
    complainLines(divergenceReport(file, result));
    complain(`nothing to bisect: ${why}`);
    return EXIT.divergence;
  };
  if (divergence.subsystem === 'trace' || divergence.damage !== undefined)
    return nothing('the file differs, not the run');
  if (NO_RUN.has(divergence.subsystem.replace(/ \d+$/, '')))
    return nothing('the run cannot start as recorded');
  const reader = TraceReader.open(file, { onDamage() {}, names });
  const { header } = reader;
  reader.close();
  const progress = progressBar('executing again', divergence.icount);
  const onProgress = (icount: number) => progress.at(icount);
  const found = bisectDivergence(divergence, {
    path: file,
    build: buildMachine,
    builtinDisk,
    disks,
    onProgress,
  });
  progress.end();
  complainLines(describeBisection(file, header, found, reader.names));
  return EXIT.divergence;
}

export function describeBisection(
  file: string,
  header: TraceHeader,
  found: Bisection,
  names: GuestNames = header,
): string[] {
  const { divergence, pinned, events } = found;
  const image = new GuestImage(names);
  return [
    `${file}: DIVERGENCE seen at icount ${grouped(divergence.icount)} in ${divergence.subsystem}`,
    `  recorded: ${divergence.expected}`,
    `  replayed: ${divergence.actual}`,
    ...(pinned ? describePinned(image, pinned, found) : describeAgreed(header, found)),
    `the last ${plural(events.length, 'recorded event')} up to there:`,
    ...events.map(
      ({ icount, kind, eip, text }) => `  ${icount} ${kind} at ${image.symbol(eip) ?? hex8(eip)}: ${text}`,
    ),
    `next: ${pinned ? `rewind386 replay ${shellWord(file)} --until ${pinned.agree}` : divergence.next}`,
  ];
}

/** Report for executions that all agree. */
function describeAgreed(header: TraceHeader, found: Bisection): string[] {
  const { divergence, from, until, executions, parts, recorded } = found;
  const stretch = `the stretch from icount ${grouped(from)} to ${grouped(until)} was executed ${plural(executions, 'time')}, always with the same result`;
  if (parts.length === 0 && divergence.subsystem.startsWith('events:'))
    return [
      `${stretch}, and ends in the recorded state: no execution of this machine makes the recorded event`,
    ];
  return [
    `${stretch}: this machine is deterministic, but differs from the one that recorded`,
    `recorded by rewind386 ${header.toolVersion}; this is ${VERSION}`,
    ...(parts.length > 0
      ? [`at icount ${grouped(until)} it differs from the recording in: ${parts.join(', ')}`]
      : []),
    ...(recorded
      ? [
          `at the recording's checkpoint, icount ${grouped(recorded.icount)}:`,
          ...recorded.differences.map(
            ({ part, place, values: [here, there] }) =>
              `  ${part}, ${place}: ${here} in every execution, ${there} recorded`,
          ),
        ]
      : ['the recording has only hashes there, so its values are unknown']),
  ];
}

function describePinned(image: GuestImage, pinned: Pinned, { executions }: Bisection): string[] {
  const { agree, differ, address, instruction, parts, differences, stopped, asRecorded } = pinned;
  const symbol = image.symbol(address);
  const code = `${hex8(address)}${symbol === hex8(address) ? '' : ` ${symbol}`}: ${instruction}`;
  const names = ['one execution', 'another'].map((name, n) =>
    asRecorded === n ? `${name} (as recorded)` : name,
  );
  const place =
    differ - agree === 1
      ? `NOT DETERMINISTIC at icount ${grouped(agree)}: executions from the same state differ after this instruction`
      : `NOT DETERMINISTIC between icount ${grouped(agree)} and ${grouped(differ)}: it did not recur in any smaller part`;
  return [
    `${place} (${plural(executions, 'execution')})`,
    `  ${code}`,
    `  different: ${parts.join(', ')}`,
    ...differences.map(
      ({ part, place: where, values: [a, b] }) =>
        `  ${part}, ${where}: ${a} in ${names[0]}, ${b} in ${names[1]}`,
    ),
    ...stopped.flatMap((what, n) =>
      what === undefined ? [] : [`  ${names[n]} left the recording: ${what}`],
    ),
    ...(asRecorded === undefined ? ['  neither reaches the recorded state'] : []),
  ];
}
