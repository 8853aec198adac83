import type { Prng } from '../../../recorder/capture/prng.ts';

/**
 * Random loops that mostly go round without an exception, so that nearly all is executed in compiled code: operations of registers
 * and memory, string instructions, branches, calls, stores to page tables, INVLPG, loads of CR3, and now and then a store into code.
 *
 * Long loops store into no code and take no random instruction, and each turn begins with the same pointers: they go round long enough
 * for the host to compile them once more, with its optimizing compiler.
 */

/** Bytes of code, of the first pages of the segment; the last of them holds functions. The stack and data come behind. */
export const LOOP_BYTES = 0x8000;
/** Each loop begins at a multiple of it. */
export const LOOP_SPACING = 0x80;
export const LOOP_STACK = 0xa000;
const FUNCTIONS = 0x7000;
const DATA = 0xa000;
const DATA_PAGES = 6;

export type LoopKind = 'short' | 'long';
/** Turns of half of the loops: 1 to as many. */
const MOST_TURNS: Readonly<Record<LoopKind, number>> = { short: 400, long: 100_000 };

export interface LoopOptions {
  readonly kind: LoopKind;
  /** Code of 32 bits. */
  readonly wide: boolean;
  readonly ring0: boolean;
  /** Added to an offset of the segment for what instructions of this mode take as an address. */
  readonly base: number;
  /** Linear address of the page table's entries for the segment, where there is paging. */
  readonly table: number;
  readonly paging: boolean;
  /** Instructions that stand among the others now and then. */
  readonly snippets: readonly (readonly number[])[];
}

const u16 = (n: number) => [n & 0xff, (n >>> 8) & 0xff];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];

/** EAX, EDX, EBX and EBP, which no loop needs: ECX counts it, ESI and EDI point to data. */
const FREE = [0, 2, 3, 5];
/** AL, DL, BL, AH, DH, BH. */
const FREE_BYTES = [0, 2, 3, 4, 6, 7];
const STRINGS = [0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf];

export class Loops {
  private readonly prng: Prng;
  private readonly options: LoopOptions;
  /** Operands of the instruction under way have addresses of 32 bits. */
  private wideAddress: boolean;

  constructor(prng: Prng, options: LoopOptions) {
    this.prng = prng;
    this.options = options;
    this.wideAddress = options.wide;
  }

  /** The code of all loops and functions. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(LOOP_BYTES).fill(0x90);
    for (let at = 0; at < LOOP_BYTES; at += LOOP_SPACING)
      bytes.set(at < FUNCTIONS ? this.loop(at) : this.body(0, LOOP_SPACING - 12).concat(0xc3), at);
    return bytes;
  }

  private below(n: number): number {
    return this.prng.next() % n;
  }

  private chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** A word of the size of an address. */
  private word(value: number): number[] {
    return this.options.wide ? u32(value) : u16(value);
  }

  private loop(at: number): number[] {
    const { base, kind } = this.options;
    const most = MOST_TURNS[kind] & (this.options.wide ? -1 : 0xffff);
    const count = 1 + this.below(this.chance(50) ? 12 : most);
    const pointer = () => this.word(base + DATA + this.below(DATA_PAGES * 0x1000 - 0x800));
    const head = [0xb9, ...this.word(count), 0xbe, ...pointer(), 0xbf, ...pointer()];
    if (this.chance(20)) head.push(this.pick([0xfc, 0xfd, 0xfb]));
    const body = this.body(at, 30 + this.below(LOOP_SPACING - 75));
    const again = this.chance(80) ? [0x49, 0x75] : [this.pick([0xe2, 0xe1, 0xe0])];
    const turn = kind === 'long' ? head.length - this.word(count).length - 1 : 0;
    const back = -(turn + body.length + again.length + 1) & 0xff;
    const code = [...head, ...body, ...again, back];
    const next = this.below(FUNCTIONS / LOOP_SPACING) * LOOP_SPACING;
    const from = at + code.length + (this.options.wide ? 5 : 3);
    return this.chance(4) ? [...code, 0xcc] : [...code, 0xe9, ...this.word(next - from)];
  }

  /** Instructions of at most `length` bytes in all, from offset `at`. */
  private body(at: number, length: number): number[] {
    const code: number[] = [];
    for (;;) {
      const one = this.some(at + code.length);
      if (code.length + one.length > length) return code;
      if (this.chance(12) && one.length < 8) {
        code.push(0x70 + this.below(16), one.length);
        if (code.length + one.length > length) return code.slice(0, -2);
      }
      code.push(...one);
    }
  }

  /** One instruction, or a few that belong together. Few are left to handlers, so that loops are executed in compiled code. */
  private some(at: number): number[] {
    const kind = this.below(100);
    if (kind < 76) return this.prefixed();
    if (kind < 82) return this.sized([this.pick(STRINGS)]);
    if (kind < 88) return this.stack();
    if (kind < 91) return this.call(at);
    if (kind < 94) return this.system();
    if (kind < 95 && this.options.kind === 'short') return this.wild();
    if (kind < 97) return this.handled();
    return this.pick<readonly number[]>([[0x99], [0x0f, 0x31], [0x90], [0xd1, 0xe0]]).slice();
  }

  private sized(code: number[]): number[] {
    return this.chance(15) ? [0x66, ...code] : code;
  }

  /** An operation, in code of 16 bits now and then with addresses of 32; and now and then by another segment. */
  private prefixed(): number[] {
    const { wide } = this.options;
    this.wideAddress = wide || this.chance(20);
    const code = this.sized(this.operation());
    if (this.wideAddress !== wide) code.unshift(0x67);
    this.wideAddress = wide;
    return this.chance(6) ? [this.pick([0x26, 0x36, 0x64]), ...code] : code;
  }

  /** ModR/M and what follows it: a register, or memory near ESI or EDI. */
  private operand(register: number, bytes = false): number[] {
    const reg = register << 3;
    if (this.chance(40)) return [0xc0 | reg | this.pick(bytes ? FREE_BYTES : FREE)];
    const wide = this.wideAddress;
    if (wide && this.options.kind === 'short' && this.chance(30)) {
      // [esi + ecx*scale + disp8], or EDI
      return [0x44 | reg, (this.below(3) << 6) | (1 << 3) | (6 + this.below(2)), this.below(128)];
    }
    return [0x40 | reg | (wide ? 6 + this.below(2) : 4 + this.below(2)), this.below(256)];
  }

  private operation(): number[] {
    const r = this.pick(FREE);
    const r8 = this.pick(FREE_BYTES);
    const any = this.below(8);
    const op = this.below(8) << 3;
    switch (this.below(14)) {
      case 0:
        return [op | 1, ...this.operand(any)];
      case 1:
        return [op | 3, ...this.operand(r)];
      case 2:
        return [op, ...this.operand(any, true)];
      case 3:
        return [op | 2, ...this.operand(r8, true)];
      case 4:
        return [0x83, ...this.operand(this.below(8)), this.below(256)];
      case 5:
        return [0x80, ...this.operand(this.below(8), true), this.below(256)];
      case 6:
        return [0x89, ...this.operand(any)];
      case 7:
        return [0x8b, ...this.operand(r)];
      case 8:
        return this.chance(50) ? [0x88, ...this.operand(any, true)] : [0x8a, ...this.operand(r8, true)];
      case 9:
        return [0xc1, ...this.operand(this.pick([0, 1, 4, 5, 7])), 1 + this.below(31)];
      case 10:
        return this.chance(50)
          ? [0xd3, ...this.operand(4 + this.below(2))]
          : [this.pick([0xf6, 0xf7]), ...this.operand(2 + this.below(2), true)];
      case 11:
        return [this.pick([0xfe, 0xff]), ...this.operand(this.below(2), true)];
      case 12:
        return [0x0f, this.pick([0xb6, 0xb7, 0xbe, 0xbf, 0xaf]), ...this.operand(r)];
      default:
        return this.chance(50)
          ? [0x0f, 0x90 + this.below(16), ...this.operand(0, true)]
          : [this.pick([0x84, 0x85, 0x8d]), 0x40 | (r << 3) | (this.wideAddress ? 6 : 4), 4];
    }
  }

  private stack(): number[] {
    const r = this.pick(FREE);
    return this.pick([
      [0x50 + this.below(8), 0x58 + r],
      [0x6a, this.below(256), 0x58 + r],
      [0x50 + r, 0x8b, 0x2c, 0x24, 0x58 + r],
    ]);
  }

  /** Instructions that handlers execute, wherever they stand in a block. */
  private handled(): number[] {
    const r = this.pick(FREE);
    const repeat = this.pick([0xf2, 0xf3]);
    return this.pick([
      [this.pick([0xd0, 0xd1, 0xd2, 0xd3]), ...this.operand(this.below(8), true)],
      [
        this.pick([0xf6, 0xf7]),
        ...this.operand(this.chance(90) ? 4 + this.below(2) : 6 + this.below(2), true),
      ],
      [0x0f, this.pick([0xa3, 0xab, 0xa5, 0xad, 0xbc, 0xbd, 0xb1, 0xc1]), ...this.operand(r)],
      [this.pick([0x86, 0x87]), ...this.operand(r)],
      [this.pick([0x98, 0x9f, 0x9e, 0xf5, 0xf8, 0xf9])],
      [0x9c, 0x58 + r],
      [0x9c, 0x9d],
      [0x60, 0x61],
      [0xc8, 8, 0, 0, 0xc9],
      [0x54, 0x5c],
      // push ecx, esi, edi; mov cl, count; rep; pop edi, esi, ecx
      [0x51, 0x56, 0x57, 0xb1, this.below(20), repeat, this.pick(STRINGS), 0x5f, 0x5e, 0x59],
    ]);
  }

  /** To a function; the last page of code is theirs. */
  private call(at: number): number[] {
    if (at >= FUNCTIONS - LOOP_SPACING) return [0x90];
    const to = FUNCTIONS + this.below((LOOP_BYTES - FUNCTIONS) / LOOP_SPACING) * LOOP_SPACING;
    return [0xe8, ...this.word(to - at - (this.options.wide ? 5 : 3))];
  }

  /** Page tables, the TLB and the interrupt flag, where they may be touched. */
  private system(): number[] {
    const { ring0, wide, paging, table } = this.options;
    if (!ring0) return this.chance(90) ? [0x0f, 0x31] : [this.pick([0xfa, 0xfb, 0xf4])];
    const kind = this.below(8);
    if (kind < 2) return [this.pick([0xfa, 0xfb])];
    if (!wide || !paging) return [0xe4, 0x61];
    const entry = u32(table + ((DATA >>> 12) + this.below(DATA_PAGES)) * 4);
    // invlpg [esi]; mov eax, cr3; mov cr3, eax
    if (kind === 2) return [0x0f, 0x01, 0x3e];
    if (kind === 3) return [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
    // and dword [entry], ~60h; or dword [entry], 20h; mov eax, [entry]; mov [entry], eax
    if (kind === 4) return [0x83, 0x25, ...entry, 0x9f];
    if (kind === 5) return [0x83, 0x0d, ...entry, this.pick([0x20, 0x40])];
    return [0xa1, ...entry, 0xa3, ...entry];
  }

  /** A row of the opcode table, which may do anything, or a store into code. */
  private wild(): number[] {
    const { wide, base, snippets } = this.options;
    if (this.chance(70)) return this.pick(snippets).slice();
    const address = this.word(base + this.below(FUNCTIONS));
    return this.pick([[0xa2, ...address], wide ? [0xfe, 0x05, ...address] : [0xfe, 0x06, ...address]]);
  }
}
