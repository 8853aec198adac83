import {
  DEFAULT_CONFIG,
  type MachineConfig,
  NO_PROFILE,
  type ResolvedProfile,
} from '../../recorder/machine/config.ts';
import { CR0_PG } from '../../recorder/machine/control-registers.ts';
import { EventLog } from '../../recorder/machine/events/event-log.ts';
import { bytesForRows } from '../../recorder/machine/events/row-buffers.ts';
import { allocateMemory, FAST_PATH, type MachineMemory, RAM } from '../../recorder/machine/layout.ts';
import type { CpuView } from '../../recorder/machine/mmu/cpu-view.ts';
import { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import type { EventKind } from '../../schemas/events.ts';
import { type Row, SeenEvents } from './seen-events.ts';

export type { Row } from './seen-events.ts';

/** Thrown by the fake CPU for a fault. It is no Error: a stack takes longer than the access, and mmu-rights.test.ts makes a million. */
export class FaultSeen {
  readonly message: string;
  readonly vector: number;
  readonly code: number;
  constructor(vector: number, code: number) {
    this.message = `fault ${vector} code ${code}`;
    this.vector = vector;
    this.code = code;
  }
}

/** Stands in for the CPU: fields instead of CPU_STATE, and notes of what the MMU told it. */
export class FakeCpu implements CpuView {
  icount = 0;
  eip = 0x1000;
  cpl = 0;
  depth = 0;
  frameId = 0;
  esp = 0x8000;
  cr0 = 1;
  cr2 = 0;
  cr3 = 0;
  cr4 = 0;
  latchDrops = 0;
  readonly codeWrites: number[][] = [];
  fault(vector: number, code: number): never {
    throw new FaultSeen(vector, code);
  }
  dropFetchLatch(): void {
    this.latchDrops++;
  }
  codeWritten(frame: number, offset: number, size: number): void {
    this.codeWrites.push([frame, offset, size]);
  }
}

export interface Options {
  readonly config?: Partial<MachineConfig>;
  readonly profile?: ResolvedProfile;
  readonly record?: boolean;
}

/** Rows of events of a kind before all are flushed. */
const ROWS = 256;

/** An MMU over 4 MB of RAM, with accessors as the CPU would use it: fast path first. */
export class MmuBench {
  readonly mem: MachineMemory;
  readonly cpu = new FakeCpu();
  readonly mmu: Mmu;
  readonly log: EventLog | null;
  private readonly seen = new SeenEvents();
  /** Accesses that FAST_PATH let through. */
  fast = 0;

  constructor({ config = {}, profile = NO_PROFILE, record = true }: Options = {}) {
    const whole = { ...DEFAULT_CONFIG, ramBytes: 4 << 20, ...config };
    this.mem = allocateMemory(whole.ramBytes, 0, record ? bytesForRows(ROWS) : 0);
    this.log = record ? new EventLog(this.mem, this.cpu, this.seen, ROWS) : null;
    this.mmu = new Mmu(this.mem, whole, profile, this.cpu, this.log);
  }

  /** The events of a kind since the last call. */
  events(kind: EventKind): Row[] {
    return this.seen.take(this.log, kind);
  }

  forget(): void {
    this.seen.forget(this.log);
  }

  /** Physical memory behind the MMU's back: only for setting up. */
  poke(physical: number, value: number): void {
    this.mem.view.setInt32(RAM + physical, value, true);
  }
  peek(physical: number): number {
    return this.mem.view.getUint32(RAM + physical, true);
  }

  pagingOn(directory: number, cr0 = 1, cr4 = 0): void {
    if (cr4) this.mmu.setCr4(cr4);
    this.mmu.setCr3(directory);
    this.mmu.setCr0(cr0 | CR0_PG);
  }

  private slot(linear: number): number {
    return this.mem.u32[(FAST_PATH >>> 2) + (linear >>> 12)];
  }

  read(linear: number, size: 1 | 2 | 4 = 4, cpl = 0): number {
    const slot = this.slot(linear);
    const offset = linear & 0xfff;
    if (slot & (cpl === 3 ? 4 : 1) && offset + size <= 4096) {
      this.fast++;
      const at = (slot & ~0xfff) + offset;
      const { view } = this.mem;
      return size === 4
        ? view.getUint32(at, true)
        : size === 2
          ? view.getUint16(at, true)
          : view.getUint8(at);
    }
    return this.mmu.readSlow(linear, size, cpl) >>> 0;
  }

  write(linear: number, value: number, size: 1 | 2 | 4 = 4, cpl = 0): void {
    const slot = this.slot(linear);
    const offset = linear & 0xfff;
    if (slot & (cpl === 3 ? 8 : 2) && offset + size <= 4096) {
      this.fast++;
      const at = (slot & ~0xfff) + offset;
      const { view } = this.mem;
      if (size === 4) view.setUint32(at, value, true);
      else if (size === 2) view.setUint16(at, value, true);
      else view.setUint8(at, value);
      return;
    }
    this.mmu.writeSlow(linear, size, value, cpl);
  }

  /** The code of the page fault that `action` makes; -1 for none. */
  faultOf(action: () => void): number {
    try {
      action();
      return -1;
    } catch (error) {
      if (error instanceof FaultSeen && error.vector === 14) return error.code;
      throw error;
    }
  }
}
