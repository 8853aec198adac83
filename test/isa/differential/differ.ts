import { disassemble } from '../../../recorder/machine/cpu/decode/disassembler.ts';
import type { Case, Outcome } from './case.ts';
import { differences, incomparable } from './compare.ts';
import { Guest } from './guest.ts';
import type { Host } from './host.ts';

/** Cases in one process of the host: few enough that starting anew after a killed one costs little. */
const BATCH = 1000;
/** Differences of a case that are told. */
const MOST_TOLD = 12;

/** Runs cases on the host and on the machine, and keeps what differs. */
export class Differ {
  /** Instructions that the machine retired in cases that agree. */
  instructions = 0;
  compared = 0;
  /** Reasons that cases were not compared, and the number of each. */
  readonly skipped = new Map<string, number>();
  readonly findings: string[] = [];
  /** Number of the cases that agree by the exception they ended in. */
  readonly endings = new Map<number, number>();
  private readonly host: Host;
  /** Through micro-ops, and through handlers alone. */
  private readonly guests: readonly Guest[];
  private turn = 0;

  constructor(host: Host) {
    this.host = host;
    this.guests = [new Guest(host.vendor), new Guest(host.vendor, { specialise: false })];
  }

  /** Calls `agreed` with each case on which both agree. */
  run(cases: readonly Case[], agreed?: (one: Case, outcome: Outcome) => void): void {
    for (let from = 0; from < cases.length; from += BATCH) {
      let batch = cases.slice(from, from + BATCH);
      while (batch.length > 0) batch = batch.slice(this.runBatch(batch, agreed));
    }
  }

  /** Runs a batch; returns how many of the cases are done with: after one that reached the runner's own memory, the process is not trusted. */
  private runBatch(batch: readonly Case[], agreed?: (one: Case, outcome: Outcome) => void): number {
    const outcomes = this.host.run(batch);
    for (let n = 0; n < outcomes.length; n++) {
      const host = outcomes[n];
      // Most by micro-ops; every fourth by handlers.
      const guest = this.guests[(this.turn++ & 3) === 3 ? 1 : 0];
      const before = guest.instructions;
      const outcome = guest.run(batch[n]);
      const why = incomparable(batch[n], host, outcome);
      if (why !== undefined) {
        this.skip(why);
        if (why.startsWith('reaches')) return n + 1;
        continue;
      }
      this.compared++;
      const found = differences(batch[n], host, outcome);
      if (found.length > 0) this.findings.push(describe(batch[n], host, found));
      else {
        this.instructions += guest.instructions - before;
        this.endings.set(host.vector, (this.endings.get(host.vector) ?? 0) + 1);
        agreed?.(batch[n], host);
      }
    }
    if (outcomes.length < batch.length) this.skip(`kills the runner (${this.host.ending})`);
    return outcomes.length + 1;
  }

  private skip(why: string): void {
    this.skipped.set(why, (this.skipped.get(why) ?? 0) + 1);
  }
}

const hex = (value: number): string => (value >>> 0).toString(16);

/** A finding, with all that it takes to look into it. */
export function describe(one: Case, host: Outcome, found: readonly string[]): string {
  const { address, code, registers, eflags, fpu } = one;
  const lines: string[] = [];
  for (let at = 0; at < code.length; ) {
    let from = at;
    const text = disassemble(() => code[from++] ?? 0, address + at, true);
    lines.push(`  ${hex(address + at)}: ${typeof text === 'string' ? text : text.text}`);
    at += typeof text === 'string' ? 1 : text.length;
  }
  const rest = found.length > MOST_TOLD ? [`and ${found.length - MOST_TOLD} more`] : [];
  return [
    [...found.slice(0, MOST_TOLD), ...rest].join(', '),
    `  eax ecx edx ebx esp ebp esi edi: ${registers.map(hex).join(' ')}, eflags ${hex(eflags)}, fpu ${fpu}`,
    `  host: vector ${host.vector}, error ${hex(host.error)}, eip ${hex(host.eip)}, cr2 ${hex(host.cr2)}`,
    `  code: ${Buffer.from(code).toString('hex')}`,
    ...lines,
  ].join('\n');
}
