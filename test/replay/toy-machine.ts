import type { BootImage, MachineBuilder } from '../../recorder/machine/build.ts';
import type { Device, DeviceHost, DeviceSet, IoBus } from '../../recorder/machine/device.ts';
import type { EventContext, EventLog } from '../../recorder/machine/events/event-log.ts';
import { CPU_STATE, DEVICE_STATE, type MachineMemory, RAM } from '../../recorder/machine/layout.ts';
import { Machine } from '../../recorder/machine/machine.ts';
import type { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import type { Input } from '../../recorder/machine/nondet.ts';
import type { MachineCpu } from '../../recorder/machine/parts.ts';
import { icount } from '../../schemas/units.ts';

/**
 * A machine for the tests of recording and replay: the real one, with a processor that executes nothing in particular but
 * depends on everything, so that any change of image, inputs or order shows. State lies where the real parts keep theirs.
 */

const IMAGE_BYTES = 0x10000;
/** Guest memory that the toy reads and writes. */
const MASK = IMAGE_BYTES - 1;

/** Words of CPU_STATE: icount is a double, then the accumulator. */
const ICOUNT = CPU_STATE >>> 3;
const ACC = (CPU_STATE >>> 2) + 2;

class ToyState implements EventContext {
  protected readonly mem: MachineMemory;
  readonly cpl = 0;
  readonly depth = 0;
  readonly frameId = 0;
  readonly esp = 0x8000;
  cr0 = 0;
  cr2 = 0;
  cr3 = 0;
  cr4 = 0;

  constructor(mem: MachineMemory) {
    this.mem = mem;
  }
  get icount(): number {
    return this.mem.f64[ICOUNT];
  }
  set icount(value: number) {
    this.mem.f64[ICOUNT] = value;
  }
  get eip(): number {
    return this.mem.i32[ACC] & 0xffff;
  }
}

class ToyCpu extends ToyState implements MachineCpu {
  readonly halted = false;
  readonly interruptsEnabled = true;
  shutdown: string | null = null;
  private readonly bus: ToyBus;
  private readonly log: EventLog | null;
  private mmu: Mmu | undefined;

  constructor(mem: MachineMemory, bus: ToyBus, log: EventLog | null) {
    super(mem);
    this.bus = bus;
    this.log = log;
  }
  attachMmu(mmu: Mmu): void {
    this.mmu = mmu;
  }
  run(until: number): void {
    while (this.icount < until && this.bus.exitCode < 0) this.step();
  }
  private step(): void {
    const { mem, log } = this;
    const read = mem.i32[(RAM + (mem.i32[ACC] & MASK)) >>> 2];
    const acc = (Math.imul(mem.i32[ACC] ^ read, 0x9e3779b1) + 0x7f4a7c15) | 0;
    mem.i32[ACC] = (acc << 13) | (acc >>> 19);
    if ((acc & 0xf) === 0) {
      const at = (acc >>> 8) & MASK & ~3;
      const { detail, storesFrom } = this.bus.host.config;
      if (detail === 'stores' && this.icount >= storesFrom)
        log?.store(at, at, 4, mem.i32[(RAM + at) >>> 2], acc);
      this.mmu?.physWrite32(at, acc);
    }
    if ((acc & 0x3f0) === 0x10) {
      log?.pagingWrite(acc, acc >>> 3, 0x1000, acc & 1023, acc >>> 12, 2, read, acc, acc & 3, 0);
    }
    if ((acc & 0xff0) === 0x20) log?.add('console', 0, acc & 0x7f);
    if ((acc & 0xfff0) === 0x30)
      mem.i32[ACC] ^= this.bus.host.nondet.draw('disk_latency', icount(this.icount), 10, 4e9);
    if (this.icount === this.bus.exitAt) this.bus.exitCode = 42;
    this.icount++;
  }
  forEachStateWord(word: (value: number) => void): void {
    for (let i = 0; i < 4; i++) word(this.mem.i32[(CPU_STATE >>> 2) + i]);
  }
  poke(): void {}
  reload(): void {}
  enterProtected(): void {}
  reset(): void {}
  dropFetchLatch(): void {}
  codeWritten(): void {}
  fault(): never {
    throw new Error('the toy never faults');
  }
}

class ToyBus implements IoBus {
  deadlineMoved = false;
  exitCode = -1;
  /** icount at which the guest asks to exit. */
  exitAt = Number.POSITIVE_INFINITY;
  readonly host: DeviceHost;
  constructor(host: DeviceHost) {
    this.host = host;
  }
  in(): number {
    return -1;
  }
  out(): void {}
}

/** Raises an interrupt every 1009 instructions, and remembers what it was told. */
class ToyTimer implements Device {
  readonly name = 'timer';
  readonly state = { offset: DEVICE_STATE, bytes: 16 };
  private readonly host: DeviceHost;
  constructor(host: DeviceHost) {
    this.host = host;
    host.mem.f64[DEVICE_STATE >>> 3] = 1009;
    host.mem.i32[(DEVICE_STATE >>> 2) + 2] = host.nondet.draw('rtc_start', icount(0), 0, 2 ** 31);
  }
  nextDeadline(): number {
    return this.host.mem.f64[DEVICE_STATE >>> 3];
  }
  onDeadline(now: number): void {
    this.host.mem.f64[DEVICE_STATE >>> 3] = now + 1009;
    this.host.log?.add('interrupts', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
  told({ value }: Input): void {
    this.host.mem.i32[(DEVICE_STATE >>> 2) + 3] += value;
    this.host.mem.i32[ACC] ^= value;
  }
}

/** A builder whose guests exit at `exitAt`. */
export function toyBuilder(exitAt = Number.POSITIVE_INFINITY): MachineBuilder {
  return (options, boot) => {
    const machine = new Machine(options, {
      createState: (mem) => new ToyState(mem),
      createCpu: (mem, bus, _pic, log) => new ToyCpu(mem, bus as ToyBus, log),
      createDevices: (host): DeviceSet => {
        const bus = new ToyBus(host);
        bus.exitAt = exitAt;
        const timer = new ToyTimer(host);
        const sector = new Uint8Array(512);
        host.disk?.read(0, sector);
        return {
          bus,
          pic: { pending: false, acknowledge: () => 0, irq: 0, injected: false },
          devices: [timer],
          acceptInput: (input) => timer.told(input),
          resetRequested: false,
          resetDone: () => {},
          media: [],
          get exitCode() {
            return bus.exitCode;
          },
          diskHash: () => (host.disk ? { low: sector[0], high: host.disk.sectors } : null),
          saveDisk: () => new Map(),
          restoreDisk: () => {},
        };
      },
    });
    machine.mem.u8.set(boot.image.subarray(0, IMAGE_BYTES), RAM);
    return machine;
  };
}

export const toyBoot = (seed: number): BootImage => ({
  kind: 'multiboot',
  name: 'toy',
  image: Uint8Array.from({ length: 4096 }, (_, i) => (Math.imul(i + seed, 0x85ebca6b) >>> 13) & 0xff),
  commandLine: 'toy',
  modules: [],
});
