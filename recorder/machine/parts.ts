import type { TraceFacts } from '../../schemas/trace/facts.ts';
import type { Icount } from '../../schemas/units.ts';
import type { ProtectedEntry } from './boot/placement.ts';
import type { MachineConfig, ResolvedProfile } from './config.ts';
import type {
  ConsoleListener,
  CoprocessorLines,
  DeviceHost,
  DeviceSet,
  DiskImage,
  Drive,
  Firmware,
  InterruptController,
  IoBus,
} from './device.ts';
import type { EventContext, EventLog, EventSink } from './events/event-log.ts';
import type { ProbedMachine, Probes } from './events/probes.ts';
import type { MachineMemory } from './layout.ts';
import type { CpuView } from './mmu/cpu-view.ts';
import type { Mmu } from './mmu/mmu.ts';
import type { Nondet } from './nondet.ts';
import type { Stops } from './state/stops.ts';

/** Interfaces between the machine and its parts, so that tests can substitute them. */

/** The members of the CPU that the machine needs. */
export interface MachineCpu extends CpuView {
  /** Settable: time passes while halted. */
  icount: Icount;
  readonly halted: boolean;
  /** EFLAGS.IF. */
  readonly interruptsEnabled: boolean;
  /** The reason that the processor shut down (80386 Programmer's Reference, 9.8.9: a fault in a double fault); null while it runs. */
  readonly shutdown: string | null;
  attachMmu(mmu: Mmu): void;
  /** The state after RESET; icount continues. */
  reset(): void;
  /** The state in which a 32-bit boot protocol starts a kernel. */
  enterProtected(entry: ProtectedEntry): void;
  /**
   * Executes until icount is exactly `until`, or until halted, shut down, or `bus.deadlineMoved`; with `single` not beyond
   * the delivery of one interrupt or exception.
   */
  run(until: Icount, single?: boolean): void;
  /** Deliveries of interrupts and exceptions at this icount, since the machine came to it. Derived: not in a snapshot. */
  readonly deliveries?: number;
  /** Sets the stops of a debugger. */
  watchFor?(stops: Stops | null): void;
  /** Sets the active probes and returns their view of the CPU; absent in a CPU without probes. Must not be called within `run`. */
  readonly probed?: ProbedMachine;
  probe?(probes: readonly Probes[]): void;
  /** Turns recording of IF changes and port I/O on or off. Must not be called within `run`. */
  observe?(wanted: { readonly interruptFlag: boolean; readonly ports: boolean }): void;
  /** Changes a register from outside, between two instructions; its number is the index in POKE_REGISTERS. */
  poke(register: number, value: number): void;
  /** Rebuilds derived state (decoded blocks) after a restore that changed the contents of `frames`. */
  reload(frames: Uint32Array): void;
  /** The architectural state for the hash, independent of the division into blocks and of deferred flags. */
  forEachStateWord(word: (value: number) => void): void;
}

/** Factories of a machine's parts; tests substitute their own. */
export interface MachineParts {
  /** A view of CPU_STATE, which the event log needs before there is a CPU. */
  createState(mem: MachineMemory): EventContext;
  createCpu(
    mem: MachineMemory,
    bus: IoBus,
    pic: InterruptController,
    log: EventLog | null,
    config: MachineConfig,
    lines: CoprocessorLines | undefined,
  ): MachineCpu;
  createDevices(host: DeviceHost): DeviceSet;
}

export interface MachineOptions {
  readonly config: MachineConfig;
  readonly profile: ResolvedProfile;
  readonly nondet: Nondet;
  /** The receiver of events; null records nothing. */
  readonly sink: EventSink | null;
  /** Facts to record in addition. */
  readonly facts?: readonly TraceFacts[] | undefined;
  /** The first hard disk: master of the first ATA channel. */
  readonly disk: DiskImage | null;
  readonly onConsole?: ConsoleListener;
  /** All other drives. */
  readonly drives?: readonly Drive[];
  /** Absent in a machine started by a boot protocol. */
  readonly firmware?: Firmware | undefined;
}

export type StopReason =
  /** icount reached the given limit, or a debugger's stop was hit (`Stops.hit`). */
  | { readonly kind: 'limit' }
  /** The guest asked to stop. */
  | { readonly kind: 'exit'; readonly code: number }
  /** The processor shut down (triple fault). */
  | { readonly kind: 'shutdown'; readonly message: string }
  /** Halted forever: interrupts are disabled, or nothing can raise one. */
  | { readonly kind: 'stuck' }
  /** The guest reset a machine without a BIOS to restart from. */
  | { readonly kind: 'reset' };
