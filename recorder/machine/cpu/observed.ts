import { IF_CAUSE, PORT_OP } from '../../../schemas/events.ts';
import type { IoBus } from '../device.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Core } from './core.ts';
import type { Instruction } from './decode/decoder.ts';
import { IF } from './flags.ts';
import type { Handler } from './instructions/handler.ts';
import { SYSTEM_FLAGS } from './state.ts';

/** Records changes of EFLAGS.IF and port I/O, on request. */

type Cause = (typeof IF_CAUSE)[number];

/** Instructions that may change IF (SDM volume 2): all are executed by handlers. */
const CAUSE_OF: Readonly<Record<string, Cause>> = {
  ...{ cli: 'cli', sti: 'sti', popf: 'popf', iret: 'iret', sysenter: 'sysenter' },
  ...{ int: 'delivery', int3: 'delivery', into: 'delivery', int1: 'delivery' },
  // By a task gate, or to a TSS.
  ...{ callf: 'task', jmpf: 'task' },
};

/** Checks IF after instructions and deliveries that may have changed it. */
export class InterruptFlagWatch {
  private readonly core: Core;
  private readonly log: EventLog;
  private last = 0;

  constructor(core: Core, log: EventLog) {
    this.core = core;
    this.log = log;
    this.reset();
  }

  /** Resets the reference value of IF to the current one. */
  reset(): void {
    this.last = this.core.i32[SYSTEM_FLAGS] & IF;
  }

  /** A handler that checks IF after the instruction. */
  around(insn: Instruction | null, handler: Handler): Handler {
    const cause = insn && CAUSE_OF[insn.mnemonic];
    if (!cause) return handler;
    return (core, executed) => {
      handler(core, executed);
      this.look(cause);
    };
  }

  look(cause: Cause): void {
    const now = this.core.i32[SYSTEM_FLAGS] & IF;
    if (now === this.last) return;
    this.last = now;
    this.log.add('if_changes', now === 0 ? 0 : 1, IF_CAUSE.indexOf(cause));
  }
}

const IN = PORT_OP.indexOf('in');
const OUT = PORT_OP.indexOf('out');
const low = (size: number, value: number): number =>
  size === 4 ? value : value & (size === 2 ? 0xffff : 0xff);

/** A bus that records accesses. */
export class RecordedBus implements IoBus {
  readonly bus: IoBus;
  private readonly log: EventLog;

  constructor(bus: IoBus, log: EventLog) {
    this.bus = bus;
    this.log = log;
  }

  in(port: number, size: 1 | 2 | 4): number {
    const value = this.bus.in(port, size);
    this.log.add('port_io', IN, port, size, low(size, value));
    return value;
  }

  out(port: number, size: 1 | 2 | 4, value: number): void {
    this.log.add('port_io', OUT, port, size, low(size, value));
    this.bus.out(port, size, value);
  }

  get deadlineMoved(): boolean {
    return this.bus.deadlineMoved;
  }
  set deadlineMoved(moved: boolean) {
    this.bus.deadlineMoved = moved;
  }
}
