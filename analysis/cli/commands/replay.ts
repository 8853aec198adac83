import type { Argv } from 'yargs';
import { TraceWriter } from '../../../recorder/capture/trace-writer.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { FACT_KIND_NAMES } from '../../../schemas/events.ts';
import { kindsAskedFor, type TraceFacts, type TraceProbe } from '../../../schemas/trace/facts.ts';
import { DISKS } from '../options/disk-option.ts';
import { givenNames, NAMING_OPTIONS, withGivenSymbols } from '../options/guest-names.ts';
import { givenProbes, PROBE_OPTIONS, type ProbeArguments } from '../options/probe-options.ts';
import { lockstepThreshold } from '../options/tier.ts';
import { parseCount, parseIcount } from '../options/values.ts';
import { givenWindows, WINDOWS } from '../options/window-option.ts';
import { EXIT } from '../report/exit-status.ts';
import { traceLength } from '../report/trace-length.ts';
import { bytes, shellWord } from '../terminal/format.ts';
import { complainLines, print, printLines } from '../terminal/output.ts';
import { runBisect } from '../work/bisect.ts';
import { fileBytes } from '../work/file-bytes.ts';
import { givenProcess } from '../work/given-process.ts';
import { runLockstep } from '../work/lockstep.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { divergenceReport, replaySummary, replayTrace } from '../work/replay-trace.ts';
import { CHANGE_OPTIONS, isWhatIf, runWhatIf } from '../work/what-if.ts';

/** `rewind386 replay`: executes a trace again and compares everything, or records a what-if. */
export const addReplay = (cli: Argv): Argv =>
  cli.command(
    'replay <file>',
    'execute a trace again and verify everything it recorded',
    options,
    async (args) => {
      const { file, from, until, output, console: showConsole, disk: disks } = args;
      if (output !== undefined) checkOutput(output, { force: args.force, makes: 'trace', inputs: [file] });
      if (args.bisect) {
        process.exitCode = await runBisect(file, disks, givenNames(args));
        return;
      }
      const threshold = lockstepThreshold(args.tier);
      if (threshold !== undefined) {
        const last = until === undefined ? undefined : parseCount(until, '--until');
        process.exitCode = runLockstep(file, { threshold, until: last, disks });
        return;
      }
      if (isWhatIf(args)) {
        process.exitCode = await runWhatIf(file, {
          output: output as string,
          changes: args,
          until: until === undefined ? undefined : parseCount(until, '--until'),
          showConsole,
          disks,
          names: givenNames(args),
        });
        return;
      }
      const begin =
        from === undefined ? undefined : parseIcount(from, '--from', { file, end: traceLength(file) });
      const { facts, stores } = askedFacts(file, args, begin);
      const given = output === undefined ? undefined : await givenProcess(file, args);
      const result = await replayTrace(file, {
        ...(until === undefined ? {} : { until: parseCount(until, '--until') }),
        ...(stores ? { detail: 'stores', ...(begin === undefined ? {} : { storesFrom: begin }) } : {}),
        ...withProbes(facts, given?.probes ?? []),
        windows: output === undefined ? [] : givenWindows(file, args),
        process: given?.process,
        ...(output
          ? {
              output: (header) =>
                new TraceWriter(output, withGivenSymbols(given?.named(header) ?? header, args)),
            }
          : {}),
        showConsole,
        disks,
      });
      if (result.divergence) {
        complainLines(divergenceReport(file, result));
        process.exitCode = EXIT.divergence;
        return;
      }
      printLines(replaySummary(file, result));
      if (output) print(`${output}: ${bytes(fileBytes(output))}`);
      print(
        facts?.probes.length
          ? callsQuery(output as string)
          : `next: rewind386 check ${shellWord(output ?? file)}`,
      );
    },
  );

/** The facts asked for, with the probes that names need. */
function withProbes(facts: TraceFacts | undefined, more: readonly TraceProbe[]): { facts?: TraceFacts } {
  if (more.length === 0) return facts ? { facts } : {};
  const { from = 0, probes = [], kinds = [] } = facts ?? {};
  return { facts: { from, probes: [...more, ...probes], kinds } };
}

const callsQuery = (file: string): string =>
  `next: rewind386 query ${shellWord(file)} --sql 'SELECT icount, name, process, arguments, result FROM tracepoint_hits'`;

/** The requested facts, with names from the trace or the options, and whether stores were requested. */
function askedFacts(
  file: string,
  args: ProbeArguments & { readonly detail: readonly string[]; readonly symbols?: string | undefined },
  from = 0,
): { readonly facts: TraceFacts | undefined; readonly stores: boolean } {
  const { detail } = args;
  const kinds = FACT_KIND_NAMES.filter((kind) => detail.includes(kind));
  const stores = detail.includes('stores');
  const every = detail.includes('calls');
  if (args.probe.length === 0 && args.trace.length === 0 && !every && kinds.length === 0)
    return { facts: undefined, stores };
  const reader = TraceReader.open(file, { names: givenNames({ symbols: args.symbols }) });
  try {
    const { header } = reader;
    const probes = givenProbes(args, reader.names.guest, { every });
    // An instruction's operands are its reads and stores.
    const whole = kinds.includes('instructions');
    const more = whole && !kinds.includes('reads') && !kindsAskedFor(header.facts ?? []).has('reads');
    const facts = { from, probes, kinds: more ? [...kinds, 'reads' as const] : kinds };
    return { facts, stores: stores || (whole && header.machine.detail !== 'stores') };
  } finally {
    reader.close();
  }
}

/** Options for recording additional facts. */
const DETAIL_OPTIONS = {
  detail: {
    choices: ['stores', 'calls', ...FACT_KIND_NAMES],
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'record more, as tables of that name (docs/calls.md): with -o; may be repeated',
  },
  ...PROBE_OPTIONS,
  from: {
    type: 'string',
    requiresArg: true,
    describe: 'record what --detail, --probe and --trace select from this icount on',
  },
} as const;

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      until: { type: 'string', requiresArg: true, describe: 'stop at this icount' },
      ...DETAIL_OPTIONS,
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'write what the replay records to a new trace',
      },
      ...FORCE,
      ...DISKS,
      console: { type: 'boolean', default: false, describe: "show the guest's console" },
      bisect: {
        type: 'boolean',
        default: false,
        describe: 'find the instruction at which a replay diverges, by repeated execution',
      },
      ...WINDOWS,
      ...NAMING_OPTIONS,
      ...CHANGE_OPTIONS,
    })
    .group(Object.keys(CHANGE_OPTIONS), 'What-if (docs/what-if.md):')
    .check((args) => {
      const { output, from, at, until } = args;
      const asked = [
        ...(args.detail.length > 0 ? ['--detail'] : []),
        ...(args.probe.length > 0 ? ['--probe'] : []),
        ...(args.trace.length > 0 ? ['--trace'] : []),
      ];
      if (
        lockstepThreshold(args.tier) !== undefined &&
        (asked.length > 0 || output || args.bisect || isWhatIf(args))
      )
        throw new Error('--tier lockstep goes alone with the trace, and with --until');
      if (args.bisect && (asked.length > 0 || output || from || until || isWhatIf(args)))
        throw new Error('--bisect goes alone with the trace');
      if (isWhatIf(args)) {
        if (asked.length > 0) throw new Error(`a what-if records as the trace did: leave ${asked[0]} out`);
        if (!output) throw new Error('a what-if needs -o FILE2, the trace to write');
      } else if (at) throw new Error('--at is for a what-if: --inject, --delay or --poke');
      if (args.window.length > 0 && isWhatIf(args))
        throw new Error('a what-if records as the trace did: leave --window out');
      if (args.window.length > 0 && !output) throw new Error('--window needs -o FILE2, the trace to write');
      if (from && asked.length === 0) throw new Error('--from is for --detail, --probe and --trace');
      if (asked.length > 0 && !output) throw new Error(`${asked[0]} needs -o FILE2, the trace to write`);
      return true;
    })
    .example('$0 replay run.r386', 'verify the whole run; exit 3 at the first difference')
    .example('$0 replay run.r386 --bisect', 'find the instruction at which a replay leaves the recording')
    .example(
      '$0 replay run.r386 --detail stores --from 19M --until 20M -o w.r386',
      'record every memory write of a window',
    )
    .example(
      "$0 replay run.r386 --trace 'pmap_enter: pmap, va, pa' -o t.r386",
      'record these values and the result of each call of a function',
    )
    .example(
      `$0 replay run.r386 --window '{"name":"kmap","linear":"0xe0000000"}' -o w.r386`,
      'record the switches of a window and the accesses through it',
    )
    .example(
      '$0 replay linux.r386 --profile linux -o named.r386',
      'name the processes and functions of a Linux kernel, read from its memory',
    )
    .example(
      '$0 replay run.r386 --cli 22711807:22712558 -o masked.r386',
      'the same run with interrupts held off there: does the finding vanish?',
    )
    .example(
      '$0 replay run.r386 --at 22711000 --delay irq14=+2000 -o later.r386',
      'the same run with the next disk interrupt later',
    );
