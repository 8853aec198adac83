import type { Icount } from '../../schemas/units.ts';
import type { DeviceSet } from './device.ts';
import { EventLog } from './event-log.ts';
import { allocateMemory, type MachineMemory, RAM } from './layout.ts';
import { type LinuxOptions, loadLinux } from './linux-boot.ts';
import { MachineError } from './machine-error.ts';
import { Mmu } from './mmu/mmu.ts';
import { loadMultiboot, type MultibootOptions } from './multiboot.ts';
import type { Nondet } from './nondet.ts';
import type { MachineCpu, MachineOptions, MachineParts, StopReason } from './parts.ts';
import { areaOf, memoryAreas, restoreArea, type Snapshot, saveArea } from './snapshot.ts';
import { STANDARD_PARTS } from './standard-parts.ts';
import { type Hash64, hashBytes, RamHash, WordHasher } from './state-hash.ts';

/** One rung of the state-hash ladder: each part apart, so that a divergence names the part it began in. */
export interface LadderHashes {
  readonly cpu: Hash64;
  readonly tlb: Hash64;
  readonly ram: Hash64;
  /** What the guest wrote to the disk; null without a disk. */
  readonly disk: Hash64 | null;
  readonly devices: Readonly<Record<string, Hash64>>;
}

/** A whole i386 machine: the parts put together, and time driven through them. */
export class Machine {
  readonly mem: MachineMemory;
  readonly cpu: MachineCpu;
  readonly mmu: Mmu;
  readonly devices: DeviceSet;
  readonly log: EventLog | null;
  private readonly nondet: Nondet;
  private readonly ramHash: RamHash;
  private readonly hasher = new WordHasher();
  private words = new Int32Array(1 << 13);
  /** icount from which stores are recorded; Infinity with any other detail. */
  private readonly storesFrom: number;
  /** When recording them begins; Infinity once it has begun. */
  private storesBegin = Number.POSITIVE_INFINITY;

  constructor({ config, profile, nondet, sink, disk }: MachineOptions, parts: MachineParts = STANDARD_PARTS) {
    const mem = allocateMemory(config.ramBytes);
    const state = parts.createState(mem);
    this.mem = mem;
    this.nondet = nondet;
    this.log = sink && config.detail !== 'off' ? new EventLog(state, sink) : null;
    // Bus masters reach memory through the MMU, which comes last: it needs the CPU, and that the bus.
    const dma = {
      physRead8: (at: number) => this.mmu.physRead8(at),
      physRead16: (at: number) => this.mmu.physRead16(at),
      physRead32: (at: number) => this.mmu.physRead32(at),
      physWrite8: (at: number, value: number) => this.mmu.physWrite8(at, value),
      physWrite16: (at: number, value: number) => this.mmu.physWrite16(at, value),
      physWrite32: (at: number, value: number) => this.mmu.physWrite32(at, value),
    };
    this.devices = parts.createDevices({ mem, config, nondet, log: this.log, disk, clock: state, dma });
    this.cpu = parts.createCpu(mem, this.devices.bus, this.devices.pic, this.log, config);
    this.mmu = new Mmu(mem, config, profile, this.cpu, this.log);
    this.cpu.attachMmu(this.mmu);
    this.storesFrom = this.log && config.detail === 'stores' ? config.storesFrom : Number.POSITIVE_INFINITY;
    this.watchStores();
    this.ramHash = new RamHash(mem.i32, RAM, mem.ramBytes >>> 12);
  }

  /** Puts a Multiboot kernel into RAM and the processor at its entry. `name` names it in messages; throws BadInput. */
  loadMultiboot(image: Uint8Array, options: MultibootOptions, name?: string): void {
    this.cpu.enterProtected(loadMultiboot(this.mem, image, options, name));
  }

  /** Puts a Linux bzImage into RAM and the processor at its 32-bit entry. `name` names it in messages; throws BadInput. */
  loadLinux(image: Uint8Array, options: LinuxOptions, name?: string): void {
    this.cpu.enterProtected(loadLinux(this.mem, image, options, name));
  }

  get icount(): Icount {
    return this.cpu.icount as Icount;
  }

  /**
   * Runs until icount is `until` or the run ends. Whatever is due at an instant happens before the instruction there,
   * and before this returns, so a run stopped and resumed anywhere is the same run.
   */
  run(until: number): StopReason {
    const { cpu, devices } = this;
    const { bus, pic } = devices;
    for (;;) {
      this.fire(cpu.icount);
      if (cpu.icount >= this.storesBegin) this.watchStores();
      if (cpu.shutdown !== null) return { kind: 'shutdown', message: cpu.shutdown };
      if (devices.exitCode >= 0) return { kind: 'exit', code: devices.exitCode };
      if (cpu.icount >= until) return { kind: 'limit' };
      const next = this.nextDeadline();
      if (cpu.halted && !(pic.pending && cpu.interruptsEnabled)) {
        if (!cpu.interruptsEnabled || next === Number.POSITIVE_INFINITY) return { kind: 'stuck' };
        cpu.icount = Math.min(next, until);
        continue;
      }
      bus.deadlineMoved = false;
      cpu.run(Math.min(next, until, this.storesBegin));
    }
  }

  private nextDeadline(): number {
    let next = this.nondet.nextInputAt();
    for (const device of this.devices.devices) next = Math.min(next, device.nextDeadline());
    return next;
  }

  private watchStores(): void {
    const begun = this.icount >= this.storesFrom;
    this.mmu.recordEveryStore(begun);
    this.storesBegin = begun ? Number.POSITIVE_INFINITY : this.storesFrom;
  }

  /** Outside inputs first, then devices in the order in which they are wired. */
  private fire(now: number): void {
    while (this.nondet.nextInputAt() <= now) {
      const input = this.nondet.takeInput(now as Icount);
      if (!input) break;
      this.devices.acceptInput(input);
    }
    for (const device of this.devices.devices) {
      while (device.nextDeadline() <= now) device.onDeadline(now);
    }
  }

  /** The ladder's hashes now. Costs in proportion to the frames changed since the last call. */
  hashes(): LadderHashes {
    const devices: Record<string, Hash64> = {};
    for (const device of this.devices.devices) {
      const { offset, bytes } = device.state;
      const block = hashBytes(this.mem.u8.subarray(offset, offset + bytes));
      const rest = device.save ? hashBytes(device.save(), 1) : { low: 0, high: 0 };
      devices[device.name] = { low: block.low ^ rest.low, high: block.high ^ rest.high };
    }
    return {
      cpu: this.hashWords((word) => this.cpu.forEachStateWord(word)),
      tlb: this.hashWords((word) => this.mmu.forEachTlbWord(word)),
      ram: this.ramHash.update(this.mmu.endOfHashPeriod()),
      disk: this.devices.diskHash(),
      devices,
    };
  }

  private hashWords(each: (word: (value: number) => void) => void): Hash64 {
    let count = 0;
    each((value) => {
      if (count === this.words.length) {
        const wider = new Int32Array(count * 2);
        wider.set(this.words);
        this.words = wider;
      }
      this.words[count++] = value;
    });
    this.hasher.run(this.words, 0, count, count);
    return this.hasher.result();
  }

  /** A copy of all state. Events made so far are not part of it: flush them first if they are to be kept. */
  snapshot(): Snapshot {
    const areas = new Map<string, Uint8Array>();
    for (const area of memoryAreas(this.mem)) saveArea(this.mem, area, areas);
    for (const device of this.devices.devices) {
      saveArea(this.mem, { name: `device ${device.name}`, ...device.state }, areas);
      if (device.save) areas.set(`device ${device.name}, more`, device.save());
    }
    if (this.devices.diskHash()) areas.set('disk', this.devices.saveDisk());
    if (this.mmu.observer) areas.set('observer', new Uint8Array(this.mmu.observer.save().buffer));
    return { icount: this.icount, seq: this.log?.seq ?? 0, tracking: this.log !== null, areas };
  }

  /** Becomes the machine that `snapshot` was taken of. Buffered events are handed on first. */
  restore(snapshot: Snapshot): void {
    if (this.log && !snapshot.tracking) {
      throw new MachineError(
        'a snapshot taken without recording cannot be recorded from: its history has holes',
      );
    }
    this.log?.flush();
    for (const area of memoryAreas(this.mem)) restoreArea(this.mem, area, snapshot);
    for (const device of this.devices.devices) {
      restoreArea(this.mem, { name: `device ${device.name}`, ...device.state }, snapshot);
      device.restore?.(areaOf(snapshot, `device ${device.name}, more`));
    }
    if (this.devices.diskHash()) this.devices.restoreDisk(areaOf(snapshot, 'disk'));
    this.mmu.reload();
    const observed = snapshot.areas.get('observer');
    if (observed) this.mmu.observer?.restore(new Int32Array(observed.slice().buffer));
    for (const device of this.devices.devices) device.reload?.();
    this.cpu.reload();
    this.log?.resumeAt(snapshot.seq);
    this.watchStores();
  }
}
