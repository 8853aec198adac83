import { Prng } from '../../../recorder/capture/prng.ts';
import { Decoder, type Instruction } from '../../../recorder/machine/cpu/decode/decoder.ts';
import { AC, ARITHMETIC, DF } from '../../../recorder/machine/cpu/flags.ts';
import { EAX, EBP, EBX, ECX, EDI, EDX, ESI, ESP } from '../../../recorder/machine/cpu/state.ts';
import { flagEffects, flagsRead } from '../undefined-flags.ts';
import type { Case } from './case.ts';
import { ASK_OF_SELECTORS, ENCODINGS, type Encoding, isFloating } from './encodings.ts';
import { FPU_STATES } from './fpu-states.ts';
import {
  CODE,
  DATA,
  HIGH,
  LOW,
  LOW_READ_ONLY,
  READ_ONLY,
  STACK,
  USER_CODE,
  USER_DATA,
} from './memory-map.ts';

const ALWAYS_SET = 0x202;
const NT = 0x4000;
const TF = 0x100;
const ID = 0x200000;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const REP = 0xf3;
const REPNE = 0xf2;
const LOCK = 0xf0;
const LONGEST_CODE = 400;
const INT3 = 0xcc;

const BOUNDARIES = [
  0,
  1,
  2,
  -1,
  -2,
  0x7f,
  0x80,
  0xff,
  0x100,
  0x7fff,
  0x8000,
  0xffff,
  0x10000,
  0x7fffffff,
  -0x80000000,
  -0x7fffffff,
  0x55555555,
  0xaaaaaaaa | 0,
  31,
  32,
  33,
  16,
];
const STRINGS = new Set(['movs', 'cmps', 'scas', 'stos', 'lods', 'ins', 'outs']);
/**
 * With F2 or F3 these are other instructions on later processors (TZCNT, LZCNT, RDPID: SDM volume 2), or take their
 * condition from the prefix (AMD: LOOPE and LOOPNE). The combinations are reserved (SDM volume 2, 2.1.1).
 */
const NO_REPEAT = new Set(['bsf', 'bsr', 'cmpxchg8b', 'wbinvd', 'loope', 'loopne']);
/** Base and index of the 16-bit forms; -1 for none. */
const FORMS_16: readonly (readonly [number, number])[] = [
  [EBX, ESI],
  [EBX, EDI],
  [EBP, ESI],
  [EBP, EDI],
  [ESI, -1],
  [EDI, -1],
  [EBP, -1],
  [EBX, -1],
];
const SIZES: Record<string, number> = { b: 1, w: 2, d: 4, s: 1 };

/** Registers that an instruction changes besides its first operand. */
const IMPLICIT: Record<string, readonly number[]> = {
  mul: [EAX, EDX],
  imul: [EAX, EDX],
  div: [EAX, EDX],
  idiv: [EAX, EDX],
  movs: [ESI, EDI, ECX],
  cmps: [ESI, EDI, ECX],
  scas: [EDI, ECX],
  stos: [EDI, ECX],
  lods: [EAX, ESI, ECX],
  popa: [EAX, ECX, EDX, EBX, EBP, ESI, EDI],
  cbw: [EAX],
  cwd: [EDX],
  loop: [ECX],
  loope: [ECX],
  loopne: [ECX],
  cmpxchg: [EAX],
  cmpxchg8b: [EAX, EDX],
  enter: [EBP],
  leave: [EBP],
  ...Object.fromEntries(
    ['aaa', 'aas', 'aad', 'aam', 'daa', 'das', 'lahf', 'salc', 'xlat', 'in'].map((name) => [name, [EAX]]),
  ),
};
const READ_ONLY_FIRST = new Set(['cmp', 'test', 'bt', 'push', 'jmp', 'call', 'bound']);
const MOVES_ESP = new Set([
  'push',
  'pop',
  'pusha',
  'popa',
  'pushf',
  'popf',
  'call',
  'ret',
  'enter',
  'leave',
  'callf',
  'retf',
  'iret',
]);

const PRIVILEGED_OR_TRAPS = new Set([
  'in',
  'out',
  'ins',
  'outs',
  'cli',
  'sti',
  'hlt',
  'clts',
  'invd',
  'wbinvd',
  'invlpg',
  'lgdt',
  'lidt',
  'lldt',
  'ltr',
  'lmsw',
  'wrmsr',
  'rdmsr',
  'ud2',
  'int',
  'int3',
  'bound',
  'les',
  'lds',
  'lss',
  'lfs',
  'lgs',
  'callf',
  'jmpf',
  'aam',
]);
const USUAL = ENCODINGS.filter(
  ({ opcode }) =>
    !PRIVILEGED_OR_TRAPS.has(opcode.mnemonic) && !opcode.operands.some((operand) => /^[CD]d$/.test(operand)),
);
const USUAL_INTEGER = USUAL.filter((encoding) => !isFloating(encoding));
const USUAL_FLOATING = USUAL.filter(
  (encoding) => isFloating(encoding) && encoding.opcode.mnemonic !== 'fpreserved',
);
/** They store pointers that processors differ in: from where in each format, and how many words. */
const SAVES = new Set(['fnstenv', 'fnsave']);
const POINTERS_AT = 3;
const POINTER_WORDS = 4;
const COMPARES_TO_FLAGS = new Set(['fcomi', 'fcomip', 'fucomi', 'fucomip']);

interface Fixup {
  /** The end of the relative field, and its size. */
  readonly end: number;
  readonly size: number;
  /** Which instruction it is to reach. */
  readonly target: number;
  /** Flags undefined, and register values known, at the branch. */
  readonly mask: number;
  readonly values: readonly (number | undefined)[];
  /** The field holds the linear address itself. */
  readonly absolute: boolean;
}

/** Makes cases of one seed, the same ones each time. */
export class Generator {
  private readonly prng: Prng;
  private readonly decoder = new Decoder();
  private bytes: number[] = [];
  private address = 0;
  /** Values of registers, as far as they are known where the next instruction goes. */
  private values: (number | undefined)[] = [];
  private pinned = 0;
  private undefined_ = 0;
  private starts = new Map<number, number>();
  private instructions = 0;
  /** A program of the coprocessor, mostly. */
  private floating = false;
  private fixups: Fixup[] = [];
  private patches: { at: number; target: number }[] = [];
  /** Offsets of immediate bytes that may be overwritten, by instruction number. */
  private immediates = new Map<number, number>();
  private startOf = new Map<number, number>();

  constructor(seed: number) {
    this.prng = new Prng(BigInt(seed), 7);
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

  private number(): number {
    const kind = this.below(10);
    if (kind < 4) return this.pick(BOUNDARIES);
    if (kind < 6) return this.below(256);
    return this.prng.next() | 0;
  }

  /** A linear address worth an access: mostly in memory, often at an edge. */
  private place(): number {
    const region = this.pick([DATA, DATA, DATA, STACK, STACK, HIGH, READ_ONLY, LOW, CODE]);
    // A store into the code is left to `modifyCode`.
    const from = region === CODE ? 0x1800 : 0;
    const span = region.bytes - from;
    const offset = this.chance(25)
      ? span - this.below(12)
      : this.chance(20)
        ? 4096 - this.below(9)
        : this.below(span);
    return (region.address + from + Math.min(offset, span + 2)) | 0;
  }

  private lowPlace(): number {
    const region = this.pick([LOW, LOW, LOW_READ_ONLY]);
    return region.address + (this.chance(25) ? region.bytes - this.below(9) : this.below(region.bytes));
  }

  /** One case: a single instruction by `encoding`, or a sequence. */
  next(encoding?: Encoding): Case {
    const sequence = encoding === undefined;
    this.bytes = [];
    this.starts.clear();
    this.startOf.clear();
    this.immediates.clear();
    this.fixups = [];
    this.patches = [];
    this.instructions = 0;
    this.undefined_ = 0;
    const lowHalf = this.chance(30);
    this.address = CODE.address + (this.chance(30) ? 4096 - this.below(40) : this.below(0x1000));
    const registers = Array.from({ length: 8 }, () => (this.chance(60) ? this.place() : this.number()));
    registers[ESP] = (STACK.address + 0x1000 + (this.below(0x200) - 0x100) * 4) | 0;
    if (this.chance(10)) registers[ESP] += this.below(4);
    if (this.chance(4)) registers[ESP] = this.place();
    if (this.chance(50)) registers[EBP] = (STACK.address + 0x800 + this.below(0x400) * 4) | 0;
    if (lowHalf)
      for (const n of [EBX, ESI, EDI, EBP])
        if (this.chance(60)) registers[n] = (registers[n] & ~0xffff) | this.lowPlace();
    if (this.chance(60))
      registers[ECX] = this.chance(50) ? this.below(40) : (registers[ECX] & ~0xff) | this.below(34);
    this.values = [...registers];
    this.pinned = 1 << ESP;
    for (let n = 0; n < 3; n++) this.pinned |= 1 << this.below(8);
    const eflags =
      ALWAYS_SET |
      (this.prng.next() & (ARITHMETIC | ID | (this.chance(15) ? DF : 0) | (this.chance(5) ? NT : 0))) |
      (this.chance(10) ? AC : 0);
    const fs = this.chance(80) ? USER_DATA : 0;
    const gs = this.chance(80) ? USER_DATA : 0;
    const fpu = this.chance(10) ? 0 : this.below(FPU_STATES);
    this.floating = this.chance(25);

    if (sequence) this.sequence();
    else this.instruction(encoding);
    // Forward branches may reach a little beyond the last instruction.
    const last = Math.max(this.instructions, ...this.fixups.map(({ target }) => target));
    while (this.instructions <= last) this.emit([INT3]);
    const mask = this.undefined_;
    this.starts.set(this.bytes.length, mask);
    this.resolve();
    return {
      address: this.address,
      code: Uint8Array.from(this.bytes),
      eflags,
      registers,
      fs,
      gs,
      fpu,
      undefinedFlags: new Map(this.starts),
      selfModifying: this.patches.length > 0,
    };
  }

  private sequence(): void {
    const length = 2 + this.below(this.chance(50) ? 8 : 30);
    while (this.instructions < length && this.bytes.length < LONGEST_CODE - 60) {
      if (this.chance(8)) this.loop();
      else if (this.chance(3)) this.modifyCode();
      else this.instruction(this.usual());
    }
  }

  /** An encoding that need not end the sequence with a fault; now and then any. */
  private usual(): Encoding {
    if (this.floating && this.chance(65)) return this.pick(USUAL_FLOATING);
    return this.pick(this.chance(2) ? ENCODINGS : USUAL_INTEGER);
  }

  /** MOV ECX, n; a few instructions; LOOP or DEC/JNZ back. */
  private loop(): void {
    this.emit([0xb9, ...bytesOf(1 + this.below(this.chance(30) ? 400 : 60), 4)]);
    const pinned = this.pinned;
    this.pinned |= 1 << ECX;
    this.defineFlags();
    const head = this.bytes.length;
    // What is known before the first round need not be known in the second.
    this.values = this.values.map((value, n) => (this.isPinned(n) && n !== ECX ? value : undefined));
    for (let n = this.below(5); n >= 0; n--) this.instruction(this.usual(), true);
    this.defineFlags();
    if (this.chance(50)) this.emit([0xe2, (head - this.bytes.length - 2) & 0xff]);
    else this.emit([0x49, 0x0f, 0x85, ...bytesOf(head - this.bytes.length - 7, 4)]);
    this.values[ECX] = undefined;
    this.pinned = pinned;
  }

  /** A store over an immediate of an instruction soon to come. */
  private modifyCode(): void {
    const at = this.bytes.length + 2;
    this.emit([0xc6, 0x05, 0, 0, 0, 0, this.below(256)]);
    for (let n = this.below(2); n > 0; n--) this.emit(this.pick([[0x90], [0x40 + this.below(4)], [0xeb, 0]]));
    const target = this.bytes.length + 1;
    this.emit(
      this.pick([
        [0xb0 + this.below(8), 0x11],
        [0x04, 0x22],
        [0x35, 1, 2, 3, 4],
        [0xb8 + this.below(3), 5, 6, 7, 8],
        [0x6a, 9],
      ]),
    );
    this.patches.push({ at, target });
    // Whatever it loads is not what the immediate says.
    for (const n of [EAX, ECX, EDX, EBX]) this.values[n] = undefined;
  }

  private isPinned(register: number): boolean {
    return ((this.pinned >>> register) & 1) !== 0;
  }

  /** CMP of two registers: every flag is defined after it. */
  private defineFlags(): void {
    this.emit([0x39, 0xc0 | this.below(64)]);
  }

  /** Emits `encoding`, with what it takes to make it do something. `confined`: no branch may leave the loop. */
  private instruction(encoding: Encoding, confined = false): void {
    const { mnemonic } = encoding.opcode;
    for (let tries = 0; ; tries++) {
      const before = {
        length: this.bytes.length,
        count: this.instructions,
        fixups: this.fixups.length,
        values: [...this.values],
        mask: this.undefined_,
      };
      const emitted = this.attempt(encoding, mnemonic, confined);
      if (emitted) return;
      this.bytes.length = before.length;
      this.instructions = before.count;
      this.fixups.length = before.fixups;
      this.values = before.values;
      this.undefined_ = before.mask;
      for (const start of this.starts.keys()) if (start >= before.length) this.starts.delete(start);
      if (tries === 4) return;
    }
  }

  private attempt(encoding: Encoding, mnemonic: string, confined: boolean): boolean {
    const { opcode } = encoding;
    this.arrive();
    if (confined && opcode.ends && !STRINGS.has(mnemonic)) return false;
    const wide = !this.chance(opcode.ends ? 6 : 15);
    const saves = SAVES.has(mnemonic);
    if (confined && saves) return false;
    const address32 = saves || !this.chance(8);
    this.prepare(encoding, mnemonic, wide);
    const prefixes: number[] = [];
    if (!wide) prefixes.push(0x66);
    if (!address32) prefixes.push(0x67);
    if (this.chance(10)) prefixes.push(this.pick(SEGMENT_PREFIXES));
    if (STRINGS.has(mnemonic) ? this.chance(65) : this.chance(2) && !NO_REPEAT.has(mnemonic))
      prefixes.push(this.pick([REP, REPNE]));
    const special = opcode.operands.some((operand) => /^[CD]d$/.test(operand));
    if (!special && this.chance(opcode.lockable ? 12 : 1)) prefixes.push(LOCK);
    if (prefixes.length > 1 && this.chance(30)) prefixes.reverse();
    if (this.chance(1))
      while (prefixes.length < 16 && this.chance(85)) prefixes.push(this.pick([0x66, 0x2e, 0x67]));
    const size = prefixes.includes(0x66) ? 2 : 4;
    const addressSize = prefixes.includes(0x67) ? 2 : 4;
    const bytes = [...prefixes, ...encoding.bytes];
    if (encoding.modrm) this.modrm(bytes, encoding, addressSize);
    const fixups: { at: number; size: number }[] = [];
    for (const operand of opcode.operands) {
      const bytesWide = SIZES[operand[1]] ?? size;
      if (/^I[a-z]$/.test(operand)) bytes.push(...bytesOf(this.immediate(mnemonic), bytesWide));
      else if (/^J[a-z]$/.test(operand)) {
        fixups.push({ at: bytes.length + bytesWide, size: bytesWide });
        bytes.push(...bytesOf(0, bytesWide));
      } else if (/^O[a-z]$/.test(operand)) {
        bytes.push(...bytesOf(addressSize === 2 ? this.lowPlace() : this.place(), addressSize));
      } else if (operand === 'Ap') {
        const own = this.chance(60);
        if (own) fixups.push({ at: bytes.length + size, size: -size });
        bytes.push(...bytesOf(this.number(), size), ...bytesOf(own ? USER_CODE : this.selector(), 2));
      }
    }
    const insn = this.decode(bytes);
    if (insn === null) {
      this.emit(bytes);
      return true;
    }
    if (this.undefinedResult(insn) || this.wouldSpoil(insn)) return false;
    if (confined && this.written(insn).includes(ECX)) return false;
    this.arrive();
    while (flagsRead(insn) & this.undefined_) {
      this.defineFlags();
      this.arrive();
    }
    const start = this.bytes.length;
    const target = this.instructions + 1 + (this.chance(50) ? 0 : this.below(4));
    for (const { at, size: field } of fixups) {
      this.fixups.push({
        end: start + at,
        size: Math.abs(field),
        target: confined ? this.instructions + 1 : target,
        mask: this.undefined_,
        values: [...this.values],
        absolute: field < 0,
      });
    }
    this.emit(bytes, insn);
    if (saves) this.overwritePointers(insn);
    // C1 is cleared by the manual, and left by AMD's processors (test/isa/fpu/README.md): FXAM sets it.
    if (COMPARES_TO_FLAGS.has(mnemonic)) this.emit([0xd9, 0xe5]);
    return true;
  }

  /** Words behind control, status and tags of an environment that has been stored. */
  private overwritePointers({ displacement, operandSize, override }: Instruction): void {
    const prefixes = override >= 0 ? [SEGMENT_PREFIXES[override]] : [];
    if (operandSize === 2) prefixes.push(0x66);
    for (let n = POINTERS_AT; n < POINTERS_AT + POINTER_WORDS; n++) {
      const at = (displacement + n * operandSize) | 0;
      this.emit([...prefixes, 0xc7, 0x05, ...bytesOf(at, 4), ...bytesOf(n, operandSize)]);
    }
  }

  private immediate(mnemonic: string): number {
    if (mnemonic === 'int') return this.pick([3, 3, 4, 0, 13, 14, 0x20, 0x81, 255]);
    if (mnemonic === 'enter' && this.chance(80)) return this.below(this.chance(50) ? 4 : 64);
    if (mnemonic === 'ret' || mnemonic === 'retf') return this.below(16) * 4;
    return this.number();
  }

  private selector(): number {
    // Between 8 and 7Fh lie descriptors of the host's own.
    return this.pick([USER_DATA, USER_DATA, USER_CODE, 0, 1, 3, 0x80, 0x4567, 0xffff, 0x93]);
  }

  /** Puts operands in place for instructions that seldom succeed on anything. */
  private prepare({ opcode, modrm }: Encoding, mnemonic: string, wide: boolean): void {
    const size = wide ? 4 : 2;
    const push = (value: number) => this.emit([...(wide ? [] : [0x66]), 0x68, ...bytesOf(value, size)]);
    const pushTarget = () => {
      if (this.chance(20)) return push(this.number());
      push(0);
      if (size === 4)
        this.fixups.push({
          end: this.bytes.length,
          size: 4,
          target: this.instructions + 3 + this.below(2),
          mask: ARITHMETIC,
          values: [...this.values],
          absolute: true,
        });
    };
    if (!ASK_OF_SELECTORS.has(mnemonic) && this.chance(12)) return;
    const flags = () =>
      (this.prng.next() &
        (ARITHMETIC |
          DF |
          ID |
          (this.chance(10) ? NT : 0) |
          (this.chance(3) ? TF : 0) |
          (this.chance(10) ? AC : 0))) |
      ALWAYS_SET;
    if (mnemonic === 'popf') push(flags());
    else if (mnemonic === 'ret') pushTarget();
    else if (mnemonic === 'retf') {
      push(this.chance(80) ? USER_CODE : this.selector());
      pushTarget();
    } else if (mnemonic === 'iret') {
      push(flags() & ~NT);
      push(this.chance(80) ? USER_CODE : this.selector());
      pushTarget();
    } else if (opcode.operands[0] === 'Sw' || ASK_OF_SELECTORS.has(mnemonic)) {
      this.emit([0xb8, ...bytesOf((this.prng.next() & ~0xffff) | this.selector(), 4)]);
    } else if (mnemonic === 'pop' && !modrm && /^[DEFGS]S$/.test(opcode.operands[0])) {
      push(this.selector());
    }
  }

  /** A ModRM byte, SIB and displacement; the registers' known values decide where an address goes. */
  private modrm(bytes: number[], encoding: Encoding, addressSize: number): void {
    const { opcode, group } = encoding;
    if (encoding.register !== undefined) {
      bytes.push(encoding.register | (encoding.anyRm ? this.below(8) : 0));
      return;
    }
    const { mnemonic, operands } = opcode;
    const special = operands.some((operand) => /^[CD]d$/.test(operand));
    const segment = operands.some((operand) => /^Sw$/.test(operand));
    let reg = group >= 0 ? group : this.below(8);
    // Control and debug registers that every processor has.
    if (special) reg = this.pick([0, 2, 3]);
    if (segment) reg = this.pick([0, 2, 3, 4, 5, 1, 3]);
    const memoryOnly = operands.some((operand) => /^M[a-z]$/.test(operand));
    const asks = ASK_OF_SELECTORS.has(mnemonic) || (operands[0] === 'Sw' && operands[1] === 'Ew');
    // With a register these bytes belong to later instructions: VEX, EVEX, what shares 0F 01 and 0F C7 (SDM volume 2, 2.3).
    const taken =
      isFloating(encoding) ||
      ['les', 'lds', 'bound', 'cmpxchg8b', 'invlpg', 'lgdt', 'lidt'].includes(mnemonic);
    if (SAVES.has(mnemonic)) bytes.push((reg << 3) | 5, ...bytesOf(this.place(), 4));
    else if (special || asks || (memoryOnly ? !taken && this.chance(2) : this.chance(40))) {
      const rm = asks ? EAX : this.below(8);
      bytes.push(0xc0 | (reg << 3) | rm);
    } else if (addressSize === 2) {
      this.address16(bytes, reg);
    } else {
      this.address32(bytes, reg);
    }
  }

  private address16(bytes: number[], reg: number): void {
    const target = this.lowPlace();
    const rm = this.below(8);
    const [base, index] = FORMS_16[rm];
    const parts = [base, index].filter((n) => n >= 0).map((n) => this.values[n]);
    const known = parts.every((value) => value !== undefined);
    if (!known || this.chance(15)) {
      bytes.push((reg << 3) | 6, ...bytesOf(target, 2));
      return;
    }
    const sum = parts.reduce((total: number, value) => total + (value as number), 0);
    const mod = rm === 6 ? this.pick([1, 2]) : this.below(3);
    bytes.push((mod << 6) | (reg << 3) | rm);
    if (mod === 1) bytes.push(this.below(256));
    else if (mod === 2) bytes.push(...bytesOf(target - sum, 2));
  }

  private address32(bytes: number[], reg: number): void {
    const known = [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => this.values[n] !== undefined);
    if (known.length === 0 || this.chance(10)) {
      bytes.push((reg << 3) | 5, ...bytesOf(this.place(), 4));
      return;
    }
    const wild = this.chance(4);
    const base = wild ? this.below(8) : this.pick(known);
    const index = wild ? this.below(8) : this.pick(known);
    const sib = base === ESP || this.chance(40);
    const scale = this.below(4);
    const value = (n: number) => this.values[n] ?? 0;
    const indexed = sib && index !== ESP && this.chance(70);
    const noBase = sib && this.chance(10);
    const sum = (noBase ? 0 : value(base)) + (indexed ? value(index) << scale : 0);
    // Without room for the difference the address is what the registers say.
    const mod = noBase ? 0 : this.pick(indexed ? [2, 2, 2, 1, 0] : [0, 1, 1, 2]);
    const usable = mod === 0 && base === EBP ? 1 : mod;
    if (sib)
      bytes.push(
        (noBase ? 0 : usable << 6) | (reg << 3) | 4,
        (scale << 6) | ((indexed ? index : 4) << 3) | (noBase ? 5 : base),
      );
    else bytes.push((usable << 6) | (reg << 3) | base);
    if (noBase || usable === 2) bytes.push(...bytesOf(this.place() - sum, 4));
    else if (usable === 1) bytes.push(this.below(256));
  }

  private decode(bytes: readonly number[]): Instruction | null {
    let at = 0;
    const insn = this.decoder.decode(() => bytes[at++] ?? 0, true);
    return typeof insn === 'string' ? null : insn;
  }

  /** Results that the manuals leave undefined, so that no two processors need agree. */
  private undefinedResult(insn: Instruction): boolean {
    const { mnemonic, operands, operandSize } = insn;
    if (mnemonic === 'bswap') return operandSize === 2;
    if (mnemonic === 'shld' || mnemonic === 'shrd') {
      const count = operands[2].kind === 2 ? operands[2].value & 31 : this.values[ECX];
      return operandSize === 2 && (count === undefined || (count & 31) > 16);
    }
    return false;
  }

  private written(insn: Instruction): number[] {
    const { mnemonic, operands } = insn;
    const found: number[] = [];
    const register = (which: number) => {
      const operand = operands[which];
      if (operand?.kind === 0) found.push(operand.size === 1 ? operand.number & 3 : operand.number);
    };
    if (!READ_ONLY_FIRST.has(mnemonic)) register(0);
    if (mnemonic === 'xchg' || mnemonic === 'xadd') register(1);
    if (!(mnemonic === 'imul' && operands.length > 1)) found.push(...(IMPLICIT[mnemonic] ?? []));
    return found;
  }

  /** Most instructions that would change a register that addresses are made of are not wanted. */
  private wouldSpoil(insn: Instruction): boolean {
    return this.instructions > 0 && this.written(insn).some((n) => this.isPinned(n)) && this.chance(85);
  }

  /** Branches may lead here: what is undefined or unknown at them is so from here on. */
  private arrive(): void {
    for (const { target, mask, values } of this.fixups) {
      if (target !== this.instructions) continue;
      this.undefined_ |= mask;
      this.values = this.values.map((value, n) => (value === values[n] ? value : undefined));
    }
  }

  /** Appends an instruction and follows what is known through it. */
  private emit(bytes: readonly number[], decoded?: Instruction): void {
    const start = this.bytes.length;
    this.arrive();
    this.starts.set(start, this.undefined_ | (this.starts.get(start) ?? 0));
    this.startOf.set(this.instructions, start);
    this.bytes.push(...bytes);
    this.instructions++;
    const insn = decoded ?? this.decode(bytes);
    if (insn === null) return;
    const { defines, undefines } = flagEffects(
      insn,
      this.values[ECX] === undefined ? undefined : this.values[ECX] & 0xff,
    );
    this.undefined_ = (this.undefined_ & ~defines) | undefines;
    for (const n of this.written(insn)) this.values[n] = undefined;
    const { mnemonic, operands } = insn;
    if (MOVES_ESP.has(mnemonic)) this.values[ESP] = undefined;
    if (mnemonic === 'mov' && operands[0].kind === 0 && operands[0].size === 4 && operands[1].kind === 2)
      this.values[operands[0].number] = operands[1].value;
  }

  private resolve(): void {
    for (const { end, size, target, absolute } of this.fixups) {
      const to = this.startOf.get(target) ?? this.bytes.length;
      const value = absolute ? this.address + to : to - end;
      bytesOf(value, size).forEach((byte, n) => {
        this.bytes[end - size + n] = byte;
      });
    }
    for (const { at, target } of this.patches) {
      bytesOf(this.address + target, 4).forEach((byte, n) => {
        this.bytes[at + n] = byte;
      });
    }
  }
}

function bytesOf(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, n) => (value >>> (8 * n)) & 0xff);
}
