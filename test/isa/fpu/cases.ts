/**
 * Random x87 instructions: the state before, as oracle.c takes it. Operands are drawn from every class, with emphasis on
 * what rounding and the exceptions turn on: ties, neighbours of powers of two, ends of the exponent range.
 */
export const CASE_BYTES = 128;
export const IMAGE_BYTES = 108;
/** Offsets in a case or answer. */
export const REGISTERS_AT = 28;
export const MEMORY_AT = 108;
export const CODE_AT = 124;
export const AX_AT = 124;
export const FLAGS_AT = 126;

/** mulberry32: a seed tells all. */
export class Draws {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }
  word(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(bound: number): number {
    return this.word() % bound;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}

export interface Extended {
  se: number;
  significand: bigint;
}

const INTEGER = 1n << 63n;

/** Significands (integer bit apart) that rounding to 24, 53 or 64 bits finds interesting. */
function significand(draws: Draws): bigint {
  const random = (BigInt(draws.word()) << 32n) | BigInt(draws.word());
  switch (draws.below(10)) {
    case 0:
      return 0n;
    case 1:
      return (1n << 63n) - 1n;
    case 2:
      return BigInt(draws.below(4)) << BigInt(draws.below(62));
    case 3:
      // A tie, or just beside one, at 24 bits.
      return ((random >> 40n) << 40n) + (1n << 39n) + BigInt(draws.below(3) - 1);
    case 4:
      return ((random >> 11n) << 11n) + (1n << 10n) + BigInt(draws.below(3) - 1);
    case 5:
      return -1n - BigInt(draws.below(4)) * (1n << BigInt(draws.below(60)));
    case 6:
      return (random >> 40n) << 40n;
    case 7:
      return (random >> 11n) << 11n;
    default:
      return random;
  }
}

export function extended(draws: Draws, near?: number): Extended {
  const sign = draws.below(2) << 15;
  const fraction = significand(draws) & (INTEGER - 1n);
  const normal = (exponent: number) => ({
    se: sign | Math.min(Math.max(exponent, 1), 0x7ffe),
    significand: INTEGER | fraction,
  });
  switch (draws.below(24)) {
    case 0:
      return { se: sign, significand: 0n };
    case 1:
      return { se: sign | 0x7fff, significand: INTEGER };
    case 2:
      return { se: sign | 0x7fff, significand: INTEGER | (1n << 62n) | fraction };
    case 3:
      return { se: sign | 0x7fff, significand: INTEGER | (fraction & ~(1n << 62n)) | 1n };
    case 4:
      return { se: sign, significand: (fraction >> BigInt(draws.below(62))) | 1n };
    case 5:
      return { se: sign, significand: INTEGER | (fraction >> BigInt(draws.below(62))) };
    case 6:
      return { se: sign | (1 + draws.below(0x7fff)), significand: fraction };
    case 7:
      return normal(1 + draws.below(70));
    case 8:
      return normal(0x7ffe - draws.below(70));
    case 9:
    case 10:
      return normal(draws.below(0x7fff));
    case 11:
      // Ends of the ranges of single and double.
      return normal(16383 + draws.pick([-127, 128, -1023, 1024, -1074, -150]) + draws.below(60) - 30);
    case 12:
    case 13:
      return {
        se: sign | (16383 + draws.below(64)),
        significand: INTEGER | ((fraction >> 40n) << BigInt(draws.below(41))),
      };
    case 14:
    case 15:
    case 16:
      if (near !== undefined) return normal((near & 0x7fff) + draws.below(140) - 70);
      return normal(16383 + draws.below(140) - 70);
    case 17:
      return { se: sign | (16383 + draws.below(66)), significand: INTEGER };
    default:
      return normal(16383 + draws.below(70) - 8);
  }
}

export function putExtended(view: DataView, at: number, { se, significand: value }: Extended): void {
  view.setBigUint64(at, BigInt.asUintN(64, value), true);
  view.setUint16(at + 8, se, true);
}

/** A memory operand of `size` bytes: a real or an integer; 10 bytes may also be decimal digits. */
function memory(draws: Draws, view: DataView, size: number, integer: boolean, bcd: boolean): void {
  for (let at = 0; at < 16; at += 4) view.setUint32(MEMORY_AT + at, 0xa5a5a5a5, true);
  if (bcd) {
    for (let at = 0; at < 9; at++) view.setUint8(MEMORY_AT + at, draws.below(10) * 16 + draws.below(10));
    view.setUint8(MEMORY_AT + 9, draws.below(2) << 7);
    if (draws.below(4) === 0) for (let at = draws.below(9); at < 9; at++) view.setUint8(MEMORY_AT + at, 0);
  } else if (size === 10) {
    putExtended(view, MEMORY_AT, extended(draws));
  } else if (integer || draws.below(8) === 0) {
    const value = draws.pick([
      0,
      1,
      -1,
      0x7fffffff,
      -0x80000000,
      draws.word(),
      draws.word(),
      draws.below(1000),
    ]);
    view.setInt32(MEMORY_AT, value, true);
    if (size === 8) view.setInt32(MEMORY_AT + 4, draws.pick([0, -1, draws.word(), 0x80000000]), true);
  } else {
    const exponents = size === 4 ? 0xff : 0x7ff;
    const exponent = draws.pick([
      0,
      0,
      exponents,
      draws.below(exponents),
      draws.below(exponents),
      exponents >> 1,
    ]);
    const bits = significand(draws) & (INTEGER - 1n);
    const sign = BigInt(draws.below(2));
    if (size === 4) {
      const value = (sign << 31n) | (BigInt(exponent) << 23n) | (bits >> 40n);
      view.setUint32(MEMORY_AT, Number(value), true);
    } else {
      const value = (sign << 63n) | (BigInt(exponent) << 52n) | (bits >> 11n);
      view.setBigUint64(MEMORY_AT, value, true);
    }
  }
}

/** Bytes of the memory operand by escape byte and ModRM.reg; 0 where there is none that matters. */
const SIZES = [
  [4, 4, 4, 4, 4, 4, 4, 4],
  [4, 0, 4, 4, 0, 2, 0, 2],
  [4, 4, 4, 4, 4, 4, 4, 4],
  [4, 0, 4, 4, 0, 10, 0, 10],
  [8, 8, 8, 8, 8, 8, 8, 8],
  [8, 0, 8, 8, 0, 0, 0, 2],
  [2, 2, 2, 2, 2, 2, 2, 2],
  [2, 0, 2, 2, 10, 8, 10, 8],
];

/** Every instruction with one memory operand or none, as [opcode, ModRM]; environments are tested elsewhere. */
export const ENCODINGS: readonly (readonly [number, number])[] = SIZES.flatMap((row, n) => [
  ...row.flatMap((size, reg) => (size > 0 ? [[0xd8 + n, (reg << 3) | 7] as const] : [])),
  ...Array.from({ length: 64 }, (_, rm) => [0xd8 + n, 0xc0 + rm] as const),
]);

export const isMemory = (modrm: number): boolean => modrm < 0xc0;

/** F2XM1 FYL2X FPTAN FPATAN, FYL2XP1 FSINCOS FSIN FCOS: where no two implementations agree to the last bit. */
export const isTranscendental = (opcode: number, modrm: number): boolean =>
  opcode === 0xd9 && [0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff].includes(modrm);

/** Control words: every rounding, every precision, and masks: mostly all, sometimes some. */
function controlWord(draws: Draws): number {
  const masks = draws.below(3) > 0 ? 0x3f : draws.pick([0, 1, 2, 4, 8, 16, 32]) ^ draws.pick([0, 0x3f]);
  const precision = draws.pick([0, 2, 3, 3]);
  return 0x40 | masks | (precision << 8) | (draws.below(4) << 10);
}

/** Below 16, down to 2^-68: where the transcendental functions have something to compute. */
function moderateOperand(draws: Draws): Extended {
  const sign = draws.below(2) << 15;
  return {
    se: sign | (16383 + 3 - draws.below(draws.pick([6, 72]))),
    significand: INTEGER | significand(draws),
  };
}

/** Writes one case. */
export function makeCase(draws: Draws, opcode: number, modrm: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, CASE_BYTES);
  bytes.fill(0);
  const control = controlWord(draws);
  const top = draws.below(8);
  // Conditions before, to see what is left alone; flags that are set already, if masked.
  const conditions = draws.word() & 0x4700;
  const sticky = draws.below(4) === 0 ? draws.word() & control & 0x3f : 0;
  const empties =
    draws.below(6) === 0 ? draws.word() & 0xff : draws.below(8) === 0 ? 0 : 1 << ((top + 7) & 7);
  let tags = 0;
  for (let n = 0; n < 8; n++) if ((empties >> n) & 1) tags |= 3 << (2 * n);
  view.setUint32(0, 0xffff0000 | control, true);
  view.setUint32(4, 0xffff0000 | conditions | (top << 11) | sticky, true);
  view.setUint32(8, 0xffff0000 | tags, true);
  const moderate = isTranscendental(opcode, modrm) && draws.below(2) === 0;
  const first = moderate ? moderateOperand(draws) : extended(draws);
  const second = extended(draws, first.se);
  const rm = isMemory(modrm) ? 1 : modrm & 7;
  for (let i = 0; i < 8; i++) {
    const filler = { se: 0x4000 + i, significand: INTEGER | (BigInt(i) << 60n) };
    const value = i === 0 ? first : i === 1 || i === rm ? second : filler;
    putExtended(view, REGISTERS_AT + 10 * i, value);
  }
  const reg = (modrm >> 3) & 7;
  const size = isMemory(modrm) ? SIZES[opcode - 0xd8][reg] : 0;
  const integer = (opcode & 1) === 0 ? (opcode & 2) !== 0 : opcode !== 0xd9 && opcode !== 0xdd;
  memory(draws, view, size, integer, opcode === 0xdf && reg === 4 && isMemory(modrm));
  if (opcode === 0xd9 && modrm === 0x2f) view.setUint16(MEMORY_AT, controlWord(draws), true);
  view.setUint8(CODE_AT, opcode);
  view.setUint8(CODE_AT + 1, modrm);
  view.setUint16(FLAGS_AT, 0x202 | (draws.word() & 0x8d5), true);
}
