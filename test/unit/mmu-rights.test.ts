import { describe, expect, it } from 'vitest';
import { MmuBench } from './mmu-fixture.ts';

/**
 * Every combination of entry bits, CR0.WP, CR4.PSE/PGE, privilege and access against an oracle written from the
 * manual's tables alone: 80386 Programmer's Reference, 5.2.4 and 6.4 (page-level protection), 9.8.14 (page fault), and
 * for WP and 4 MB pages Intel SDM volume 3, 4.3, 4.6 and 4.8.
 */
type Kind = 'read' | 'write' | 'execute';
interface Case {
  readonly pde: number;
  readonly pte: number;
  readonly wp: boolean;
  readonly pse: boolean;
  readonly pge: boolean;
  readonly cpl: 0 | 3;
  readonly kind: Kind;
}
type Outcome = { fault: number } | { physical: number; pde: number; pte: number };

const DIRECTORY = 0x10000;
const TABLE = 0x11000;
const LINEAR = 0x00803abc;
const SLOT = 2;
const INDEX = 3;
const BIG_PAGE = 0x00000000;
const SMALL_PAGE = 0x00123000;

function oracle({ pde, pte, wp, pse, cpl, kind }: Case): Outcome {
  const bit = (entry: number, n: number) => Math.floor(entry / 2 ** n) % 2 === 1;
  const codeFor = (present: boolean) => (present ? 1 : 0) + (kind === 'write' ? 2 : 0) + (cpl === 3 ? 4 : 0);
  if (!bit(pde, 0)) return { fault: codeFor(false) };
  const big = pse && bit(pde, 7);
  if (!big && !bit(pte, 0)) return { fault: codeFor(false) };
  const userPage = bit(pde, 2) && (big || bit(pte, 2));
  const writablePage = bit(pde, 1) && (big || bit(pte, 1));
  // Table 6-5: supervisor reaches everything unless WP makes read-only mean read-only.
  const allowed =
    cpl === 3 ? userPage && (kind !== 'write' || writablePage) : kind !== 'write' || writablePage || !wp;
  if (!allowed) return { fault: codeFor(true) };
  const accessed = (entry: number) => (bit(entry, 5) ? entry : entry + 32);
  const dirtied = (entry: number) => (kind !== 'write' || bit(entry, 6) ? entry : entry + 64);
  if (big) return { physical: BIG_PAGE + (LINEAR % 0x400000), pde: dirtied(accessed(pde)), pte };
  return { physical: SMALL_PAGE + (LINEAR % 0x1000), pde: accessed(pde), pte: dirtied(accessed(pte)) };
}

/** Entry bits to vary: P, RW, US, A, D, PS, G. */
const BITS = [0x001, 0x002, 0x004, 0x020, 0x040, 0x080, 0x100];
const subset = (n: number, bits: readonly number[]) =>
  bits.reduce((sum, bit, i) => sum + ((n >> i) & 1 ? bit : 0), 0);

const same = (a: Outcome, b: Outcome) =>
  'fault' in a || 'fault' in b
    ? 'fault' in a && 'fault' in b && a.fault === b.fault
    : a.physical === b.physical && a.pde === b.pde && a.pte === b.pte;

function access(bench: MmuBench, test: Case): Outcome {
  let physical = -1;
  bench.cpu.cr2 = 0;
  const fault = bench.faultOf(() => {
    if (test.kind === 'read') bench.mmu.probeRead(LINEAR, 1, test.cpl);
    else if (test.kind === 'write') bench.mmu.probeWrite(LINEAR, 1, test.cpl);
    else physical = bench.mmu.fetchFrame(LINEAR, test.cpl);
  });
  if (fault >= 0) return bench.cpu.cr2 === LINEAR ? { fault } : { fault: -2 };
  if (physical < 0) physical = bench.mmu.translateForDebug(LINEAR);
  return { physical, pde: bench.peek(DIRECTORY + SLOT * 4), pte: bench.peek(TABLE + INDEX * 4) };
}

function check(bench: MmuBench, test: Case, wanted: Outcome): void {
  const seen = access(bench, test);
  if (!same(seen, wanted)) expect({ test, seen }).toEqual({ test, seen: wanted });
}

describe('page rights', () => {
  const bench = new MmuBench({ record: false });
  for (const [wp, pse, pge] of [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [!!(n & 1), !!(n & 2), !!(n & 4)])) {
    it(`agree with the manual: WP ${wp}, PSE ${pse}, PGE ${pge}`, () => {
      let cases = 0;
      for (let pdeBits = 0; pdeBits < 1 << BITS.length; pdeBits++) {
        for (let pteBits = 0; pteBits < 1 << BITS.length; pteBits++) {
          const flags = subset(pdeBits, BITS);
          const pde = (pse && flags & 0x80 ? BIG_PAGE : TABLE) + flags;
          const pte = SMALL_PAGE + subset(pteBits, BITS);
          for (const cpl of [0, 3] as const) {
            for (const kind of ['read', 'write', 'execute'] as const) {
              const test = { pde, pte, wp, pse, pge, cpl, kind };
              bench.mmu.setCr0(1);
              bench.poke(DIRECTORY + SLOT * 4, pde);
              bench.poke(TABLE + INDEX * 4, pte);
              bench.pagingOn(DIRECTORY, wp ? 0x10001 : 1, (pse ? 0x10 : 0) | (pge ? 0x80 : 0) | 0x200);
              // Twice: by a walk, then by what that cached.
              const wanted = oracle(test);
              check(bench, test, wanted);
              check(bench, test, wanted);
              cases++;
            }
          }
        }
      }
      expect(cases).toBe(128 * 128 * 6);
    });
  }
});
