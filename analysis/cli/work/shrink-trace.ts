import { rmSync } from 'node:fs';
import { buildMachine } from '../../../recorder/machine/build.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { writtenFirst } from '../../db/unfinished.ts';
import { type Shrunk, shrink } from '../../explore/shrink.ts';
import type { Target } from '../../explore/target.ts';
import type { Sign } from '../../explore/window-judge.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { demandApplicable } from '../options/target-option.ts';
import { grouped, plural, shellWord } from '../terminal/format.ts';
import { statusLine } from '../terminal/status-line.ts';
import { endText } from './exploration-text.ts';
import { bundle } from './make-bundle.ts';
import { openExaminer, withScratch } from './open-examiner.ts';

/** `rewind386 shrink`: reduces a failing run to the smallest that fails in the same way, as a bundle. */

export interface ShrinkRequest {
  readonly file: string;
  readonly output: string;
  /** The run that it was made from, if its trace names another: its name, for people, and its trace. */
  readonly parent?: { readonly name: string; readonly file: string } | undefined;
  readonly within: number;
  /** The only failure that counts; undefined: the first. */
  readonly target?: Target | undefined;
  /** The finding of the target's check that is to stay; default: the first. */
  readonly sought?: Sign | undefined;
  readonly disks?: readonly string[] | undefined;
  readonly force?: boolean;
  /** Says nothing while it works. */
  readonly quiet?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the bundle and returns its summary. Throws BadInput if the run does not fail. */
export const shrinkTrace = (request: ShrinkRequest): Promise<Shrunk> =>
  withScratch(request.target, (scratch) => shrunkIn(request, scratch));

async function shrunkIn(request: ShrinkRequest, scratch: string | undefined): Promise<Shrunk> {
  const { file, output, within, target, sought, disks, signal, quiet = false } = request;
  demandApplicable(target, file, file);
  const reader = TraceReader.open(file, { disks });
  const beside = writtenFirst(output);
  try {
    const shrunk = await shrink({
      ...{ reader, build: buildMachine, builtinDisk, within, target, sought, signal },
      examiner: openExaminer(target, scratch),
      onRun: (runs, left) =>
        statusLine.show(
          `shrinking: ${plural(runs, 'run')}, ${plural(left, 'time or input', 'times and inputs')}`,
        ),
    });
    if (!shrunk && target !== undefined)
      throw new BadInput(`${file} shows no failure of --target ${target}`, 'leave out --target');
    if (!shrunk)
      throw new BadInput(
        `${file} shows no hijack, panic, shutdown or bad exit: there is no failure to reproduce`,
        `rewind386 check ${shellWord(file)}`,
      );
    await shrunk.write(beside, headerOf(reader, request, shrunk));
    statusLine.hide();
    await bundle(beside, {
      ...{ output, quiet, redactDisk: false, sql: [], disks: disks ?? [] },
      force: request.force ?? false,
    });
    return shrunk;
  } finally {
    statusLine.hide();
    reader.close();
    rmSync(beside, { force: true });
  }
}

/** The original recording of the run. */
function headerOf(
  reader: TraceReader,
  { file, parent }: ShrinkRequest,
  { changedAt, ...shrunk }: Shrunk,
): TraceHeader {
  const { header } = reader;
  const { identity, file: name } = parent
    ? { identity: identityOf(parent.file), file: untrusted(parent.name) }
    : (header.parent ?? { identity: reader.identity(), file: untrusted(file) });
  const changes = [untrusted(`schedule ${scheduleOf(shrunk) || 'of the seed alone'}`)];
  return { ...header, parent: { identity, file: name, changedAt: Math.max(0, changedAt), changes } };
}

function identityOf(file: string): string {
  const reader = TraceReader.open(file);
  try {
    return reader.identity();
  } finally {
    reader.close();
  }
}

/** The schedule in the syntax of `record --schedule`; empty if the seed alone makes the run. */
export const scheduleOf = ({ moves, injected }: Pick<Shrunk, 'moves' | 'injected'>): string =>
  [
    ...moves.map(({ line, from, to }) => `irq${line}=${to}@${from}`),
    ...injected.map(({ value, icount }) => `irq${value}@${icount}`),
  ].join(',');

export function describeShrunk({ failure, ...shrunk }: Shrunk, seed: bigint): string[] {
  const { times, inputs, own, instructions, runs } = shrunk;
  const { sign, end } = failure;
  const between = sign?.summary ? ' ' : ': ';
  const what = sign ? `${sign.kind}${sign.text ? between + sign.text : ''}` : endText(end);
  const schedule = scheduleOf(shrunk);
  return [
    `${what} at icount ${grouped(sign?.icount ?? instructions)}, after ${plural(runs, 'run')}`,
    schedule ? `--seed ${seed} --schedule ${schedule}` : `--seed ${seed}, without a schedule`,
    `needed: ${grouped(times.after)} of ${plural(times.before, 'time')} other than the seed's, ${grouped(inputs.after)} of ${plural(inputs.before, 'input')}` +
      `${own.length > 0 ? ' (in the bundle)' : ''}`,
  ];
}
