import { DEFAULT_CONFIG, type MachineConfig, NO_PROFILE } from '../../recorder/machine/config.ts';
import type { DeviceHost, DeviceSet } from '../../recorder/machine/device.ts';
import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import { CPU_STATE, DEVICE_STATE, type MachineMemory } from '../../recorder/machine/layout.ts';
import { Machine } from '../../recorder/machine/machine.ts';
import type { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import type { Input, Nondet } from '../../recorder/machine/nondet.ts';
import type { MachineCpu, MachineParts } from '../../recorder/machine/parts.ts';

/** Registers of the toy CPU, in words of CPU_STATE. */
const CR0 = 4;
const CR2 = 5;
const CR3 = 6;
const CR4 = 7;
const SEED = 8;
const HALTED = 9;
const DONE = 10;

/** A view of CPU_STATE alone, so that machines made over the same bytes are the same. */
class ToyState {
  protected readonly words: Int32Array;
  protected readonly clock: Float64Array;
  constructor(mem: MachineMemory) {
    this.words = new Int32Array(mem.memory.buffer, CPU_STATE + 64, 16);
    this.clock = new Float64Array(mem.memory.buffer, CPU_STATE, 1);
  }
  get icount(): number {
    return this.clock[0];
  }
  set icount(value: number) {
    this.clock[0] = value;
  }
  readonly eip = 0x1000;
  readonly cpl = 0;
  readonly depth = 0;
  readonly frameId = 0;
  readonly esp = 0x8000;
  get cr0() {
    return this.words[CR0];
  }
  set cr0(value: number) {
    this.words[CR0] = value;
  }
  get cr2() {
    return this.words[CR2];
  }
  set cr2(value: number) {
    this.words[CR2] = value;
  }
  get cr3() {
    return this.words[CR3];
  }
  set cr3(value: number) {
    this.words[CR3] = value;
  }
  get cr4() {
    return this.words[CR4];
  }
  set cr4(value: number) {
    this.words[CR4] = value;
  }
}

/** One instruction: a random store, now and then to a page table, an INVLPG, a CR3 load or a HLT. */
class ToyCpu extends ToyState implements MachineCpu {
  private mmu!: Mmu;
  interruptsEnabled = true;
  shutdown: string | null = null;
  private readonly pic: { pending: boolean };

  constructor(mem: MachineMemory, pic: { pending: boolean }) {
    super(mem);
    this.pic = pic;
    if (this.words[SEED] === 0) this.words[SEED] = 1;
  }
  get halted(): boolean {
    return this.words[HALTED] !== 0;
  }
  attachMmu(mmu: Mmu): void {
    this.mmu = mmu;
  }
  fault(vector: number): never {
    throw new Error(`fault ${vector} at ${this.cr2.toString(16)}`);
  }
  dropFetchLatch(): void {}
  codeWritten(): void {}
  poke(): void {}
  reload(): void {}
  enterProtected(): void {}
  reset(): void {}
  forEachStateWord(word: (value: number) => void): void {
    for (const value of this.words) word(value);
    word(this.icount);
  }

  private random(bound: number): number {
    this.words[SEED] = (Math.imul(this.words[SEED], 1103515245) + 12345) | 0;
    return (this.words[SEED] >>> 8) % bound;
  }

  run(until: number): void {
    if (this.pic.pending && this.halted) {
      this.words[HALTED] = 0;
      this.words[DONE]++;
      this.pic.pending = false;
    }
    while (this.icount < until && !this.halted) {
      const page = 64 + this.random(64);
      switch (this.random(16)) {
        case 0:
          this.mmu.writeSlow(0x11000 + page * 4, 4, ((64 + this.random(64)) << 12) | 3, 0);
          break;
        case 1:
          this.mmu.invlpg(page << 12);
          break;
        case 2:
          if (this.random(8) === 0) this.mmu.setCr3(this.cr3);
          break;
        case 3:
          if (this.random(64) === 0) this.words[HALTED] = 1;
          break;
        default:
          this.mmu.writeSlow((page << 12) + this.random(1024) * 4, 4, this.words[SEED], 0);
          this.mmu.readSlow((64 + this.random(64)) << 12, 4, 0);
      }
      this.icount++;
    }
  }
}

/** A timer that ticks every 1000 instructions, writes a word by DMA and raises INTR. */
function toyDevices({ mem, dma }: DeviceHost): DeviceSet & { readonly pic: { pending: boolean } } {
  const words = new Int32Array(mem.memory.buffer, DEVICE_STATE, 4);
  const pic = {
    get pending() {
      return words[1] !== 0;
    },
    set pending(value: boolean) {
      words[1] = value ? 1 : 0;
    },
    acknowledge: () => 32,
    irq: 0,
    injected: false,
  };
  const timer = {
    name: 'timer',
    state: { offset: DEVICE_STATE, bytes: 16 },
    nextDeadline: () => (words[0] + 1) * 1000,
    onDeadline: (now: number) => {
      words[0]++;
      words[1] = 1;
      dma.physWrite32(0x40000 + (words[0] % 64) * 4096, now);
    },
  };
  return {
    bus: { in: () => 0xff, out: () => {}, deadlineMoved: false },
    pic,
    devices: [timer],
    acceptInput: (input: Input) => {
      words[2] = (Math.imul(words[2], 31) + input.value + input.icount) | 0;
    },
    exitCode: -1,
    resetRequested: false,
    resetDone: () => {},
    media: [],
    diskHash: () => null,
    saveDisk: () => new Map(),
    restoreDisk: () => {},
  };
}

/** A byte every 777 instructions. */
export class ToyInputs implements Nondet {
  private next = 777;
  draw(_kind: string, _now: number, low: number): number {
    return low;
  }
  nextInputAt(): number {
    return this.next;
  }
  takeInput(now: Input['icount']): Input {
    this.next += 777;
    return { kind: 'serial_byte', icount: now, value: this.next & 0xff };
  }
  seek(icount: number): void {
    this.next = (Math.floor(icount / 777) + 1) * 777;
  }
}

const PARTS: MachineParts = {
  createState: (mem) => new ToyState(mem),
  createCpu: (mem, _bus, pic) => new ToyCpu(mem, pic as { pending: boolean }),
  createDevices: toyDevices,
};

export function toyMachine(sink: EventSink | null, config: Partial<MachineConfig> = {}) {
  const nondet = new ToyInputs();
  const whole = { ...DEFAULT_CONFIG, ramBytes: 4 << 20, ...config };
  const machine = new Machine({ config: whole, profile: NO_PROFILE, nondet, sink, disk: null }, PARTS);
  return { machine, nondet };
}

/** Puts paging on: 0-512 KB mapped to itself, and pages 64-127 open to remapping. */
export function start(machine: Machine): void {
  const { mmu } = machine;
  mmu.physWrite32(0x10000, 0x11003);
  for (let page = 0; page < 128; page++) mmu.physWrite32(0x11000 + page * 4, (page << 12) | 3);
  mmu.setCr3(0x10000);
  mmu.setCr0(0x80000001 | 0);
}
