import { GENERAL_REGISTERS } from '../../../schemas/registers.ts';
import type { MachineMemory } from '../layout.ts';
import type { EventLog } from './event-log.ts';
import { loadWord, type ProbedMachine } from './probes.ts';

/** Records each instruction with the registers before it, on request. */

export class Instructions {
  private readonly mem: MachineMemory;
  private readonly machine: ProbedMachine;
  private readonly log: EventLog;

  constructor(mem: MachineMemory, machine: ProbedMachine, log: EventLog) {
    this.mem = mem;
    this.machine = machine;
    this.log = log;
  }

  /** Called before the processor executes the instruction at EIP, unless it takes an interrupt first. */
  before(): void {
    const { machine, log } = this;
    if (machine.takesInterrupt) return;
    const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = GENERAL_REGISTERS.map((name) => machine.register(name));
    const at = machine.codeBase + machine.register('eip');
    const [a, b, c, d] = [0, 4, 8, 12].map((n) => this.code(at + n));
    const { eflags, codeBits } = machine;
    log.add('instructions', eax, ecx, edx, ebx, esp, ebp, esi, edi, eflags, codeBits, a, b, c, d);
  }

  /** Four bytes of code, as far as they are mapped. */
  private code(linear: number): number {
    let value = 0;
    for (let n = 3; n >= 0; n--)
      value = (value << 8) | (loadWord(this.machine, this.mem, linear + n, 1) ?? 0);
    return value >>> 0;
  }
}
