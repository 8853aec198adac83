import { describe, expect, it } from 'vitest';
import { NO_PROFILE, type ResolvedProfile } from '../../recorder/machine/config.ts';
import { EVENT_KIND_NAMES } from '../../schemas/events.ts';
import type { BenchOptions } from './bench.ts';
import { ProtectedMode } from './protected-mode.ts';

/**
 * Random programs that change page tables under their own feet, run four ways: by handlers alone (so that every access
 * goes to the MMU), by micro-ops (so that it goes by mmu/short-path.ts), by micro-ops a few instructions at a time, and compiled.
 * State, TLB and every event must be the same.
 */

const DIRECTORY = 0x40000;
const OTHER_DIRECTORY = 0x41000;
const IDENTITY = 0x42000;
const TABLE = 0x43000;
const OTHER_TABLE = 0x44000;
const PROGRAM = 0x80000;
/** Another program of the same shape: the pages of both change places. */
const OTHER_PROGRAM = 0x90000;
const FIX_UP = 0x3000;
const DATA_FRAME = 0x100;
const PAGES = 24;
const WINDOW_SLOT = 256;
const WINDOW = 0x40000000;
const RECURSIVE = 1000;
const ALTERNATE = 1001;
const OPERATIONS = 240;
const INSTRUCTIONS = 2500;
/** Every operation begins at a multiple of this: the fault handler goes on at the next. */
const SPACING = 16;

function generator(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** The bytes of a random operation. */
function operation(random: (below: number) => number): number[] {
  const page = random(PAGES);
  const inPage = random(8) === 0 ? 0xffd + random(3) : random(1020);
  const linear = WINDOW + page * 4096 + inPage;
  const flags = (random(10) && 1) | (random(5) && 2) | (random(5) && 4) | (random(2) << 5) | (random(2) << 6);
  const entry = ((DATA_FRAME + random(16)) << 12) | (flags & 0x67);
  const slotOf = (slot: number) => (slot << 22) >>> 0;
  switch (random(20)) {
    case 0:
    case 1:
      return [0xc7, 0x05, ...word(linear), ...word(random(1 << 30))];
    case 2:
      return [0x88, 0x0d, ...word(linear)];
    case 3:
      return [0x66, 0x89, 0x0d, ...word(linear)];
    case 4:
    case 5:
      return [0x8b, 0x0d, ...word(linear)];
    case 6:
      return [0x0f, 0xb6, 0x15, ...word(linear)];
    case 7:
      return [0x01, 0x0d, ...word(linear)];
    case 8:
    case 9:
      return [0xc7, 0x05, ...word((random(4) ? TABLE : OTHER_TABLE) + page * 4), ...word(entry)];
    case 10:
      return [0xc6, 0x05, ...word(TABLE + page * 4), flags & 0x67];
    case 11: {
      const window = random(2) ? RECURSIVE : ALTERNATE;
      return [0xc7, 0x05, ...word(slotOf(window) + (WINDOW_SLOT << 12) + page * 4), ...word(entry)];
    }
    case 12:
      return [0x8b, 0x0d, ...word(slotOf(random(2) ? RECURSIVE : ALTERNATE) + (WINDOW_SLOT << 12))];
    case 13: {
      const table = (random(3) ? TABLE : OTHER_TABLE) | 0x27;
      const directory = (random(2) ? DIRECTORY : OTHER_DIRECTORY) | 3;
      const into = random(2) ? DIRECTORY : OTHER_DIRECTORY;
      return random(2)
        ? [0xc7, 0x05, ...word(into + WINDOW_SLOT * 4), ...word(table)]
        : [0xc7, 0x05, ...word(into + ALTERNATE * 4), ...word(directory)];
    }
    case 14:
    case 15:
      return [0x0f, 0x01, 0x3d, ...word(linear)];
    case 16:
      return [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
    case 17: {
      const from = random(2) ? PROGRAM : OTHER_PROGRAM;
      return [0xc7, 0x05, ...word(IDENTITY + (PROGRAM >> 10)), ...word(from | 7)];
    }
    default:
      return random(3)
        ? [0xb8, ...word(random(2) ? DIRECTORY : OTHER_DIRECTORY), 0x0f, 0x22, 0xd8]
        : [0x0f, 0x20, 0xc0, 0x35, ...word(0x10000), 0x0f, 0x22, 0xc0];
  }
}

function prepare(seed: number, user: boolean, options: BenchOptions): ProtectedMode {
  const bench = new ProtectedMode({ record: true, ...options });
  for (let page = 0; page < 1024; page++) bench.poke32(IDENTITY + page * 4, (page << 12) | 7);
  for (let page = 0; page < PAGES; page++) {
    bench.poke32(TABLE + page * 4, ((DATA_FRAME + page) << 12) | 7);
    bench.poke32(OTHER_TABLE + page * 4, ((DATA_FRAME + PAGES - page) << 12) | 7);
  }
  for (const [directory, other, table] of [
    [DIRECTORY, OTHER_DIRECTORY, TABLE],
    [OTHER_DIRECTORY, DIRECTORY, OTHER_TABLE],
  ]) {
    bench.poke32(directory, IDENTITY | 7);
    bench.poke32(directory + WINDOW_SLOT * 4, table | 7);
    bench.poke32(directory + RECURSIVE * 4, directory | 7);
    bench.poke32(directory + ALTERNATE * 4, other | 7);
  }
  // add esp, 4; add dword [esp], SPACING; and dword [esp], -SPACING; iret
  bench.pokeBytes(FIX_UP, [
    0x83,
    0xc4,
    4,
    0x83,
    0x04,
    0x24,
    SPACING,
    0x83,
    0x24,
    0x24,
    -SPACING & 0xff,
    0xcf,
  ]);
  for (const vector of [13, 14]) bench.interruptGate(vector, FIX_UP);
  const random = generator(seed);
  for (let n = 0; n < OPERATIONS; n++) {
    for (const program of [PROGRAM, OTHER_PROGRAM]) {
      const bytes = operation(random);
      for (let i = 0; i < SPACING; i++) bench.poke8(program + n * SPACING + i, bytes[i] ?? 0x90);
    }
  }
  for (const program of [PROGRAM, OTHER_PROGRAM]) {
    bench.pokeBytes(program + OPERATIONS * SPACING, [0xe9, ...word(-OPERATIONS * SPACING - 5)]);
  }
  bench.mmu.setCr3(DIRECTORY);
  bench.mmu.setCr0(0x80000011 | 0);
  if (user) bench.user();
  bench.cpu.eip = PROGRAM;
  return bench;
}

function outcome(bench: ProtectedMode, slice: number): unknown {
  while (bench.cpu.icount < INSTRUCTIONS && bench.cpu.shutdown === null) {
    bench.step(Math.min(slice, INSTRUCTIONS - bench.cpu.icount));
  }
  const tlb: number[] = [];
  bench.mmu.forEachTlbWord((value) => tlb.push(value));
  return {
    state: bench.fingerprint(),
    tlb,
    events: Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, bench.events(kind)])),
  };
}

const BSD = { ...NO_PROFILE, recursiveSlot: RECURSIVE, alternateSlot: ALTERNATE };

/** Windows of every kind, over what the programs use. */
const DECLARED: ResolvedProfile['windows'] = [
  { name: 'pages', kind: 'pages', linear: WINDOW + 3 * 4096, pages: 5 },
  { name: 'tables', kind: 'pages', linear: TABLE, pages: 1 },
  { name: 'slot', kind: 'slot', linear: (1003 << 22) >>> 0, pages: 0 },
  { name: 'word', kind: 'word', linear: WINDOW + 12 * 4096 + 0x40, pages: 0 },
  { name: 'cr3', kind: 'cr3', linear: 0, pages: 0 },
];

describe.each([
  ['with windows', BSD],
  ['without a profile', NO_PROFILE],
  ['with the alternate map and declared windows', { ...BSD, windows: DECLARED }],
])('the short path does what the MMU does, %s', (_name, profile) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('seed %i', (seed) => {
    const user = seed % 2 === 1;
    const byHandlers = outcome(prepare(seed, user, { profile, specialise: false }), INSTRUCTIONS);
    expect(outcome(prepare(seed, user, { profile }), INSTRUCTIONS)).toEqual(byHandlers);
    expect(outcome(prepare(seed, user, { profile }), 7)).toEqual(byHandlers);
    expect(outcome(prepare(seed, user, { profile, compileAfter: 1 }), INSTRUCTIONS)).toEqual(byHandlers);
    const { events } = byHandlers as { events: Record<string, unknown[]> };
    expect(events.paging_writes.length).toBeGreaterThan(100);
    expect(events.exceptions.length).toBeGreaterThan(0);
  });

  it('without recording', () => {
    const options = { profile, record: false };
    const byHandlers = outcome(prepare(8, false, { ...options, specialise: false }), INSTRUCTIONS);
    expect(outcome(prepare(8, false, options), INSTRUCTIONS)).toEqual(byHandlers);
  });
});

it.each([0, 2])('declared windows make events of their own and change no others, seed %i', (seed) => {
  const run = (windows?: ResolvedProfile['windows']) =>
    outcome(prepare(seed, false, { profile: { ...BSD, windows: windows ?? [] } }), INSTRUCTIONS) as {
      events: Record<string, Record<string, number>[]>;
      state: unknown;
      tlb: unknown;
    };
  const [plain, declared] = [run(), run(DECLARED)];
  expect(declared.events.window_switches.length).toBeGreaterThan(10);
  expect(declared.events.window_accesses.length).toBeGreaterThan(10);
  const others = ({ events }: typeof plain) =>
    Object.entries(events)
      .filter(([kind]) => !kind.startsWith('window_'))
      .map(([kind, rows]) => [kind, rows.map((row) => ({ ...row, seq: 0 }))]);
  expect(others(declared)).toEqual(others(plain));
  expect([declared.state, declared.tlb]).toEqual([plain.state, plain.tlb]);
});
