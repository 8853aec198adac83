import { disassemble } from '../../recorder/machine/cpu/decode/disassembler.ts';
import type { Debuggee, StopReport } from '../debug/debuggee.ts';
import type { GuestCode } from '../debug/guest-code.ts';
import { cpuOf } from '../debug/register.ts';
import { unwind } from '../debug/unwind.ts';
import { ESP, RETURN } from '../dwarf/call-frames.ts';
import type { StopConditions } from '../timeline/timeline.ts';

/** Steps by line, instruction or function, forward and backward. */

/** A source line may take long (REP, loops); after this many steps the debugger reports its position. */
const MAX_STEPS = 100_000;

export type Granularity = 'line' | 'instruction';

/** Steps forward and backward over lines or instructions. Breakpoints on the way end a step. */
export class Stepper {
  private readonly debuggee: Debuggee;
  private readonly code: GuestCode;
  private readonly conditions: () => StopConditions;
  private readonly interrupted: () => boolean;

  constructor(
    debuggee: Debuggee,
    code: GuestCode,
    conditions: () => StopConditions,
    interrupted: () => boolean,
  ) {
    this.debuggee = debuggee;
    this.code = code;
    this.conditions = conditions;
    this.interrupted = interrupted;
  }

  /** Steps to the next line or instruction, into calls and into the handler of an interrupt. */
  into(granularity: Granularity): Promise<StopReport> {
    return this.line(granularity, () => this.debuggee.stepForward());
  }

  /** Steps over calls, and over an interrupt with its handler. */
  over(granularity: Granularity): Promise<StopReport> {
    return this.line(granularity, () => this.overInstruction());
  }

  /** Runs to the return address of the current function. */
  async out(): Promise<StopReport> {
    const [, caller] = unwind(this.debuggee, this.code);
    if (!caller) return this.debuggee.stepForward();
    const { registers } = caller;
    return await this.runTo(registers[RETURN] ?? 0, registers[ESP] ?? 0);
  }

  /** Steps back to the previous line or instruction, over calls. */
  back(granularity: Granularity): Promise<StopReport> {
    return this.line(granularity, () => this.backInstruction());
  }

  /** Repeats a step until the line changes. */
  private async line(granularity: Granularity, step: () => Promise<StopReport>): Promise<StopReport> {
    const from = this.where();
    let report = await step();
    if (granularity === 'instruction' || from === undefined) return report;
    for (let n = 1; n < MAX_STEPS && report.kind === 'step' && !this.interrupted(); n++) {
      const now = this.where();
      if (now !== undefined && now !== from) break;
      report = await step();
    }
    return report;
  }

  private get eip(): number {
    return this.debuggee.machine.cpu.eip >>> 0;
  }

  private get esp(): number {
    return cpuOf(this.debuggee.machine).register(4) >>> 0;
  }

  private where(): string | undefined {
    const { path, line } = this.code.place(this.eip);
    return line === undefined ? undefined : `${path}:${line}`;
  }

  /** Mnemonic and length of the next instruction. */
  private instruction(): { readonly name: string; readonly length: number } {
    const bytes = this.debuggee.readMemory('linear', this.eip, 15);
    let at = 0;
    const shown = disassemble(() => bytes[at++] ?? 0, this.eip, true);
    return typeof shown === 'string'
      ? { name: '', length: 1 }
      : { name: shown.text.split(' ')[0], length: shown.length };
  }

  private async overInstruction(): Promise<StopReport> {
    const { eip, esp } = this;
    const { name, length } = this.instruction();
    const isCall = /^l?call|^int/.test(name);
    const report = await this.debuggee.stepForward();
    if (report.kind !== 'step') return report;
    // An interrupt came instead; its handler returns to this position.
    if (this.debuggee.position.deliveries > 0) return await this.runTo(eip, esp);
    if (isCall && this.eip !== eip + length) return await this.runTo(eip + length, esp);
    return report;
  }

  /** Runs until execution comes to `address` with the stack no deeper than `esp`. */
  private async runTo(address: number, esp: number): Promise<StopReport> {
    const { watches, breakpoints } = this.conditions();
    const own = new Set(breakpoints);
    const all = { watches, breakpoints: [...own, address] };
    for (;;) {
      const report = await this.debuggee.continueForward(all, this.interrupted);
      if (report.kind !== 'hit' || this.eip !== address) return report;
      if (this.esp >= esp) return { kind: 'step' };
      if (own.has(address)) return report;
    }
  }

  private async backInstruction(): Promise<StopReport> {
    const report = await this.debuggee.stepBack();
    if (report.kind !== 'step' || !/^ret/.test(this.instruction().name)) return report;
    // Back over a return: go on to the entry of the function, which has the same return address on the stack, and to the call.
    const start = this.code.functionStart(this.eip);
    if (start === undefined) return report;
    const { esp } = this;
    const { watches, breakpoints } = this.conditions();
    const own = new Set(breakpoints);
    for (;;) {
      const arrival = await this.debuggee.continueBack(
        { watches, breakpoints: [...own, start] },
        this.interrupted,
      );
      if (arrival.kind !== 'hit' || this.eip !== start) return arrival;
      if (this.esp === esp) return await this.debuggee.stepBack();
      if (own.has(start)) return arrival;
    }
  }
}
