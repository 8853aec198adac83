import type { Move } from '../../recorder/capture/scheduled-nondet.ts';
import { type RecordResult, recordSubject } from '../../recorder/capture/session.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { recordedBoot, recordedOptions } from '../../replayer/trace/recorded-run.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { TraceHeader } from '../../schemas/trace/header.ts';
import { type Input, type InputKind, isAsynchronous, isLatency } from '../../schemas/trace/inputs.ts';
import { ddmin } from './ddmin.ts';
import type { Examiner } from './examiner.ts';
import { type Answer, type Overruled, OverruledNondet } from './overruled-nondet.ts';
import { endsSought, type Target } from './target.ts';
import { badEnds, type Failure, failsAlike } from './verdict.ts';
import { kindsOf, type Sign, WindowJudge } from './window-judge.ts';

/**
 * Makes a failing run small: as few times that are not the seed's and as few inputs as it takes for the same failure, and nothing behind it.
 */

export interface ShrinkOptions {
  readonly reader: TraceReader;
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** Instructions by which the failure may come later in a smaller run. */
  readonly within: number;
  /** The only failure that counts; undefined: the first. */
  readonly target?: Target | undefined;
  /** Judges by recordings: for a target that a judge of events does not know. */
  readonly examiner?: Examiner | undefined;
  /** The finding of the examiner that is to stay; default: the first. */
  readonly sought?: Sign | undefined;
  /** Runs so far, and what is left of the schedule and the inputs. */
  readonly onRun?: (runs: number, left: number) => void;
  /** Ends with the smallest run known by then. */
  readonly signal?: AbortSignal | undefined;
}

/** A time, or an input that comes by itself. */
type Part = Answer | Input;
const isInput = (part: Part): part is Input => 'icount' in part;

interface Run extends Failure {
  readonly result: RecordResult;
  readonly overruled: readonly Overruled[];
  readonly moves: readonly Move[];
  /** Instructions up to the failure; of a finding, which may rest on what comes behind it, all. */
  readonly length: number;
}

export interface Shrunk {
  readonly failure: Failure;
  /** Times that are not the seed's: in the run given, and in the smallest. */
  readonly times: { readonly before: number; readonly after: number };
  readonly inputs: { readonly before: number; readonly after: number };
  /** The schedule of the smallest run, in the order of the run. */
  readonly moves: readonly Move[];
  readonly injected: readonly Input[];
  /** Inputs but injected requests: these the schedule does not tell. */
  readonly own: readonly Input[];
  /** The first icount at which the smallest run is not that of the seed. */
  readonly changedAt: number;
  /** Instructions of the smallest run. */
  readonly instructions: number;
  readonly runs: number;
  /** Records the smallest run. */
  write(output: string, header: TraceHeader): Promise<RecordResult>;
}

/** Undefined when the run does not fail, as far as the judge of placements can tell. */
export const shrink = (options: ShrinkOptions): Promise<Shrunk | undefined> => new Shrinker(options).run();

class Shrinker {
  private readonly options: ShrinkOptions;
  private readonly isBad: ReturnType<typeof badEnds>;
  /** Answers that are no times: as recorded, always. */
  private readonly fixed: readonly Answer[];
  private readonly recorded: readonly Input[];
  private runs = 0;
  /** The finding that is to stay: the nth of its kind and place, from 0. */
  private sought: { readonly sign: Sign; readonly nth: number } | undefined;

  constructor(options: ShrinkOptions) {
    this.options = options;
    this.isBad = endsSought(badEnds(options.reader), options.target);
    this.recorded = options.reader.inputs();
    this.fixed = answersOf(this.recorded).filter(({ kind }) => !isLatency(kind));
  }

  async run(): Promise<Shrunk | undefined> {
    const { reader, within, signal, onRun } = this.options;
    const typed = this.recorded.filter(({ kind }) => isAsynchronous(kind));
    const times = answersOf(this.recorded).filter(({ kind }) => isLatency(kind));
    const first = await this.execute([...times, ...typed], reader.endIcount);
    if (!first.sign && !first.end) return undefined;
    const end = first.length;
    const all = [
      ...first.overruled.filter(({ drawnAt }) => drawnAt < end),
      ...typed.filter(({ icount }) => icount < end),
    ];
    let smallest = first;
    const least = await ddmin<Part>(
      all,
      async (part) => {
        const run = await this.execute(part, end + within);
        onRun?.(this.runs, part.length);
        const holds = failsAlike(first, run);
        if (holds) smallest = run;
        return holds;
      },
      () => signal?.aborted ?? false,
    );
    return this.shrunk(await this.cut(smallest, least), all, least);
  }

  /** The run without what comes behind a finding, if it is found without that too. */
  private async cut(run: Run, parts: readonly Part[]): Promise<Run> {
    if (!this.sought || !run.sign) return run;
    const cut = await this.execute(parts, run.sign.icount + 1);
    return failsAlike(run, cut) ? cut : run;
  }

  private shrunk(smallest: Run, all: readonly Part[], least: readonly Part[]): Shrunk {
    const inputs = least.filter(isInput);
    const instructions = smallest.length;
    const moves = smallest.moves.filter((_, n) => smallest.overruled[n].drawnAt < instructions);
    const count = (parts: readonly Part[]) => parts.filter(isInput).length;
    return {
      failure: { sign: smallest.sign, end: smallest.end },
      times: { before: all.length - count(all), after: moves.length },
      inputs: { before: count(all), after: inputs.length },
      ...{ moves, instructions, runs: this.runs },
      injected: inputs.filter(({ kind }) => kind === 'inject_irq'),
      own: inputs.filter(({ kind }) => kind !== 'inject_irq'),
      changedAt: Math.min(
        instructions - 1,
        ...inputs.map(({ icount }) => icount),
        ...smallest.overruled.map(({ drawnAt }) => drawnAt),
      ),
      write: async (output, header) => (await this.execute(least, instructions, { output, header })).result,
    };
  }

  /** The run of the seed with these parts, up to `until`. */
  private async execute(
    parts: readonly Part[],
    until: number,
    written?: { readonly output: string; readonly header: TraceHeader },
  ): Promise<Run> {
    const { reader, build, builtinDisk, target } = this.options;
    const { header } = reader;
    const judge = new WindowJudge(kindsOf(header.profile.windows), undefined, undefined, target);
    const times = parts.filter((part): part is Answer => !isInput(part));
    const source = new OverruledNondet(header.seed, [...this.fixed, ...times], parts.filter(isInput));
    const subject = {
      header: written?.header ?? header,
      machine: recordedOptions(header, builtinDisk),
      boot: recordedBoot(header),
      source,
    };
    this.runs++;
    const run = (output: string | undefined) =>
      recordSubject(subject, {
        build,
        instructions: until,
        onEvents: (batch) => judge.flush(batch),
        ...(output === undefined ? {} : { output }),
      });
    const { result, found } = await this.judged(run, written?.output);
    const sign = judge.sign ?? found;
    const { overruled } = source;
    const end = !sign && this.isBad(result.exit) ? result.exit : undefined;
    const moves = overruled.map(({ from, to }) => ({ line: lineOf(to, judge), from, to }));
    const { icount: ended } = result.final;
    return { sign, end, result, overruled, moves, length: judge.sign ? judge.sign.icount + 1 : ended };
  }

  /** Records a run into this file; without one, as the examiner asks for. */
  private async judged(
    run: (output: string | undefined) => Promise<RecordResult>,
    output: string | undefined,
  ): Promise<{ readonly result: RecordResult; readonly found?: Sign | undefined }> {
    const { examiner } = this.options;
    if (!examiner || output !== undefined) return { result: await run(output) };
    let result: RecordResult | undefined;
    const found = await examiner.examine(async (path) => {
      result = await run(path);
    });
    return { result: result as unknown as RecordResult, found: this.pick(found) };
  }

  /** The finding that is to stay, among those of a run; the first run says which that is. */
  private pick(found: readonly Sign[]): Sign | undefined {
    const asked = this.options.sought;
    if (!this.sought) {
      const sign = asked ? found.find((one) => one.icount === asked.icount && isLike(one, asked)) : found[0];
      if (!sign) return undefined;
      this.sought = { sign, nth: found.filter((one) => isLike(one, sign)).indexOf(sign) };
    }
    const { sign, nth } = this.sought;
    return found.filter((one) => isLike(one, sign))[nth];
  }
}

const isLike = (a: Sign, b: Sign): boolean =>
  failsAlike({ sign: a, end: undefined }, { sign: b, end: undefined });

/** The line that rose when the time was over; that of the first channel where none did, as when the guest forbids it. */
const lineOf = (at: number, { raises }: WindowJudge): number =>
  raises.find(({ icount }) => icount === at)?.irq ?? 14;

/** The answers among inputs, numbered by kind. */
function answersOf(inputs: readonly Input[]): Answer[] {
  const counts = new Map<InputKind, number>();
  return inputs
    .filter(({ kind }) => !isAsynchronous(kind))
    .map(({ kind, value }) => {
      const nth = counts.get(kind) ?? 0;
      counts.set(kind, nth + 1);
      return { kind, nth, value };
    });
}
