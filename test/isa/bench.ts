import { DEFAULT_CONFIG, NO_PROFILE, type ResolvedProfile } from '../../recorder/machine/config.ts';
import { Cpu, type CpuOptions } from '../../recorder/machine/cpu/cpu.ts';
import { CpuState } from '../../recorder/machine/cpu/state.ts';
import type { InterruptController, IoBus } from '../../recorder/machine/device.ts';
import { EventLog } from '../../recorder/machine/events/event-log.ts';
import { bytesForRows } from '../../recorder/machine/events/row-buffers.ts';
import { allocateMemory, type MachineMemory, RAM } from '../../recorder/machine/layout.ts';
import { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import { HIDDEN_BYTES } from '../../recorder/machine/mmu/rom.ts';
import type { EventKind } from '../../schemas/events.ts';
import { type Row, SeenEvents } from '../unit/seen-events.ts';

/** Ports that remember what was written and answer with what a test puts there. */
export class Ports implements IoBus {
  deadlineMoved = false;
  readonly written: [port: number, size: number, value: number][] = [];
  readonly answers = new Map<number, number>();
  in(port: number, size: 1 | 2 | 4): number {
    return this.answers.get(port) ?? (size === 4 ? -1 : size === 2 ? 0xffff : 0xff);
  }
  out(port: number, size: 1 | 2 | 4, value: number): void {
    this.written.push([port, size, value]);
    if (port === STOP_PORT) this.deadlineMoved = true;
  }
}

/** A write to this port makes `run` return. */
export const STOP_PORT = 0xf4;

/** An interrupt controller with one request at a time. */
export class Requests implements InterruptController {
  vector = -1;
  irq = 0;
  injected = false;
  /** True if a request stays up after it was acknowledged. */
  sticky = false;
  get pending(): boolean {
    return this.vector >= 0;
  }
  acknowledge(): number {
    const { vector } = this;
    if (!this.sticky) this.vector = -1;
    return vector;
  }
}

export interface BenchOptions extends CpuOptions {
  readonly ramBytes?: number;
  /** Of a BIOS and option ROM; where they appear below 1 MB cannot be written until the test says so. None unless said. */
  readonly romBytes?: number;
  readonly record?: boolean;
  readonly profile?: ResolvedProfile;
}

/** Rows of events of a kind before all are flushed. */
const ROWS = 4096;

/** A CPU with its MMU and RAM, and nothing else. */
export class CpuBench {
  readonly mem: MachineMemory;
  readonly cpu: Cpu;
  readonly mmu: Mmu;
  readonly ports = new Ports();
  readonly requests = new Requests();
  readonly log: EventLog | null;
  private readonly seen = new SeenEvents();

  constructor({
    ramBytes = 4 << 20,
    romBytes = 0,
    record = false,
    profile = NO_PROFILE,
    eventRevision = DEFAULT_CONFIG.eventRevision,
    ...options
  }: BenchOptions = {}) {
    this.mem = allocateMemory(ramBytes, romBytes, record ? bytesForRows(ROWS) : 0);
    const config = {
      ...DEFAULT_CONFIG,
      ramBytes,
      cpuRevision: options.revision ?? DEFAULT_CONFIG.cpuRevision,
      eventRevision,
    };
    this.log = record ? new EventLog(this.mem, new CpuState(this.mem), this.seen, ROWS) : null;
    this.cpu = new Cpu(this.mem, this.ports, this.requests, this.log, { ...options, eventRevision });
    this.mmu = new Mmu(this.mem, config, profile, this.cpu, this.log);
    this.cpu.attachMmu(this.mmu);
    this.mmu.shadow?.attach(new Uint8Array(HIDDEN_BYTES));
  }

  /** The events of a kind since the last call. */
  events(kind: EventKind): Row[] {
    return this.seen.take(this.log, kind);
  }

  /** Physical memory as a bus master writes it: decoded code notices. */
  poke8(physical: number, value: number): void {
    this.mmu.physWrite8(physical, value);
  }
  poke32(physical: number, value: number): void {
    this.mmu.physWrite32(physical, value);
  }
  pokeBytes(physical: number, bytes: ArrayLike<number>): void {
    for (let n = 0; n < bytes.length; n++) this.mmu.physWrite8(physical + n, bytes[n]);
  }
  peek8(physical: number): number {
    return this.mem.u8[RAM + physical];
  }
  peek16(physical: number): number {
    return this.mem.view.getUint16(RAM + physical, true);
  }
  peek32(physical: number): number {
    return this.mem.view.getUint32(RAM + physical, true);
  }

  /** Executes `count` instructions, or fewer if something stops it. */
  step(count = 1): void {
    this.cpu.run(this.cpu.icount + count);
  }

  /** Everything a guest could see, for comparison: CPU_STATE and a fingerprint of RAM. */
  fingerprint(): string {
    const words: number[] = [];
    this.cpu.forEachStateWord((word) => words.push(word));
    let hash = 0;
    const { i32, ramBytes } = this.mem;
    for (let at = RAM >>> 2; at < (RAM + ramBytes) >>> 2; at++) hash = (Math.imul(hash, 31) + i32[at]) | 0;
    return `${words.join(' ')} ram ${hash}`;
  }
}
