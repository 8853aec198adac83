import { describe, expect, it } from 'vitest';
import { CPL, EAX, ECX, EDI, EDX, ESI, SYSTEM_FLAGS } from '../../recorder/machine/cpu/state.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import { Ports } from './bench.ts';
import { ProtectedMode } from './protected-mode.ts';
import { CODE } from './real-mode.ts';

/** Repeated string instructions: what many iterations at once leave is what they leave one at a time, wherever a run ends. */

const PAGES = 0x80000;
const RAM_BYTES = 1 << 20;
const PAGE_TABLE = 0x21000;
const DF = 0x400;

interface Case {
  readonly code: string;
  readonly esi: number;
  readonly edi: number;
  readonly ecx: number;
  readonly eax?: number;
  readonly down?: boolean;
  readonly paging?: boolean;
  /** Of a page that is not there, or may only be read. */
  readonly absent?: number;
  readonly readOnly?: number;
  /** Bytes like each other, `value`, from here on, but for one. */
  readonly equal?: number;
  readonly value?: number;
  readonly differs?: number | undefined;
  /** Every store is recorded. */
  readonly stores?: boolean;
}

function prepared(one: Case): ProtectedMode {
  const bench = new ProtectedMode({ ramBytes: RAM_BYTES, record: true, compileAfter: 0 });
  if (one.paging !== false) bench.paging();
  bench.code(`${one.code} f4`);
  const { u8 } = bench.mem;
  for (let at = 0; at < 0x6000; at++) u8[RAM + PAGES + at] = at * 7 + (at >>> 8);
  if (one.equal !== undefined) u8.fill(one.value ?? 0, RAM + one.equal, RAM + one.equal + 0x5000);
  if (one.differs !== undefined) u8[RAM + one.differs] = 1;
  const entry = (page: number) => PAGE_TABLE + (page >>> 12) * 4;
  if (one.absent !== undefined) bench.poke32(entry(one.absent), 0);
  if (one.readOnly !== undefined) bench.poke32(entry(one.readOnly), bench.peek32(entry(one.readOnly)) & ~2);
  if (one.stores) bench.mmu.recordEveryStore(true);
  const { i32 } = bench.mem;
  i32[ESI] = one.esi;
  i32[EDI] = one.edi;
  i32[ECX] = one.ecx;
  i32[EAX] = one.eax ?? 0;
  if (one.down) i32[SYSTEM_FLAGS] |= DF;
  return bench;
}

/** Runs to the end in pieces of `slice` instructions: state, memory, TLB, events. */
function outcome(one: Case, slice: number) {
  const bench = prepared(one);
  for (let n = 0; n < 20_000 && bench.cpu.icount < 20_000 && !bench.cpu.halted; n++) bench.step(slice);
  expect(bench.cpu.halted).toBe(true);
  const tlb: number[] = [];
  bench.mmu.forEachTlbWord((word) => tlb.push(word));
  const kinds = ['paging_writes', 'exceptions', 'stores'] as const;
  const events = kinds.map((kind) => bench.events(kind));
  return { icount: bench.cpu.icount, state: bench.fingerprint(), tlb, events };
}

function expectSame(one: Case): void {
  const single = outcome(one, 1);
  for (const slice of [30_000, 100]) expect(outcome(one, slice), `in pieces of ${slice}`).toEqual(single);
}

const A = PAGES + 0xf00;
const B = PAGES + 0x3f80;
const MOVS = { 1: 'f3 a4', 2: '66 f3 a5', 4: 'f3 a5' };
const STOS = { 1: 'f3 aa', 2: '66 f3 ab', 4: 'f3 ab' };
const CMPS = { 1: 'a6', 2: '66 f3 a7', 4: 'f3 a7' };
const SIZES = [1, 2, 4] as const;

describe.each(SIZES)('elements of %i bytes', (size) => {
  const ecx = 0x300 / size;

  it('MOVS: over page ends, aligned and not, up and down', () => {
    expectSame({ code: MOVS[size], esi: A, edi: B, ecx });
    expectSame({ code: MOVS[size], esi: A + 1, edi: B + 3, ecx });
    expectSame({ code: MOVS[size], esi: A + 0x180, edi: B + 0x100, ecx, down: true });
    expectSame({ code: MOVS[size], esi: A, edi: B, ecx: 50, paging: false });
  });

  it('MOVS and STOS with each store recorded', () => {
    const all = { stores: true, ecx };
    expectSame({ ...all, code: MOVS[size], esi: A, edi: B });
    expectSame({ ...all, code: MOVS[size], esi: A + 0x100, edi: A + 0x100 + size });
    expectSame({ ...all, code: MOVS[size], esi: A + 0x100, edi: A + 0x101 });
    expectSame({ ...all, code: STOS[size], esi: A, edi: B + 1, eax: 0x89abcdef });
    expectSame({ ...all, code: STOS[size], esi: A, edi: B, readOnly: PAGES + 0x4000 });
    expectSame({ ...all, code: STOS[size], esi: A, edi: PAGE_TABLE + 0x3f0, ecx: 16, eax: 0 });
  });

  it('MOVS: what is written is read again', () => {
    for (const distance of [-3, 1, 3, 4, 64])
      expectSame({ code: MOVS[size], esi: A + 0x100, edi: A + 0x100 + distance, ecx: 300 });
  });

  it('MOVS and STOS: a page that is not there, and one that may not be written', () => {
    expectSame({ code: MOVS[size], esi: A, edi: B, ecx, absent: PAGES + 0x4000 });
    expectSame({ code: MOVS[size], esi: A, edi: B, ecx, absent: PAGES + 0x1000 });
    expectSame({ code: STOS[size], esi: A, edi: B, ecx, absent: PAGES + 0x4000, eax: 0x12345678 });
    // Page tables: each store is recorded.
    expectSame({ code: STOS[size], esi: A, edi: PAGE_TABLE + 0x3f0, ecx: 16, eax: 0 });
  });

  it('STOS: over page ends, aligned and not', () => {
    for (const edi of [B, B + 1, B + 2]) expectSame({ code: STOS[size], esi: A, edi, ecx, eax: 0x12345678 });
  });

  it('SCAS and CMPS: up to what ends them, or to the end', () => {
    for (const differs of [undefined, A + 0xff, A + 0x104]) {
      for (const repeat of ['f3', 'f2']) {
        const scas = size === 1 ? `${repeat} ae` : size === 2 ? `66 ${repeat} af` : `${repeat} af`;
        const eax = repeat === 'f3' ? 0 : size === 1 ? 1 : 1 << (((differs ?? 0) & (size - 1)) * 8);
        expectSame({ code: scas, esi: A, edi: A, ecx, equal: A, differs, eax });
      }
      const cmps = size === 1 ? 'f3 a6' : CMPS[size];
      expectSame({ code: cmps, esi: A, edi: B, ecx, equal: A, differs });
    }
  });
});

it('16-bit addresses wrap at 64 KB', () => {
  for (const code of ['67 f3 a4', '67 f3 aa', '67 f2 ae'])
    expectSame({ code, esi: 0x1ffe0, edi: 0xffc0, ecx: 0x80, eax: 0x5a, paging: false });
});

it('a limit in the middle of a page faults where it is', () => {
  const run = (slice: number) => {
    const bench = prepared({ code: 'f3 aa', esi: 0, edi: 0x100, ecx: 0x400 });
    // ES: writable, 300h bytes, at PAGES.
    bench.cpu.setSegment(0, 0x10, PAGES, 0x2ff, 0xc09300 & ~0x800000);
    for (let n = 0; n < 2000 && !bench.cpu.halted; n++) bench.step(slice);
    return { icount: bench.cpu.icount, state: bench.fingerprint(), vector: bench.vector };
  };
  const single = run(1);
  expect(single.vector).toBe(13);
  expect(run(5000)).toEqual(single);
});

/** A device with a buffer, by single elements and by many. */
class Buffer extends Ports {
  readonly bytes = Uint8Array.from({ length: 600 }, (_, n) => n * 3);
  position = 0;
  many = 0;
  override in(_port: number, size: 1 | 2 | 4): number {
    const value = this.bytes.subarray(this.position, this.position + size);
    this.position += size;
    return value.reduce((sum, byte, n) => sum | (byte << (8 * n)), 0);
  }
  override out(_port: number, size: 1 | 2 | 4, value: number): void {
    for (let n = 0; n < size; n++) this.bytes[this.position++] = value >>> (8 * n);
  }
  inMany(_port: number, size: 1 | 2 | 4, to: Uint8Array, at: number, most: number): number {
    const count = Math.max(0, Math.min(most, Math.floor((400 - this.position) / size)));
    to.set(this.bytes.subarray(this.position, this.position + count * size), at);
    this.position += count * size;
    this.many += count;
    return count;
  }
  outMany(_port: number, size: 1 | 2 | 4, from: Uint8Array, at: number, most: number): number {
    const count = Math.max(0, Math.min(most, Math.floor((400 - this.position) / size)));
    this.bytes.set(from.subarray(at, at + count * size), this.position);
    this.position += count * size;
    this.many += count;
    return count;
  }
}

it.each([
  { code: 'f3 6d', level: 0 },
  { code: 'f3 6f', level: 0 },
  { code: '66 f3 6d', level: 0 },
  { code: 'f3 6d', level: 3 },
  { code: 'f3 6d', level: 0, stores: true },
  { code: '66 f3 6d', level: 0, stores: true },
])(
  'INS and OUTS ($code, privilege level $level): from and to a buffer',
  ({ code, level, stores = false }) => {
    const run = (slice: number) => {
      const bench = prepared({ code, esi: A, edi: B, ecx: 120, stores });
      const buffer = new Buffer();
      const { i32 } = bench.mem;
      i32[EDX] = 0x1f0;
      i32[CPL] = level;
      Object.setPrototypeOf(bench.ports, Buffer.prototype);
      Object.assign(bench.ports, buffer);
      for (let n = 0; n < 2000 && !bench.cpu.halted; n++) bench.step(slice);
      const { bytes, many } = bench.ports as unknown as Buffer;
      return {
        many,
        rest: {
          icount: bench.cpu.icount,
          state: bench.fingerprint(),
          bytes: [...bytes],
          events: bench.events('stores'),
        },
      };
    };
    const single = run(1);
    const whole = run(500);
    expect(single.many).toBe(0);
    // At level 3 the permission map is asked each time.
    expect(whole.many > 0).toBe(level === 0);
    expect(whole.rest).toEqual(single.rest);
  },
);

it('code that the instruction itself lies in is fetched anew', () => {
  expectSame({ code: 'f3 a4', esi: A, edi: CODE - 0x10, ecx: 0x40, equal: A, value: 0xf4 });
});
