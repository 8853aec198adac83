import { INTERRUPT_OP, INTERRUPT_SOURCE, type OwnRow, SYSTEM_CALL_OP } from '../../../schemas/events.ts';
import type { MachineMemory } from '../layout.ts';
import type { EventLog } from './event-log.ts';
import { loadWord, type ProbedMachine } from './probes.ts';

/** Records system calls, on request: software interrupts, SYSENTER and call gates from CPL 3, and the returns to it. */

const DELIVER = INTERRUPT_OP.indexOf('deliver');
const IRET = INTERRUPT_OP.indexOf('iret');
const BY_INT = INTERRUPT_SOURCE.indexOf('int');
const BY_SYSENTER = INTERRUPT_SOURCE.indexOf('sysenter');
const ENTER = SYSTEM_CALL_OP.indexOf('enter');
const LEAVE = SYSTEM_CALL_OP.indexOf('leave');
const GATE = SYSTEM_CALL_OP.indexOf('gate');
const RETURN = SYSTEM_CALL_OP.indexOf('return');
/** ESP in what a delivery from an outer level pushes: EIP, CS, EFLAGS, ESP, SS (80386 Programmer's Reference, 9.6.1). */
const PUSHED_ESP = 12;

export class SystemCalls {
  private readonly mem: MachineMemory;
  private readonly machine: ProbedMachine;
  private readonly log: EventLog;

  constructor(mem: MachineMemory, machine: ProbedMachine, log: EventLog) {
    this.mem = mem;
    this.machine = machine;
    this.log = log;
  }

  /** Records them from here on, or no longer. */
  record(wanted: boolean): void {
    const { log } = this;
    log.onInterrupt = wanted ? (row) => this.interrupt(row) : null;
    log.onCallGate = wanted ? (selector, userEsp) => this.add(GATE, 0, selector, userEsp) : null;
    log.onPlainReturn = wanted ? () => this.add(RETURN, 0, 0, 0) : null;
  }

  /** A row of `interrupts` has been made. */
  private interrupt({ op, source, id, vector, interrupted_cpl: cpl, esp }: OwnRow<'interrupts'>): void {
    if (cpl !== 3 || (source !== BY_INT && source !== BY_SYSENTER)) return;
    if (op === DELIVER)
      this.add(ENTER, id, vector, source === BY_INT ? this.word(this.stackBase + esp + PUSHED_ESP) : 0);
    else if (op === IRET) this.add(LEAVE, id, vector, 0);
  }

  private add(op: number, id: number, gate: number, userEsp: number): void {
    const { machine, log } = this;
    const [eax, ebx, ecx, edx] = [
      machine.register('eax'),
      machine.register('ebx'),
      machine.register('ecx'),
      machine.register('edx'),
    ];
    const [esi, edi, ebp] = [machine.register('esi'), machine.register('edi'), machine.register('ebp')];
    const [a, b, c, d] = [0, 4, 8, 12].map((at) => (userEsp === 0 ? 0 : this.word(userEsp + at)));
    const { eflags } = machine;
    log.add('system_calls', op, id, gate, eax, ebx, ecx, edx, esi, edi, ebp, userEsp, a, b, c, d, eflags);
  }

  private get stackBase(): number {
    return this.machine.stackBase;
  }

  private word(linear: number): number {
    return loadWord(this.machine, this.mem, linear) ?? 0;
  }
}
