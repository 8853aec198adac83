import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import { BIG } from '../../recorder/machine/cpu/descriptors.ts';
import { IF } from '../../recorder/machine/cpu/flags.ts';
import { CS } from '../../recorder/machine/cpu/state.ts';
import type { Debuggee } from '../../replayer/debug/debuggee.ts';
import type { GuestCode } from '../../replayer/debug/guest-code.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { unwind } from '../../replayer/debug/unwind.ts';
import { RETURN } from '../../replayer/dwarf/call-frames.ts';
import type { Finding } from '../check/run-checks.ts';
import type { Frame, Instruction } from '../web/page-data.ts';
import type { Places } from './places.ts';

/** Findings instruction by instruction, seen by executing the run again. */

/** The run, for whoever may execute it. */
export interface Execution {
  readonly debuggee: Debuggee;
  /** Executing up to there costs no more than a user wants to wait. */
  readonly isNear: (icount: number) => boolean;
  /** Runs what executes; undefined where the run left its recording, which has been told then. */
  readonly attempt: <Result>(run: () => Promise<Result>) => Promise<Result | undefined>;
}

/** Findings of which every instruction is shown: the worst. */
const FINDINGS = 4;
/** Instructions of one finding. */
const MOST = 4000;
/** Instructions before a finding that has no begin of its own, and after each. */
const BEFORE = 60;
const AFTER = 20;
const LONGEST_INSTRUCTION = 15;

/** The stacks of a page, each once. */
export class Stacks {
  readonly all: string[][] = [];
  private readonly known = new Map<string, number>();
  private readonly code: GuestCode;

  constructor(code: GuestCode) {
    this.code = code;
  }

  /** Index in `all` of the stack as it is now. */
  of(debuggee: Debuggee): number {
    const lines = unwind(debuggee, this.code).map(({ registers, pc, interrupted }, n) => {
      const name = this.code.nameAt(registers[RETURN] ?? 0, pc);
      const { path, line } = this.code.place(pc);
      // Of the innermost frame the function alone: where it is in it, the instruction says.
      const shown = n === 0 ? name.replace(/\+0x[0-9a-f]+$/, '') : name;
      const source = path === undefined || n === 0 ? '' : ` ${path}:${line}`;
      return `${interrupted ? 'interrupted: ' : ''}${shown}${source}`;
    });
    const key = lines.join('\n');
    const before = this.known.get(key);
    if (before !== undefined) return before;
    this.all.push(lines);
    this.known.set(key, this.all.length - 1);
    return this.all.length - 1;
  }
}

/** The instructions of the worst findings, by their place in `findings`; of those that lie too far off none. */
export async function instructionsOf(
  findings: readonly Finding[],
  { debuggee, isNear }: Execution,
  { places, stacks, frames }: { places: Places; stacks: Stacks; frames: readonly Frame[] },
): Promise<ReadonlyMap<number, readonly Instruction[]>> {
  const chosen = [...findings.entries()]
    .filter(([n, { icount }]) => n < FINDINGS && isNear(icount))
    .sort(([, a], [, b]) => a.icount - b.icount);
  const found = new Map<number, readonly Instruction[]>();
  for (const [n, { fromIcount, icount }] of chosen) {
    const begin = fromIcount < icount ? fromIcount : icount - BEFORE;
    const from = Math.max(0, begin, icount - MOST);
    const seen = await stretch(debuggee, from, icount + AFTER, { places, stacks });
    const near = frames.filter(({ at, to }) => at >= from && at <= icount + AFTER && to >= from);
    found.set(
      n,
      seen.map((one) => ({
        ...one,
        depth: near.filter(({ at, to }) => at <= one.at && one.at <= to).length,
      })),
    );
  }
  return found;
}

type Seen = Omit<Instruction, 'depth'>;

async function stretch(
  debuggee: Debuggee,
  from: number,
  to: number,
  { places, stacks }: { places: Places; stacks: Stacks },
): Promise<Seen[]> {
  await debuggee.goto({ icount: from, deliveries: 0 });
  const seen: Seen[] = [];
  const end = Math.min(to, debuggee.recording.end);
  while (debuggee.position.icount < end) {
    const at = debuggee.position.icount;
    // What is there after an interrupt was delivered is what is executed.
    if (seen.at(-1)?.at === at) seen.pop();
    seen.push(now(debuggee, at, places, stacks));
    if ((await debuggee.stepForward()).kind !== 'step') break;
  }
  return seen;
}

function now(debuggee: Debuggee, at: number, places: Places, stacks: Stacks): Seen {
  const cpu = cpuOf(debuggee.machine);
  const [, base, , attributes] = cpu.segment(CS);
  const address = (base + cpu.eip) >>> 0;
  const bytes = debuggee.readMemory('linear', address, LONGEST_INSTRUCTION);
  let next = 0;
  const line = disassemble(() => bytes[next++] ?? 0, address, (attributes & BIG) !== 0);
  return {
    at,
    code: places.of(address),
    text: typeof line === 'string' ? '(bad)' : line.text,
    enabled: (cpu.eflags & IF) !== 0,
    stack: stacks.of(debuggee),
  };
}
