import {
  CPL,
  CS,
  DS,
  EIP,
  ES,
  ESP,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  SS,
  SYSTEM_FLAGS,
  TR,
} from '../../recorder/machine/cpu/state.ts';
import { CPU_STATE_BYTES } from '../../recorder/machine/layout.ts';
import { type BenchOptions, CpuBench } from './bench.ts';
import { CODE, HANDLERS, hexBytes } from './real-mode.ts';

const GDT = 0x10000;
const IDT = 0x11000;
/** The TSS in TR, and two more to switch to: of 32 and of 16 bits. */
export const TSS = 0x12000;
export const OTHER_TSS = 0x13000;
export const SMALL_TSS = 0x14000;
export const LDT_TABLE = 0x15000;
export const KERNEL_STACK = 0x7000;
export const USER_STACK = 0x6000;

export const KERNEL_CODE = 0x08;
export const KERNEL_DATA = 0x10;
export const USER_CODE = 0x1b;
export const USER_DATA = 0x23;
export const TSS_SELECTOR = 0x28;
export const CODE_16 = 0x30;
export const DATA_16 = 0x38;
export const LDT_SELECTOR = 0x40;
export const OTHER_SELECTOR = 0x48;
export const SMALL_SELECTOR = 0x50;
/** A task gate to OTHER_SELECTOR. */
export const TASK_GATE = 0x58;
/** The first selector that a test may define. */
export const FREE = 0x60;

/** Access bytes. */
export const CODE_0 = 0x9a;
export const DATA_0 = 0x92;
export const CODE_3 = 0xfa;
export const DATA_3 = 0xf2;
/** Descriptor flags: D or B, and page granularity. */
export const WIDE = 0x4;
export const FLAT = 0xc;

export const VM = 0x20000;

/** The processor at CPL 0 in flat 32-bit segments, with descriptor tables, a TSS and a handler for every vector. */
export class ProtectedMode extends CpuBench {
  constructor(options: BenchOptions = {}) {
    super(options);
    const { cpu, mem } = this;
    cpu.enterProtected({
      eip: CODE,
      eax: 0,
      ebx: 0,
      esi: 0,
      codeSelector: KERNEL_CODE,
      dataSelector: KERNEL_DATA,
    });
    mem.i32[GDT_BASE] = GDT;
    mem.i32[GDT_LIMIT] = 0xfff;
    mem.i32[IDT_BASE] = IDT;
    mem.i32[IDT_LIMIT] = 0x7ff;
    this.describe(KERNEL_CODE, 0, 0xfffff, CODE_0, FLAT);
    this.describe(KERNEL_DATA, 0, 0xfffff, DATA_0, FLAT);
    this.describe(USER_CODE, 0, 0xfffff, CODE_3, FLAT);
    this.describe(USER_DATA, 0, 0xfffff, DATA_3, FLAT);
    this.describe(TSS_SELECTOR, TSS, 0xfff, 0x8b, 0);
    this.describe(CODE_16, 0, 0xffff, CODE_0, 0);
    this.describe(DATA_16, 0, 0xffff, DATA_0, 0);
    this.describe(LDT_SELECTOR, LDT_TABLE, 0xff, 0x82, 0);
    this.describe(OTHER_SELECTOR, OTHER_TSS, 0x67, 0x89, 0);
    this.describe(SMALL_SELECTOR, SMALL_TSS, 0x2b, 0x81, 0);
    this.gate(GDT + TASK_GATE, OTHER_SELECTOR, 0, 0xe5);
    for (let vector = 0; vector < 256; vector++) {
      this.interruptGate(vector, HANDLERS + 4 * vector);
      this.poke8(HANDLERS + 4 * vector, 0xf4);
    }
    cpu.setSegment(TR, TSS_SELECTOR, TSS, 0xfff, 0x8b00);
    this.poke32(TSS + 4, KERNEL_STACK);
    this.poke32(TSS + 8, KERNEL_DATA);
    // The I/O permission map: behind the interrupt redirection bitmap, all ports refused.
    this.poke32(TSS + 0x64, 0xa0 << 16);
    for (let at = 0x80; at < 0x1000; at++) this.poke8(TSS + at, 0xff);
    cpu.setRegister(ESP, KERNEL_STACK);
  }

  /** Writes the descriptor of `selector` into the GDT; the limit in the units of its granularity. */
  describe(selector: number, base: number, limit: number, access: number, flags: number): void {
    const at = GDT + (selector & ~7);
    this.poke32(at, (base << 16) | (limit & 0xffff));
    this.poke32(
      at + 4,
      (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff),
    );
  }

  access(selector: number): number {
    return this.peek8(GDT + (selector & ~7) + 5);
  }

  gate(at: number, selector: number, offset: number, access: number, count = 0): void {
    this.poke32(at, (selector << 16) | (offset & 0xffff));
    this.poke32(at + 4, (offset & 0xffff0000) | (access << 8) | count);
  }

  callGate(selector: number, target: number, offset: number, access: number, count = 0): void {
    this.gate(GDT + (selector & ~7), target, offset, access, count);
  }

  /** A gate of the IDT; by default an interrupt gate that everyone may use. */
  interruptGate(vector: number, offset: number, selector = KERNEL_CODE, access = 0xee): void {
    this.gate(IDT + vector * 8, selector, offset, access);
  }

  /** Turns paging on, all of RAM where it is and open to everyone: by 4 KB pages, or by one of 4 MB. */
  paging(large = false): this {
    const [directory, table] = [0x20000, 0x21000];
    for (let page = 0; page < 1024; page++) this.poke32(table + 4 * page, (page << 12) | 7);
    this.poke32(directory, large ? 0x87 : table | 7);
    if (large) this.mmu.setCr4(0x10);
    this.mmu.setCr3(directory);
    this.mmu.setCr0(0x80000011 | 0);
    return this;
  }

  /** Puts code where execution begins. */
  code(text: string, at = CODE): this {
    this.pokeBytes(at, hexBytes(text));
    return this;
  }

  /** Makes the stack that of the words given, the first on top. */
  stack(...words: number[]): this {
    const top = this.cpu.register(ESP) - 4 * words.length;
    words.forEach((word, n) => {
      this.poke32(top + 4 * n, word);
    });
    this.cpu.setRegister(ESP, top);
    return this;
  }

  /** Goes to CPL 3 in flat segments by IRET, with the flags given. */
  user(flags = 2): this {
    this.stack(CODE, USER_CODE, flags, USER_STACK, USER_DATA);
    return this.byIret();
  }

  /** Goes to virtual-8086 mode at CODE in segment 0, with DS, ES, FS and GS as 0x100 to 0x103. */
  virtual86(flags = 0): this {
    this.stack(CODE, 0, VM | flags | 2, USER_STACK, 0, 0x101, 0x100, 0x102, 0x103);
    return this.byIret();
  }

  private byIret(): this {
    const at = 0x900;
    this.poke8(at, 0xcf);
    this.cpu.eip = at;
    this.step();
    return this;
  }

  get vector(): number {
    const at = (this.cpu.eip - HANDLERS) >> 2;
    return at >= 0 && at < 256 ? at : -1;
  }

  /** Word `n` of the stack, from the top. */
  top(n: number): number {
    return this.peek32(this.cpu.register(ESP) + 4 * n);
  }

  get selectors(): number[] {
    return [ES, CS, SS, DS, FS, GS].map((segment) => this.cpu.segment(segment)[0]);
  }

  get inVirtual86(): boolean {
    return (this.mem.i32[SYSTEM_FLAGS] & VM) !== 0;
  }

  get cpl(): number {
    return this.mem.i32[CPL];
  }

  get eip(): number {
    return this.mem.i32[EIP];
  }
}

const kept = new Map<string, { readonly bench: ProtectedMode; readonly state: Int32Array }>();

/**
 * A machine whose processor is as that of a new one, which takes a while to make: this one serves again and again. What was
 * stored stays, descriptors too, and paging is off.
 */
export function asNew(options: BenchOptions = {}): ProtectedMode {
  const key = JSON.stringify(options);
  const known = kept.get(key);
  if (known === undefined) {
    const bench = new ProtectedMode(options);
    kept.set(key, { bench, state: bench.mem.i32.slice(0, CPU_STATE_BYTES >>> 2) });
    return bench;
  }
  const { bench, state } = known;
  bench.mem.i32.set(state);
  bench.mmu.reload();
  bench.cpu.reload();
  return bench;
}
