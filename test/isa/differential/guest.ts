import { type Processor, processorOf } from '../../../recorder/machine/cpu/decode/models.ts';
import {
  APPLICATION,
  BIG,
  CODE_SEGMENT,
  GRANULAR,
  READABLE,
  SEGMENT_PRESENT,
  TSS_32_BUSY,
  WRITABLE,
} from '../../../recorder/machine/cpu/descriptors.ts';
import {
  CPL,
  CS,
  DS,
  ES,
  FPU_CONTROL,
  FPU_EMPTY,
  FPU_REGISTERS,
  FPU_STATUS,
  FS,
  GDT_BASE,
  GS,
  LDTR,
  SS,
  TR,
} from '../../../recorder/machine/cpu/state.ts';
import { RAM } from '../../../recorder/machine/layout.ts';
import { CpuBench } from '../bench.ts';
import { type Case, type Outcome, STOPPED } from './case.ts';
import { fpuWords } from './fpu-states.ts';
import {
  initialMemory,
  offsetOf,
  REGION_OFFSETS,
  REGIONS,
  RESERVED_FROM,
  TOTAL_BYTES,
  USER_CODE,
  USER_DATA,
} from './memory-map.ts';

const PAGE = 4096;
const PRESENT = 1;
const WRITE = 2;
const USER = 4;
/** Physical: the regions, then page tables, then the kernel's own pages. */
const REGIONS_AT = 0x100000;
const DIRECTORY = 0x10000;
const TABLES = 0x11000;
const KERNEL = 0x20000;
/** The kernel's pages, at RESERVED_FROM: descriptor tables and TSS, handlers, stack. */
const GDT = RESERVED_FROM;
const IDT = RESERVED_FROM + 0x800;
const TSS = RESERVED_FROM + 0x400;
const HANDLERS = RESERVED_FROM + 0x1000;
const KERNEL_STACK = RESERVED_FROM + 0x3000;
const KERNEL_PAGES = 3;
const KERNEL_CODE = 0x10;
const KERNEL_DATA = 0x18;
const TASK = 0x40;
/** As Linux has it: descriptors 0-15. */
const GDT_LIMIT = 0x7f;
const HLT = 0xf4;
const INTERRUPT_GATE = 0x8e00;
const DPL_3 = 0x6000;
const HAS_ERROR = (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17);
/** PG, AM, WP, NE, ET and PE: as Linux sets them. */
const CR0 = 0x80050031 | 0;
const EXCEPTIONS = 0x3f;
/** ES and B: an exception is pending. */
const PENDING = 0x8080;
/** So many instructions in a case mean that it does not end. */
const LIMIT = 100_000;

/** Whose processor made the outcomes that the machine's are compared with: they leave to each what the manual leaves open. */
export type Vendor = 'intel' | 'amd';

/** The vendor's processor: AMD's do some things otherwise than Intel's, which the machine's are (docs/cpu.md, docs/fpu.md). */
const like = (vendor: Vendor): Processor => ({
  ...processorOf('pentiumpro', true),
  extendsSelectors: vendor === 'amd',
  probesPreventedStores: vendor === 'amd',
});

/** The machine's processor in the same memory, at ring 3 under a kernel of handlers that halt. */
export class Guest {
  readonly bench: CpuBench;
  private readonly initial = initialMemory();
  private readonly memory: Uint8Array;
  /** Instructions retired by all cases. */
  instructions = 0;

  constructor(vendor: Vendor, options: { specialise?: boolean; compileAfter?: number } = {}) {
    this.bench = new CpuBench({ ramBytes: 4 << 20, processor: like(vendor), ...options });
    this.memory = this.bench.mem.u8.subarray(RAM + REGIONS_AT, RAM + REGIONS_AT + TOTAL_BYTES);
    this.layOut();
  }

  private layOut(): void {
    const { bench } = this;
    let tables = TABLES;
    const map = (linear: number, physical: number, rights: number) => {
      const directoryEntry = DIRECTORY + (linear >>> 22) * 4;
      if (bench.peek32(directoryEntry) === 0) {
        bench.poke32(directoryEntry, tables | PRESENT | WRITE | USER);
        tables += PAGE;
      }
      bench.poke32((bench.peek32(directoryEntry) & -PAGE) + ((linear >>> 12) & 1023) * 4, physical | rights);
    };
    REGIONS.forEach(({ address, bytes, writable }, n) => {
      for (let at = 0; at < bytes; at += PAGE)
        map(address + at, REGIONS_AT + REGION_OFFSETS[n] + at, PRESENT | USER | (writable ? WRITE : 0));
    });
    for (let n = 0; n < KERNEL_PAGES; n++) map(RESERVED_FROM + n * PAGE, KERNEL + n * PAGE, PRESENT | WRITE);
    const at = (linear: number) => linear - RESERVED_FROM + KERNEL;
    const describe = (selector: number, low: number, high: number) => {
      bench.poke32(at(GDT) + (selector & ~7), low);
      bench.poke32(at(GDT) + (selector & ~7) + 4, high);
    };
    describe(KERNEL_CODE, 0xffff, 0x00cf9b00);
    describe(KERNEL_DATA, 0xffff, 0x00cf9300);
    describe(USER_CODE, 0xffff, 0x00cffb00);
    describe(USER_DATA, 0xffff, 0x00cff300);
    describe(TASK, (TSS << 16) | 0x67, (TSS & 0xff000000) | ((TSS >>> 16) & 0xff) | 0x8b00);
    bench.poke32(at(TSS) + 4, KERNEL_STACK);
    bench.poke32(at(TSS) + 8, KERNEL_DATA);
    bench.poke32(at(TSS) + 0x64, 0xffff0000);
    for (let vector = 0; vector < 32; vector++) {
      const handler = HANDLERS + vector;
      const open = vector === 3 || vector === 4;
      bench.poke32(at(IDT) + vector * 8, (KERNEL_CODE << 16) | (handler & 0xffff));
      bench.poke32(at(IDT) + vector * 8 + 4, (handler & 0xffff0000) | INTERRUPT_GATE | (open ? DPL_3 : 0));
      bench.poke8(at(handler), HLT);
    }
  }

  /** `slices` cuts the run: each number is so many instructions before `run` is called again. */
  run(one: Case, slices: () => number = () => LIMIT): Outcome {
    const { bench, memory, initial } = this;
    const { cpu, mem } = bench;
    memory.set(initial);
    memory.set(one.code, offsetOf(one.address));
    cpu.reset();
    cpu.icount = 0;
    cpu.cr3 = DIRECTORY;
    bench.mmu.setCr0(CR0);
    const common = SEGMENT_PRESENT | APPLICATION | BIG | GRANULAR | DPL_3 | 0x100;
    cpu.setSegment(CS, USER_CODE, 0, -1, common | CODE_SEGMENT | READABLE);
    for (const segment of [DS, ES, SS]) cpu.setSegment(segment, USER_DATA, 0, -1, common | WRITABLE);
    for (const [segment, selector] of [
      [FS, one.fs],
      [GS, one.gs],
    ]) {
      if (selector === USER_DATA) cpu.setSegment(segment, USER_DATA, 0, -1, common | WRITABLE);
      else cpu.setSegment(segment, selector, 0, 0, 0);
    }
    cpu.setSegment(LDTR, 0, 0, 0, 0);
    cpu.setSegment(TR, TASK, TSS, 0x67, SEGMENT_PRESENT | (TSS_32_BUSY << 8));
    this.setTables();
    one.registers.forEach((value, n) => {
      cpu.setRegister(n, value);
    });
    this.setFpu(one.fpu);
    cpu.eip = one.address;
    cpu.eflags = one.eflags;
    mem.i32[CPL] = 3;
    while (!cpu.halted && cpu.shutdown === null && cpu.icount < LIMIT)
      cpu.run(Math.min(cpu.icount + slices(), LIMIT));
    this.instructions += cpu.icount;
    return this.outcome(one);
  }

  private setTables(): void {
    this.bench.mem.i32.set([GDT, GDT_LIMIT, IDT, 0xff], GDT_BASE);
  }

  private setFpu(state: number): void {
    const { i32 } = this.bench.mem;
    const [words, empty, ...registers] = fpuWords(state);
    i32[FPU_CONTROL] = words & 0xffff;
    i32[FPU_STATUS] = (words >>> 16) & ~PENDING;
    i32[FPU_EMPTY] = empty;
    for (let i = 0; i < 8; i++) i32.set(registers.slice(3 * i, 3 * i + 3), this.registerAt(i));
  }

  private registerAt(i: number): number {
    return FPU_REGISTERS + (((this.bench.mem.i32[FPU_STATUS] >> 11) + i) & 7) * 4;
  }

  private fpu(): number[] {
    const { i32 } = this.bench.mem;
    const pending = i32[FPU_STATUS] & ~i32[FPU_CONTROL] & EXCEPTIONS ? PENDING : 0;
    const words = [i32[FPU_CONTROL] | ((i32[FPU_STATUS] | pending) << 16), i32[FPU_EMPTY]];
    for (let i = 0; i < 8; i++) words.push(...i32.subarray(this.registerAt(i), this.registerAt(i) + 3));
    return words;
  }

  private outcome(one: Case): Outcome {
    const { bench } = this;
    const { cpu } = bench;
    const registers = Array.from({ length: 8 }, (_, n) => cpu.register(n));
    const selectors = [DS, ES, FS, GS, SS].map((segment) => cpu.segment(segment)[0]);
    const changes = this.changes(one);
    const fpu = this.fpu();
    // Halted at the byte after the handler's only instruction.
    const vector = cpu.eip - 1 - HANDLERS;
    if (!cpu.halted || vector < 0 || vector > 31) {
      const { eip, eflags, cr2 } = cpu;
      return { registers, selectors, fpu, changes, eip, eflags, cr2, vector: STOPPED, error: 0 };
    }
    const frame = cpu.register(4) - RESERVED_FROM + KERNEL;
    const hasError = ((HAS_ERROR >>> vector) & 1) !== 0;
    const pushed = hasError ? frame + 4 : frame;
    registers[4] = bench.peek32(pushed + 12) | 0;
    selectors[4] = bench.peek32(pushed + 16) & 0xffff;
    return {
      registers,
      selectors,
      fpu,
      changes,
      vector,
      error: hasError ? bench.peek32(frame) : 0,
      eip: bench.peek32(pushed) | 0,
      eflags: bench.peek32(pushed + 8),
      cr2: cpu.cr2,
    };
  }

  private changes(one: Case): [number, number][] {
    const { initial, memory } = this;
    const codeAt = offsetOf(one.address);
    const saved = initial.slice(codeAt, codeAt + one.code.length);
    initial.set(one.code, codeAt);
    const changes: [number, number][] = [];
    REGIONS.forEach(({ address, bytes }, n) => {
      const from = REGION_OFFSETS[n];
      const now = Buffer.from(memory.buffer, memory.byteOffset + from, bytes);
      const was = Buffer.from(initial.buffer, initial.byteOffset + from, bytes);
      if (now.equals(was)) return;
      for (let at = 0; at < bytes; at += 4) {
        const value = now.readInt32LE(at);
        if (value !== was.readInt32LE(at)) changes.push([(address + at) | 0, value]);
      }
    });
    initial.set(saved, codeAt);
    return changes;
  }
}
