import { MAX_PROBE_VALUES } from '../../../schemas/events.ts';
import {
  compileExpression,
  type ExpressionContext,
  type LoadBytes,
  type ProbeRegister,
  parseExpression,
} from '../../../schemas/probe-expression.ts';
import type { TraceFacts } from '../../../schemas/trace/facts.ts';
import type { Frame, Icount, Linear, Physical } from '../../../schemas/units.ts';
import { type MachineMemory, RAM } from '../layout.ts';
import type { EventLog } from './event-log.ts';
import { OpenCalls } from './open-calls.ts';

/** Records values when execution reaches a probe, and the returns of probed functions. */

/** Read-only access to the machine for probes. */
export interface ProbedMachine {
  readonly icount: Icount;
  readonly deliveries: number;
  register(name: ProbeRegister): number;
  /** Added to EIP and ESP for linear addresses. */
  readonly codeBase: Linear;
  readonly stackBase: Linear;
  /** Linear address of the task state segment. */
  readonly taskState: Linear;
  /** -1 where nothing is mapped. */
  translateForDebug(linear: Linear): Physical;
  readonly eflags: number;
  /** Default operand size of the code segment. */
  readonly codeBits: 16 | 32;
  /** True if an interrupt will be delivered before the next instruction. */
  readonly takesInterrupt: boolean;
}

/** The bytes at a linear address, zero-extended; undefined where no memory is mapped. */
export function loadWord(
  machine: Pick<ProbedMachine, 'translateForDebug'>,
  mem: MachineMemory,
  linear: number,
  bytes: LoadBytes = 4,
): number | undefined {
  let value = 0;
  for (let n = bytes - 1; n >= 0; n--) {
    const at = machine.translateForDebug((linear + n) | 0);
    if (at < 0 || at >= mem.ramBytes) return undefined;
    value = value * 256 + mem.u8[RAM + at];
  }
  return value;
}

type Value = (context: ExpressionContext) => number | undefined;

interface Probe {
  readonly number: number;
  readonly address: Linear;
  readonly isFunction: boolean;
  readonly texts: readonly string[];
  values: readonly Value[] | undefined;
  /** Hits so far. */
  hits: number;
}

const PAGE = 4096;
/** A stack is smaller than that. */
const MAX_STACK = 1 << 16;
/** ESP0 in a 32-bit TSS (80386 Programmer's Reference, 7.1). */
const TSS_ESP0 = 4;
/** Maximum return addresses watched. */
const MAX_RETURNS = 1 << 20;

const endOfPage = (linear: Linear): Linear => ((linear | (PAGE - 1)) + 1) >>> 0;

/**
 * The probes of one request. They are called before each instruction on pages with a probe or the return address of a probed call
 * (CodePoints).
 */
export class Probes implements ExpressionContext {
  /** icount from which they are active. */
  readonly from: Icount;
  /** The name of its part of a snapshot. */
  readonly area: string;
  /** Called when a linear page gets another return address. */
  onReturn: (page: number) => void = () => {};
  private readonly mem: MachineMemory;
  private readonly machine: ProbedMachine;
  private readonly log: EventLog;
  private readonly all: readonly Probe[];
  private readonly byAddress = new Map<Linear, Probe[]>();
  private readonly pages = new Set<number>();
  private readonly returns = new Set<Linear>();
  private readonly calls = new OpenCalls();
  /** The last hit, because code may be looked up more than once before it executes. */
  private lastIcount = -1;
  private lastDeliveries = -1;
  private lastLinear = -1;

  /** The probes of `facts`, numbered after `before` others. */
  private constructor(
    { from, probes }: TraceFacts,
    before: number,
    mem: MachineMemory,
    machine: ProbedMachine,
    log: EventLog,
  ) {
    this.from = from;
    this.area = `probes ${before}`;
    this.mem = mem;
    this.machine = machine;
    this.log = log;
    this.all = probes.map(({ address, isFunction, values }, n) => ({
      number: before + n + 1,
      address,
      isFunction,
      texts: values.map(({ expression }) => expression.raw),
      values: undefined,
      hits: 0,
    }));
    for (const probe of this.all) {
      const here = this.byAddress.get(probe.address) ?? [];
      here.push(probe);
      this.byAddress.set(probe.address, here);
      this.pages.add(probe.address >>> 12);
    }
  }

  /** The probes of each request. */
  static all(
    facts: readonly TraceFacts[],
    mem: MachineMemory,
    machine: ProbedMachine,
    log: EventLog,
  ): Probes[] {
    let before = 0;
    return facts.flatMap((one) => {
      if (one.probes.length === 0) return [];
      const probes = new Probes(one, before, mem, machine, log);
      before += one.probes.length;
      return [probes];
    });
  }

  breaksIn(page: number): boolean {
    return this.pages.has(page);
  }

  isBreakpoint(linear: Linear): boolean {
    return this.byAddress.has(linear >>> 0) || this.returns.has(linear >>> 0);
  }

  /** The instruction at `linear` is about to be executed. Never stops it. */
  executes(linear: Linear): false {
    const at = linear >>> 0;
    if (!this.isBreakpoint(at)) return false;
    const { icount, deliveries } = this.machine;
    if (icount === this.lastIcount && deliveries === this.lastDeliveries && at === this.lastLinear)
      return false;
    this.lastIcount = icount;
    this.lastDeliveries = deliveries;
    this.lastLinear = at;
    if (this.returns.has(at)) this.returned(at);
    for (const probe of this.byAddress.get(at) ?? []) this.hit(probe);
    return false;
  }

  // --- ExpressionContext -------------------------------------------------------------------------------------------------

  register(name: ProbeRegister): number {
    return this.machine.register(name) >>> 0;
  }

  load(address: number, bytes: LoadBytes): number | undefined {
    return loadWord(this.machine, this.mem, address, bytes);
  }

  // --- Hits ----------------------------------------------------------------------------------------------------------------

  private hit(probe: Probe): void {
    probe.values ??= probe.texts.map((text) => compileExpression(parseExpression(text)));
    const found = probe.values.map((value) => value(this));
    let known = 0;
    for (const [n, value] of found.entries()) if (value !== undefined) known |= 1 << n;
    const esp = this.register('esp');
    const slot = (this.machine.stackBase + esp) >>> 0;
    const stack = this.stackEnd(slot);
    const physical = this.machine.translateForDebug(slot | 0);
    const nesting = this.nesting(slot, physical, stack);
    const caller = probe.isFunction ? (this.load(slot, 4) ?? 0) : 0;
    const id = ++probe.hits;
    const [a, b, c, d, e, f, g, h] = Array.from({ length: MAX_PROBE_VALUES }, (_, n) => found[n] ?? 0);
    this.log.add(
      'call_entries',
      probe.number,
      id,
      esp,
      caller,
      stack,
      nesting,
      known,
      a,
      b,
      c,
      d,
      e,
      f,
      g,
      h,
    );
    if (!probe.isFunction || physical < 0) return;
    const returnTo = (this.machine.codeBase + caller) >>> 0;
    this.await(returnTo);
    this.calls.add({ probe: probe.number - this.all[0].number, id, returnTo, slot: physical, nesting });
  }

  private await(address: Linear): void {
    if (this.returns.has(address) || this.returns.size >= MAX_RETURNS) return;
    this.returns.add(address);
    this.pages.add(address >>> 12);
    this.onReturn(address >>> 12);
  }

  private returned(address: Linear): void {
    const esp = this.register('esp');
    const slot = (this.machine.stackBase + esp) >>> 0;
    const over = this.calls.returned(address, slot, (linear) => this.machine.translateForDebug(linear));
    for (const { probe, id, nesting } of over) {
      const [eax, edx] = [this.register('eax'), this.register('edx')];
      const { number, address: callee } = this.all[probe];
      this.log.add('call_returns', number, id, callee, esp, nesting, eax, edx);
    }
  }

  /** Linear address at which the stack of `slot` ends. */
  private stackEnd(slot: Linear): Linear {
    const esp0 = this.load((this.machine.taskState + TSS_ESP0) >>> 0, 4) ?? 0;
    if (esp0 > slot && esp0 - slot <= MAX_STACK) return esp0;
    return endOfPage(slot);
  }

  private nesting(slot: Linear, physical: Physical, stack: Linear): number {
    if (physical < 0) return 0;
    let count = this.calls.above(physical);
    for (let page = endOfPage(slot); page < stack; page += PAGE) {
      const frame: Frame = this.machine.translateForDebug(page | 0) >> 12;
      if (frame >= 0) count += this.calls.on(frame);
    }
    return count;
  }

  // --- State ---------------------------------------------------------------------------------------------------------------

  /** Saves the hits of each probe and the open calls, which determine later records and are therefore part of a snapshot. */
  save(): Int32Array {
    return Int32Array.from([...this.all.map(({ hits }) => hits), ...this.calls.save()]);
  }

  restore(words: Int32Array): void {
    const unsigned = new Uint32Array(words.buffer, words.byteOffset, words.length);
    for (const [n, probe] of this.all.entries()) probe.hits = unsigned[n] ?? 0;
    this.calls.restore(unsigned.subarray(this.all.length));
    this.returns.clear();
    for (const address of this.calls.returnAddresses()) this.await(address);
    this.lastIcount = -1;
  }
}
