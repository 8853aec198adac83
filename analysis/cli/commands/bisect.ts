import { buildMachine } from '../../../recorder/machine/build.ts';
import { type Bisection, bisect, type Pinned } from '../../../replayer/bisect/bisect.ts';
import { TraceReader } from '../../../replayer/trace-reader.ts';
import type { TraceHeader } from '../../../schemas/trace-header.ts';
import { GuestImage } from '../../db/guest-image.ts';
import { builtinDisk } from '../builtin-guest.ts';
import { EXIT } from '../exit-status.ts';
import { grouped, hex8, plural, shellWord } from '../format.ts';
import { VERSION } from '../version.ts';

/** `rewind386 replay FILE --bisect`. Returns the exit status. */
export async function runBisect(file: string): Promise<number> {
  const found = await bisect({ path: file, build: buildMachine, builtinDisk });
  if (!found) {
    console.log(`${file}: replays as recorded: there is nothing to bisect`);
    console.log(`next: rewind386 check ${shellWord(file)}`);
    return EXIT.ok;
  }
  const reader = TraceReader.open(file, { onDamage() {} });
  const { header } = reader;
  reader.close();
  for (const line of describeBisection(file, header, found)) console.error(line);
  return EXIT.divergence;
}

export function describeBisection(file: string, header: TraceHeader, found: Bisection): string[] {
  const { divergence, pinned, from, until, events } = found;
  const seen = `${file}: DIVERGENCE seen at icount ${grouped(divergence.icount)} in ${divergence.subsystem}: recorded ${divergence.expected}; replayed ${divergence.actual}`;
  const before = [
    `the last ${plural(events.length, 'recorded event')} up to there:`,
    ...events.map((event) => `  ${event}`),
  ];
  return pinned
    ? [
        seen,
        ...describePinned(header, pinned, found),
        ...before,
        `next: rewind386 replay ${shellWord(file)} --until ${pinned.agree}`,
      ]
    : [
        seen,
        `the stretch from icount ${grouped(from)} to ${grouped(until)} was executed ${plural(found.executions, 'time')}, always with the same result: this machine is deterministic, but not the one that recorded`,
        ...(found.parts.length > 0
          ? [`at icount ${grouped(until)} it differs from the recording in: ${found.parts.join(', ')}`]
          : []),
        'the recording has hashes there, not values: what it had instead is not known',
        `recorded by rewind386 ${header.toolVersion}; this is ${VERSION}`,
        ...before,
        `next: ${divergence.next}`,
      ];
}

function describePinned(header: TraceHeader, pinned: Pinned, { executions }: Bisection): string[] {
  const { agree, differ, address, parts, differences, stopped, asRecorded } = pinned;
  const image = new GuestImage(header);
  const code = [image.symbol(address), image.instruction(address)].filter(Boolean).join(': ');
  const names = ['one execution', 'another'].map((name, n) =>
    asRecorded === n ? `${name} (as recorded)` : name,
  );
  const place =
    differ - agree === 1
      ? `NOT DETERMINISTIC at icount ${grouped(agree)}: executions from the same state differ after this instruction`
      : `NOT DETERMINISTIC between icount ${grouped(agree)} and ${grouped(differ)}: it did not show again in any smaller part`;
  return [
    `${place} (${plural(executions, 'execution')})`,
    `  ${hex8(address)} ${code}`,
    `  different: ${parts.join(', ')}`,
    ...differences.map(
      ({ part, place: where, values: [a, b] }) =>
        `  ${part}, ${where}: ${a} in ${names[0]}, ${b} in ${names[1]}`,
    ),
    ...stopped.flatMap((what, n) => (what === undefined ? [] : [`  ${names[n]} went astray: ${what}`])),
    ...(asRecorded === undefined ? ['  neither comes to the recorded state'] : []),
  ];
}
