import { Prng } from '../../../recorder/capture/prng.ts';
import type { Cpu } from '../../../recorder/machine/cpu/cpu.ts';
import type { Machine } from '../../../recorder/machine/machine.ts';
import { Stops, type Watch } from '../../../recorder/machine/state/stops.ts';
import { CODE, type Mode } from './image.ts';
import { LOOP_SPACING, type LoopKind } from './loops.ts';
import { EventSum, machineOf, randomRun } from './run.ts';

/**
 * The interpreter and compiled code side by side, from one snapshot, cut at random instants: where they stop, the processor, the
 * TLB and all events are compared at each, RAM and devices now and then. Between cuts both are treated alike in ways that a
 * debugger has: breakpoints, watchpoints, details `stores` and `reads`, single steps, changes from outside, another address line 20.
 */

export interface LockstepTotals {
  instructions: number;
  /** Of these, those that compiled code executed. */
  compiled: number;
  /** The same by mode. */
  readonly compiledIn: Map<Mode, number>;
  regions: number;
  cuts: number;
  /** By what was done between cuts. */
  readonly acts: Map<string, number>;
}

/** Two machines that are to be one. */
class Pair {
  readonly right: Machine;
  readonly other: Machine;
  readonly mode: Mode;
  private readonly sums = [new EventSum(), new EventSum()];

  constructor(seed: number, loops: LoopKind) {
    const run = randomRun(seed, loops);
    this.mode = run.mode;
    this.right = machineOf(run, { sink: this.sums[0] });
    this.other = machineOf(run, { sink: this.sums[1], compileAfter: 1 });
  }

  both<T>(act: (machine: Machine) => T): [T, T] {
    return [act(this.right), act(this.other)];
  }

  /** Puts the one in the place of the other. */
  cross(toOther: boolean): void {
    const [from, to] = toOther ? [this.right, this.other] : [this.other, this.right];
    // Events of before are not folded into: what they are is no part of a snapshot.
    this.both(({ log }) => log?.endRepeats());
    from.log?.flush();
    to.restore(from.snapshot());
    const [source, target] = toOther ? this.sums : [this.sums[1], this.sums[0]];
    target.count = source.count;
    target.sum = source.sum;
  }

  /** Processor, TLB and events as they are. */
  states(): [string, string] {
    return this.both((machine) => {
      machine.log?.flush();
      const words: number[] = [machine.icount];
      machine.cpu.forEachStateWord((word) => words.push(word));
      machine.mmu.forEachTlbWord((word) => words.push(word));
      const { count, sum } = this.sums[machine === this.right ? 0 : 1];
      return `${words.join(' ')} events ${count} ${sum}`;
    });
  }
}

/** Instructions between two cuts, by the kind of loops: less than two to the power of that. */
const LONGEST: Readonly<Record<LoopKind, number>> = { short: 14, long: 20 };

/** Code that changes itself is compiled again without end: a seed with so many regions has shown what it can. */
const MOST_REGIONS = 3000;

/** Executes `total` instructions of loops twice, at most `each` a seed. Throws at the first difference. */
export function runLockstep(loops: LoopKind, firstSeed: number, total: number, each: number): LockstepTotals {
  const totals: LockstepTotals = {
    instructions: 0,
    compiled: 0,
    compiledIn: new Map(),
    regions: 0,
    cuts: 0,
    acts: new Map(),
  };
  for (let seed = firstSeed; totals.instructions < total; seed++) lockstepOf(loops, seed, each, totals);
  return totals;
}

function lockstepOf(loops: LoopKind, seed: number, each: number, totals: LockstepTotals): void {
  const prng = new Prng(BigInt(seed), 77);
  const below = (n: number) => prng.next() % n;
  const pair = new Pair(seed, loops);
  const { right } = pair;
  right.run(below(2000));
  pair.cross(true);
  const start = right.icount;
  for (let over = false; !over && right.icount < each; ) {
    const from = right.icount;
    const act = below(16) === 0 ? ACTS[below(ACTS.length)] : undefined;
    if (act) totals.acts.set(act.name, (totals.acts.get(act.name) ?? 0) + 1);
    const undo = act?.(pair, below);
    const until = Math.min(each, from + 1 + below(1 << below(LONGEST[loops])));
    const stops = pair.both((machine) => machine.run(until));
    undo?.();
    const states = pair.states();
    const full = below(32) === 0 || until === each;
    const hashes = full ? pair.both((machine) => machine.hashes()) : [];
    const found = (both: readonly unknown[]) => both.map((one) => JSON.stringify(one));
    for (const [first, second] of [found(stops), states, found(hashes)])
      if (first !== second) throw new Error(apart(seed, from, until, first, second, act?.name));
    totals.cuts++;
    over = stops[0].kind !== 'limit' || (cpuOf(pair.other).compiled?.regions ?? 0) >= MOST_REGIONS;
  }
  totals.instructions += right.icount - start;
  const { regions = 0, instructions = 0 } = cpuOf(pair.other).compiled ?? {};
  totals.regions += regions;
  totals.compiled += instructions;
  totals.compiledIn.set(pair.mode, (totals.compiledIn.get(pair.mode) ?? 0) + instructions);
}

const cpuOf = (machine: Machine): Cpu => machine.cpu as Cpu;

function apart(
  seed: number,
  from: number,
  until: number,
  first: string,
  second: string,
  act: string | undefined,
): string {
  const [words, others] = [first.split(/[ ,]/), second.split(/[ ,]/)];
  const differing = words.flatMap((word, n) =>
    word === others[n] ? [] : [`${n}: ${word}, not ${others[n]}`],
  );
  const what = act ? `, ${act}` : '';
  return `seed ${seed}, from icount ${from} to ${until}${what}: compiled code ends otherwise: ${differing.slice(0, 12).join('; ')}`;
}

/** Does the same to both; the result ends it, and may compare what was seen. */
type Act = (pair: Pair, below: (n: number) => number) => (() => void) | undefined;

const ACTS: readonly Act[] = [
  function crossing(pair, below) {
    pair.cross(below(2) === 0);
  },
  function stores(pair) {
    pair.both(({ mmu }) => mmu.recordEveryStore(true));
    return () => pair.both(({ mmu }) => mmu.recordEveryStore(false));
  },
  function reads(pair, below) {
    const which = below(2) === 0 ? 'all' : 'tables';
    pair.both(({ mmu }) => mmu.recordReads(which));
    return () => pair.both(({ mmu }) => mmu.recordReads('none'));
  },
  function addressLine20(pair) {
    pair.both(({ mmu }) => mmu.setA20(false));
    return () => pair.both(({ mmu }) => mmu.setA20(true));
  },
  function steps(pair, below) {
    for (let n = below(20); n > 0; n--) pair.both((machine) => machine.step(machine.icount + 100));
  },
  function change(pair, below) {
    const [register, value, address] = [below(3), below(1 << 16), CODE + below(1 << 16)];
    pair.both(({ cpu, mmu }) => {
      cpu.poke(register, value);
      mmu.poke(address, 1, value & 255);
    });
  },
  function breakpoint(pair, below) {
    const at = CODE + below(256) * LOOP_SPACING + (below(2) && 15);
    return waitFor(pair, below, [at], []);
  },
  function watchpoint(pair, below) {
    const first = CODE + 0xa000 + below(0x6000);
    const space = below(2) === 0 ? ('linear' as const) : ('physical' as const);
    const reads = below(2) === 0;
    return waitFor(
      pair,
      below,
      [],
      [{ space, first, last: first + below(8), reads, writes: !reads || below(2) === 0 }],
    );
  },
];

function waitFor(
  pair: Pair,
  below: (n: number) => number,
  breakpoints: readonly number[],
  watches: readonly Watch[],
): () => void {
  const mode = below(2) === 0 ? 'stop' : 'note';
  const stops = pair.both((machine) => {
    const one = new Stops(machine, breakpoints, watches);
    one.mode = mode;
    machine.watchFor(one);
    return one;
  });
  return () => {
    pair.both((machine) => machine.watchFor(null));
    const [first, second] = stops.map(({ hit }) => JSON.stringify(hit));
    if (first !== second) throw new Error(`compiled code stops for ${second}, not ${first}`);
  };
}
