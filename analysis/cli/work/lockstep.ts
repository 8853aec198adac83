import { buildMachine, type MachineBuilder } from '../../../recorder/machine/build.ts';
import { useTier } from '../../../recorder/machine/cpu/tier-choice.ts';
import { type LockstepResult, lockstep, type Parted } from '../../../replayer/bisect/lockstep.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped, hex8, plural, shellWord } from '../terminal/format.ts';
import { complainLines, print } from '../terminal/output.ts';
import { progressBar } from '../terminal/progress.ts';

/** `rewind386 replay FILE --tier lockstep`: interpreter and compiler side by side, to find a miscompile (docs/compiler.md). */

export function runLockstep(
  file: string,
  { threshold, until, disks }: { threshold: number; until: number | undefined; disks: readonly string[] },
): number {
  const end = traceLength(file);
  const progress = progressBar('executing both', until ?? end);
  const reader = TraceReader.open(file, { disks });
  try {
    const result = lockstep(reader, {
      builds: tierBuilders(threshold),
      builtinDisk,
      until: Math.min(until ?? end, end),
      onProgress: (icount) => progress.at(icount),
    });
    progress.end();
    if (result.parted) complainLines(partedReport(file, result.parted));
    else print(alikeReport(file, result));
    return result.parted ? EXIT.divergence : EXIT.ok;
  } finally {
    progress.end();
    reader.close();
  }
}

/** Create machines with the interpreter, and with the compiler. */
export function tierBuilders(threshold: number): readonly [MachineBuilder, MachineBuilder] {
  return [
    (...options) => {
      useTier('interpreter');
      return buildMachine(...options);
    },
    (...options) => {
      useTier('wasm', threshold);
      return buildMachine(...options);
    },
  ];
}

const alikeReport = (file: string, { icount }: LockstepResult): string =>
  `${file}: interpreter and compiler agree on ${plural(icount, 'instruction')}`;

export function partedReport(file: string, found: Parted): string[] {
  const { agree, differ, parts, differences, instructions, compiled } = found;
  return [
    `${file}: the compiler is wrong: the same state at icount ${grouped(agree)}, different when executed to ${grouped(differ)} without a pause (${parts.join(', ')})`,
    ...differences.map(({ part, place, values: [right, wrong] }) => {
      return `  ${part} ${place}: interpreter ${right}, compiler ${wrong}`;
    }),
    'executed from there:',
    ...instructions.map(({ address, instruction }) => `  ${hex8(address)}  ${instruction}`),
    ...(compiled.length > 0 ? compiled : ['none of that code is compiled now']),
    `next: rewind386 gdb ${shellWord(file)}`,
  ];
}
