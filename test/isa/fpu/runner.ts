import { UNMASKED_BIAS } from '../../../recorder/machine/cpu/fpu/rounding.ts';
import { CS, DS, EAX, EDI, ES, SS } from '../../../recorder/machine/cpu/state.ts';
import { RAM } from '../../../recorder/machine/layout.ts';
import { CpuBench } from '../bench.ts';
import { AX_AT, CASE_BYTES, CODE_AT, FLAGS_AT, IMAGE_BYTES, MEMORY_AT, REGISTERS_AT } from './cases.ts';

const CODE = 0x1000;
const IMAGE = 0x2000;
const MEMORY = 0x3000;
const FLAT = 0xffffffff | 0;
const CODE_SEGMENT = 0xc09b00;
const DATA_SEGMENT = 0xc09300;
/** PE, ET and NE. */
const CR0 = 0x31;
const ARITHMETIC = 0x8d5;

/** Runs the cases of cases.ts on our CPU: FRSTOR, the instruction, FNSAVE, all as code. */
export class X87Runner {
  readonly bench = new CpuBench({ model: 'pentiumpro' });

  constructor() {
    this.reset();
  }

  private reset(): void {
    const { bench } = this;
    bench.cpu.reset();
    bench.mmu.setCr0(CR0);
    bench.cpu.setSegment(CS, 8, 0, FLAT, CODE_SEGMENT);
    for (const segment of [DS, ES, SS]) bench.cpu.setSegment(segment, 16, 0, FLAT, DATA_SEGMENT);
  }

  run(test: Uint8Array, answer: Uint8Array): void {
    const { bench } = this;
    const { cpu, mem } = bench;
    const ram = mem.u8.subarray(RAM);
    const opcode = test[CODE_AT];
    const modrm = test[CODE_AT + 1];
    // Each encoding has code of its own, so that it is decoded once after each reset; HLT keeps what follows from being decoded.
    const code = CODE + 0x10000 + (((opcode & 7) << 8) | modrm) * 32;
    if (ram[code] === 0) {
      bench.pokeBytes(code, [0xdd, 0x25, ...word(IMAGE), opcode, modrm, 0xdd, 0x35, ...word(IMAGE), 0xf4]);
    }
    ram.set(test.subarray(0, IMAGE_BYTES), IMAGE);
    ram.set(test.subarray(MEMORY_AT, MEMORY_AT + 16), MEMORY);
    cpu.eip = code;
    cpu.eflags = (test[FLAGS_AT] | (test[FLAGS_AT + 1] << 8)) & ARITHMETIC;
    cpu.setRegister(EAX, 0x5555);
    cpu.setRegister(EDI, MEMORY);
    bench.step(3);
    answer.set(ram.subarray(IMAGE, IMAGE + IMAGE_BYTES), 0);
    answer.set(ram.subarray(MEMORY, MEMORY + 16), MEMORY_AT);
    const view = new DataView(answer.buffer, answer.byteOffset, CASE_BYTES);
    view.setUint16(AX_AT, cpu.register(EAX), true);
    view.setUint16(FLAGS_AT, cpu.eflags, true);
    if (cpu.eip === code + 14) return;
    answer.fill(0xff);
    this.reset();
  }
}

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** Words of the image that are compared: control, status, tags; pointers are not (README.md). */
const WORDS = ['control', 'status', 'tags'];

export function showExtended(view: DataView, at: number): string {
  return `${hex(view.getUint16(at + 8, true), 4)}.${view.getBigUint64(at, true).toString(16).padStart(16, '0')}`;
}

/** Bytes of an answer that are compared: the low halves of the words of the image, then all from the registers on. */
const COMPARED = Array.from({ length: CASE_BYTES }, (_, at) => at).filter(
  (at) => at >= REGISTERS_AT || (at < 4 * WORDS.length && (at & 3) < 2),
);

/** Differences between two answers, in words. */
export function differences(test: Uint8Array, ours: Uint8Array, theirs: Uint8Array): string[] {
  if (COMPARED.every((at) => ours[at] === theirs[at])) return [];
  const [opcode, modrm] = test.subarray(CODE_AT, CODE_AT + 2);
  const comparesToFlags = (opcode === 0xdb || opcode === 0xdf) && modrm >= 0xe8 && modrm < 0xf8;
  const found: string[] = [];
  const a = new DataView(ours.buffer, ours.byteOffset, CASE_BYTES);
  const b = new DataView(theirs.buffer, theirs.byteOffset, CASE_BYTES);
  const compare = (what: string, got: number, want: number) => {
    if (got !== want) found.push(`${what} is ${hex(got, 4)}, not ${hex(want, 4)}`);
  };
  // FCOMI and its kind clear C1 by the manual (SDM volume 2); AMD's processors leave it.
  const c1 = comparesToFlags ? 0x200 : 0;
  WORDS.forEach((name, n) => {
    const mask = name === 'status' ? ~c1 : -1;
    compare(name, a.getUint16(4 * n, true) & mask, b.getUint16(4 * n, true) & mask);
  });
  for (let i = 0; i < 8; i++) {
    const got = showExtended(a, 28 + 10 * i);
    const want = showExtended(b, 28 + 10 * i);
    if (got !== want) found.push(`st(${i}) is ${got}, not ${want}`);
  }
  for (let at = 0; at < 16; at++) compare(`memory+${at}`, ours[MEMORY_AT + at], theirs[MEMORY_AT + at]);
  compare('ax', a.getUint16(AX_AT, true), b.getUint16(AX_AT, true));
  compare('flags', a.getUint16(FLAGS_AT, true) & ARITHMETIC, b.getUint16(FLAGS_AT, true) & ARITHMETIC);
  return found;
}

/** A number as an integer that counts the numbers of the format, so that neighbours differ by one. */
function ordinal(view: DataView, at: number, bias = 0): bigint {
  const se = view.getUint16(at + 8, true);
  const exponent = se & 0x7fff;
  const size =
    (BigInt(exponent >= bias ? exponent - bias : exponent) << 63n) +
    (view.getBigUint64(at, true) & ((1n << 63n) - 1n));
  return se & 0x8000 ? -size : size;
}

/** Underflow, in the control word its mask; with ES and B what the status word says of one. */
const UNDERFLOW = 0x10;
const UNDERFLOWED = 0x8080 | UNDERFLOW;
/** The least normal number as `ordinal` counts it. */
const LEAST_NORMAL = 1n << 63n;

/** Neighbours on either side of the least normal number, or both on it: whether a result was tiny goes with its last bit. */
function meetLeastNormal(one: bigint, other: bigint): boolean {
  const [a, b] = [one, other].map((n) => (n < 0n ? -n : n));
  return a < b ? a <= LEAST_NORMAL && LEAST_NORMAL <= b : b <= LEAST_NORMAL && LEAST_NORMAL <= a;
}

/** Defined by the manual: -(1 - 1/sqrt 2) <= x <= sqrt 2 - 1 (SDM volume 2, FYL2XP1). */
const FYL2XP1_LARGEST = 0.41421356;
const FYL2XP1_LEAST = -0.29289321;

function inDomain(test: Uint8Array): boolean {
  if (test[CODE_AT + 1] !== 0xf9) return true;
  const view = new DataView(test.buffer, test.byteOffset, CASE_BYTES);
  const se = view.getUint16(28 + 8, true);
  const x = Number(view.getBigUint64(28, true)) * 2 ** ((se & 0x7fff) - 16383 - 63) * (se & 0x8000 ? -1 : 1);
  return x >= FYL2XP1_LEAST && x <= FYL2XP1_LARGEST;
}

/**
 * Differences of a transcendental instruction by more than one in the last place. What follows from the last bit is apart:
 * C1, the tag, and underflow where one result is the least normal number and the other tiny (SDM volume 1, 4.9.1.5).
 */
export function roughDifferences(test: Uint8Array, ours: Uint8Array, theirs: Uint8Array): string[] {
  const a = new DataView(ours.buffer, ours.byteOffset, CASE_BYTES);
  const b = new DataView(theirs.buffer, theirs.byteOffset, CASE_BYTES);
  const most = inDomain(test) ? 1n : 4n;
  const aligned = ours.slice();
  const view = new DataView(aligned.buffer);
  view.setUint16(4, (a.getUint16(4, true) & ~0x200) | (b.getUint16(4, true) & 0x200), true);
  const top = (a.getUint16(4, true) >>> 11) & 7;
  const tiny = (view.getUint16(4, true) ^ b.getUint16(4, true)) & UNDERFLOW;
  // The exponent of an underflow that is not masked is wrapped.
  const masked = (a.getUint16(0, true) & UNDERFLOW) !== 0;
  const bias = (answer: DataView) =>
    tiny !== 0 && !masked && answer.getUint16(4, true) & UNDERFLOW ? UNMASKED_BIAS : 0;
  for (let i = 0; i < 8; i++) {
    const at = 28 + 10 * i;
    const got = ordinal(a, at, bias(a));
    const want = ordinal(b, at, bias(b));
    const apart = got - want;
    if (apart < -most || apart > most) continue;
    if (tiny !== 0 && meetLeastNormal(got, want)) {
      const status = view.getUint16(4, true) & ~UNDERFLOWED;
      view.setUint16(4, status | (b.getUint16(4, true) & UNDERFLOWED), true);
    }
    aligned.set(theirs.subarray(at, at + 10), at);
    // Its tag follows: a neighbour of the least normal number is a denormal one.
    const tag = 3 << (2 * ((top + i) & 7));
    view.setUint16(8, (view.getUint16(8, true) & ~tag) | (b.getUint16(8, true) & tag), true);
  }
  return differences(test, aligned, theirs);
}

/** A case in words. */
export function describeCase(test: Uint8Array): string {
  const view = new DataView(test.buffer, test.byteOffset, CASE_BYTES);
  const memory = [...test.subarray(MEMORY_AT, MEMORY_AT + 10)].map((byte) => hex(byte, 2)).join('');
  const rm = test[CODE_AT + 1] & 7;
  return (
    `${hex(test[CODE_AT], 2)} ${hex(test[CODE_AT + 1], 2)} cw ${hex(view.getUint16(0, true), 4)} ` +
    `sw ${hex(view.getUint16(4, true), 4)} tags ${hex(view.getUint16(8, true), 4)} ` +
    `st(0) ${showExtended(view, 28)} st(1) ${showExtended(view, 38)} st(${rm}) ${showExtended(view, 28 + 10 * rm)} memory ${memory}`
  );
}
