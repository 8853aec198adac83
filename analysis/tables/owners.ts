import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { PAGING_LEVEL, WRITE_SOURCE } from '../../schemas/events.ts';
import { eventColumns } from './event-columns.ts';

/** The owners of page directories over a run: which process each belonged to, from when to when. */

/** A stretch of a directory's life under one owner. */
export interface Ownership {
  /** Physical address of the directory. */
  readonly dir: number;
  /** Position among all events at which it begins; it ends where the directory's next begins. */
  readonly fromSeq: number;
  readonly fromIcount: number;
  readonly toIcount: number | undefined;
  /** Undefined if no process ever ran under the directory. */
  readonly process: Process | undefined;
}

export interface Process {
  readonly pid: number;
  readonly comm: string;
}

/** A process was seen under a directory, or, without one, a frame became a directory. */
interface Step {
  readonly seq: number;
  readonly icount: number;
  readonly process: Process | undefined;
}

type Steps = Map<number, Step[]>;

const PDE = PAGING_LEVEL.indexOf('pde');
const STORE = WRITE_SOURCE.indexOf('store');
const ADOPT = WRITE_SOURCE.indexOf('adopt');

const frameOf = (entry: number): number => (entry & ~0xfff) >>> 0;

/**
 * A directory begins when its recursive slot is set to name itself; in a guest without one, when the machine begins to use the frame as a
 * directory. From then on it belongs to the next process seen running under it, whose name may change (exec). If no process
 * was current, the directory belongs to idle (pid 0, no name), provided that this was seen for one directory alone: many
 * kernels clear their pointer before they load CR3, whichever process is next.
 */
export class Owners {
  private readonly lives: ReadonlyMap<number, readonly Ownership[]>;

  private constructor(lives: ReadonlyMap<number, readonly Ownership[]>) {
    this.lives = lives;
  }

  /** The owners of a trace, read once. */
  static of(reader: TraceReader): Owners {
    let owners = known.get(reader);
    if (!owners) {
      const steps: Steps = new Map();
      addBirths(reader, steps);
      addProcesses(reader, steps);
      owners = new Owners(new Map([...steps].map(([dir, of]) => [dir, ownerships(dir, of)])));
      known.set(reader, owners);
    }
    return owners;
  }

  /** Every ownership, by directory. */
  *all(): Iterable<Ownership> {
    for (const [, of] of [...this.lives].sort(([a], [b]) => a - b)) yield* of;
  }

  /** The ownerships of a directory, in the order of the run. */
  ofDirectory(dir: number): readonly Ownership[] {
    return this.lives.get(dir) ?? [];
  }
}

const known = new WeakMap<TraceReader, Owners>();

function addStep(steps: Steps, dir: number, step: Step): void {
  const of = steps.get(dir);
  if (of) of.push(step);
  else steps.set(dir, [step]);
}

function addBirths(reader: TraceReader, steps: Steps): void {
  const { recursiveSlot, process } = reader.header.profile;
  if (!process) return;
  const wanted = ['icount', 'seq', 'dir', 'slot', 'level', 'new', 'source'];
  const last = new Map<number, number>();
  for (const { count, columns } of eventColumns(reader, 'paging_writes', wanted)) {
    const [icount, seq, dir, slot, level, value, source] = columns;
    for (let row = 0; row < count; row++) {
      if (level[row] !== PDE || (source[row] !== STORE && source[row] !== ADOPT)) continue;
      if (recursiveSlot >= 0) {
        if (slot[row] !== recursiveSlot || (value[row] & 1) === 0 || frameOf(value[row]) !== dir[row])
          continue;
      } else {
        // One row for each entry of the new directory: the first is its birth.
        if (source[row] !== ADOPT || last.get(dir[row]) === icount[row]) continue;
        last.set(dir[row], icount[row]);
      }
      addStep(steps, dir[row], { seq: seq[row], icount: icount[row], process: undefined });
    }
  }
}

function addProcesses(reader: TraceReader, steps: Steps): void {
  const wanted = ['icount', 'seq', 'cr3', 'proc', 'pid', 'comm0', 'comm1', 'comm2', 'comm3'];
  const idle: { readonly dir: number; readonly step: Step }[] = [];
  for (const { count, columns } of eventColumns(reader, 'contexts', wanted)) {
    const [icount, seq, cr3, proc, pid, ...comm] = columns;
    for (let row = 0; row < count; row++) {
      const dir = frameOf(cr3[row]);
      const isIdle = proc[row] === 0;
      const name = isIdle ? '' : commandName(comm.map((words) => words[row]));
      const step = { seq: seq[row], icount: icount[row], process: { pid: pid[row], comm: name } };
      if (isIdle) idle.push({ dir, step });
      else addStep(steps, dir, step);
    }
  }
  if (new Set(idle.map(({ dir }) => dir)).size === 1)
    for (const { dir, step } of idle) addStep(steps, dir, step);
}

function commandName(words: readonly number[]): string {
  let name = '';
  for (let i = 0; i < 4 * words.length; i++) {
    const byte = (words[i >>> 2] >>> (8 * (i & 3))) & 0xff;
    if (byte === 0) break;
    name += String.fromCharCode(byte);
  }
  return name;
}

function ownerships(dir: number, steps: readonly Step[]): Ownership[] {
  const ordered = [...steps].sort((a, b) => a.seq - b.seq);
  const made: Ownership[] = [];
  let next: Step | undefined;
  for (const step of ordered.reverse()) {
    // Another birth ends the life: what runs after it says nothing of what was before.
    const process: Process | undefined = step.process ?? (next?.process ? made.at(-1)?.process : undefined);
    made.push({ dir, fromSeq: step.seq, fromIcount: step.icount, toIcount: next?.icount, process });
    next = step;
  }
  return made.reverse();
}
