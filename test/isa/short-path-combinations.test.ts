import { describe, expect, it } from 'vitest';
import { NO_PROFILE, type ResolvedProfile } from '../../recorder/machine/config.ts';
import type { Core } from '../../recorder/machine/cpu/core.ts';
import { AC } from '../../recorder/machine/cpu/flags.ts';
import {
  CPL,
  CR3,
  EAX,
  EBX,
  ECX,
  EIP,
  ICOUNT,
  LATCH_PAGE,
  LATCH_PHYSICAL,
  RUN_END,
} from '../../recorder/machine/cpu/state.ts';
import {
  createHostCalls,
  HOST_CALLS,
  type HostCallName,
  type HostCalls,
} from '../../recorder/machine/cpu/wasm/host-calls.ts';
import { createHelpers } from '../../recorder/machine/cpu/wasm/runtime.ts';
import { SEQ } from '../../recorder/machine/events/row-buffers.ts';
import {
  BIOS_ROM_BYTES,
  FAST_PATH,
  FRAME_STATE,
  OPTION_ROM_BYTES,
  RAM,
  TLB_DERIVED,
  TLB_STATE,
} from '../../recorder/machine/layout.ts';
import { type ShortPath, WRITE_BY_CALL } from '../../recorder/machine/mmu/short-path.ts';
import { TLB_LAYOUT } from '../../recorder/machine/mmu/tlb.ts';
import { Stops } from '../../recorder/machine/state/stops.ts';
import { EVENT_KIND_NAMES, type EventKind } from '../../schemas/events.ts';
import type { Row } from '../unit/seen-events.ts';
import { ProtectedMode } from './protected-mode.ts';

/**
 * Every kind of access to every kind of page, under everything that can ask for attention, by the short path and by the
 * MMU: the value, the fault, memory, TLB, fast path, events and what a debugger saw must be the same.
 */

const DIRECTORY = 0x40000;
const IDENTITY = 0x42000;
const TABLE = 0x43000;
/** Holds the same as TABLE. */
const COPIED_TABLE = 0x44000;
/** In an odd megabyte: with address line 20 down it is FAR_TABLE - 1 MB. */
const FAR_TABLE = 0x143000;
const OTHER_DIRECTORY = 0x41000;
const WINDOW_SLOT = 256;
const WINDOW = WINDOW_SLOT << 22;
const FAR_SLOT = 257;
const LARGE_SLOT = 258;
const ABSENT_SLOT = 259;
const UNUSED_SLOT = 260;
const RECURSIVE = 1000;
const ALTERNATE = 1001;
const ROM_FRAME = 0xf0;
const BEYOND = 0x500;
const FAR_DATA = 0x208000;
/** Words of a page that the accesses reach. */
const WORDS = [16, 17, 1023];

const P = 1;
const W = 2;
const U = 4;
const A = 0x20;
const D = 0x40;
const G = 0x100;
const ALL = P | W | U | A | D;

/** Pages of the window: what their PTE holds. */
const PTES = {
  plain: (0x200 << 12) | ALL,
  'in an odd megabyte': (0x101 << 12) | ALL,
  'never accessed': (0x202 << 12) | P | W | U,
  clean: (0x203 << 12) | P | W | U | A,
  'read-only': (0x204 << 12) | P | U | A | D,
  'of the supervisor': (0x205 << 12) | P | W | A | D,
  global: (0x206 << 12) | ALL | G,
  absent: 0,
  'a page table': TABLE | ALL,
  'a directory': DIRECTORY | ALL,
  'with decoded code': (0x207 << 12) | ALL,
  'of ROM': (ROM_FRAME << 12) | ALL,
  'beyond RAM': (BEYOND << 12) | ALL,
} as const;
/** Of the instructions themselves. */
const CODE = 0x1000;
const OF_CODE = 'of the code';
const PAGES: readonly [name: string, linear: number][] = [
  ...Object.keys(PTES).map((name, n): [string, number] => [name, WINDOW + n * 4096]),
  ['by a far table', FAR_SLOT << 22],
  ['large', LARGE_SLOT << 22],
  ['by an absent table', ABSENT_SLOT << 22],
  ['by a table never used', UNUSED_SLOT << 22],
  ['in the recursive window', (RECURSIVE << 22) + (WINDOW_SLOT << 12)],
  ['in the alternate window', (ALTERNATE << 22) + (WINDOW_SLOT << 12)],
  [OF_CODE, CODE],
];

type CompiledKind =
  | 'fill for a read'
  | 'fill for a write'
  | 'fill for a change'
  | 'store'
  | 'code fetch'
  | 'invlpg by compiled code'
  | 'load of CR3';

interface Access {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: 'read' | 'write' | 'fetch' | 'invlpg' | CompiledKind;
}
/** The value of a store. */
const VALUE = 0x1234567f;
const OPERANDS: readonly [offset: number, size: number][] = [
  [0x40, 1],
  [0x40, 4],
  [0x41, 4],
  [0xffe, 4],
];
const ACCESSES: readonly Access[] = [
  ...OPERANDS.flatMap(([offset, size]): Access[] => [
    { name: `read of ${size} at ${offset}`, offset, size, kind: 'read' },
    { name: `write of ${size} at ${offset}`, offset, size, kind: 'write' },
  ]),
  { name: 'fetch', offset: 0x40, size: 1, kind: 'fetch' },
  { name: 'INVLPG', offset: 0x40, size: 1, kind: 'invlpg' },
];

/** Those of compiled code, by the short path and by its own helpers. */
const COMPILED_ACCESSES: readonly Access[] = [
  ...(['fill for a read', 'fill for a write', 'fill for a change'] as const).map((kind) => ({
    name: kind,
    offset: 0x40,
    size: 4,
    kind,
  })),
  ...[1, 2, 4].map((size) => ({ name: `store of ${size}`, offset: 0x44, size, kind: 'store' as const })),
  { name: 'code fetch', offset: 0x40, size: 1, kind: 'code fetch' },
  { name: 'store of 4 across entries', offset: 0x42, size: 4, kind: 'store' },
  { name: 'INVLPG', offset: 0x40, size: 1, kind: 'invlpg by compiled code' },
  { name: 'load of CR3', offset: 0, size: 4, kind: 'load of CR3' },
];
const isPrivileged = ({ kind }: Access): boolean =>
  kind === 'invlpg by compiled code' || kind === 'load of CR3';
/** Places of an instruction of compiled code: instructions left before it, EIP of the next, and if its page has a slot. */
const PLACES = [
  { left: 7, next: CODE + 3, hasSlot: true },
  { left: 7, next: CODE + 3, hasSlot: false },
  { left: 1, next: CODE + 3, hasSlot: true },
  { left: 7, next: CODE + 0x1002, hasSlot: true },
] as const;

const WARMTHS = ['cold', 'read before', 'written before', 'changed since'] as const;
/** The ways of the page's set hold other pages, one of them a fragment of a large page; or it has been read by way of another table. */
const COMPILED_WARMTHS = [...WARMTHS, 'full set', 'read by another table'] as const;
type Warmth = (typeof COMPILED_WARMTHS)[number];

interface Attention {
  readonly stops: boolean;
  readonly breakpoints: 'none' | 'there' | 'elsewhere';
  readonly a20Off: boolean;
  readonly alignment: boolean;
  readonly everyStore: boolean;
  readonly user: boolean;
  readonly writeProtect: boolean;
}
const BOTH = [false, true];

function* attentions(record: boolean): Generator<Attention> {
  for (const stops of BOTH)
    for (const breakpoints of record
      ? (['none', 'there'] as const)
      : (['none', 'there', 'elsewhere'] as const))
      for (const a20Off of BOTH)
        for (const alignment of BOTH)
          for (const everyStore of record ? BOTH : [false])
            for (const user of BOTH)
              for (const writeProtect of user ? [false] : BOTH)
                yield { stops, breakpoints, a20Off, alignment, everyStore, user, writeProtect };
}

/** The number of things that ask for attention. */
const reasons = ({ stops, breakpoints, a20Off, alignment, everyStore }: Attention): number =>
  [stops, breakpoints !== 'none', a20Off, alignment, everyStore].filter((one) => one).length;

type Rows = Record<EventKind, Row[]>;

/** One of two machines in the same state. */
class Side {
  readonly bench: ProtectedMode;
  readonly short: ShortPath;
  readonly host: HostCalls;
  readonly compiled: ReturnType<typeof createHelpers>;
  /** Calls by which compiled code had the short path do it. */
  hostCalls = 0;
  /** Accesses of compiled code that made events by themselves. */
  readonly records = new Set<CompiledKind>();
  /** Accesses of compiled code so far. */
  private turn = 0;
  readonly seen: string[] = [];
  private stops: Stops | null = null;
  private watched: ReadonlySet<number> = new Set();

  constructor(profile: ResolvedProfile, record: boolean, revision: number) {
    this.bench = new ProtectedMode({
      romBytes: BIOS_ROM_BYTES + OPTION_ROM_BYTES,
      record,
      profile,
      revision,
      model: 'pentium',
    });
    const short = this.bench.mmu.createShortPath();
    this.short = short;
    const { core } = this.bench.cpu as unknown as { core: Core };
    this.host = createHostCalls(core, short);
    const counted = (name: HostCallName) => {
      const call = this.host[name] as (...values: readonly number[]) => number;
      return (...values: readonly number[]) => {
        if (name !== 'flushEvents') this.hostCalls++;
        return call(...values);
      };
    };
    const calls = HOST_CALLS.map(([name]) => [name, counted(name)]);
    this.compiled = createHelpers(this.bench.mem, Object.fromEntries(calls), short.fillFacts);
    this.layOut();
  }

  private layOut(): void {
    const { bench } = this;
    const { mmu } = bench;
    for (let page = 0; page < 1024; page++) bench.poke32(IDENTITY + page * 4, (page << 12) | ALL);
    Object.values(PTES).forEach((pte, n) => {
      bench.poke32(TABLE + n * 4, pte);
      bench.poke32(COPIED_TABLE + n * 4, pte);
    });
    for (const table of [FAR_TABLE, FAR_TABLE - 0x100000]) bench.poke32(table, FAR_DATA | ALL);
    for (const directory of [DIRECTORY, OTHER_DIRECTORY]) {
      bench.poke32(directory, IDENTITY | ALL);
      bench.poke32(directory + RECURSIVE * 4, directory | ALL);
      bench.poke32(directory + ALTERNATE * 4, OTHER_DIRECTORY | ALL);
      bench.poke32(directory + WINDOW_SLOT * 4, TABLE | ALL);
      bench.poke32(directory + FAR_SLOT * 4, FAR_TABLE | ALL);
      bench.poke32(directory + LARGE_SLOT * 4, ALL | 0x80);
    }
    mmu.markCode(0x207);
    mmu.setCr4(0x10);
    mmu.setCr3(DIRECTORY);
  }

  /** Everything as it was, and this asked for. */
  ask(how: Attention): void {
    const { bench } = this;
    const { mmu, cpu } = bench;
    mmu.watchData(null, this.watch);
    this.stops = how.stops ? new Stops(cpu, [], [this.stop]) : null;
    if (this.stops) this.stops.mode = 'note';
    mmu.watchFor(this.stops);
    mmu.setA20(!how.a20Off);
    mmu.recordEveryStore(how.everyStore);
    mmu.setCr0(0x80000011 | (how.writeProtect ? 0x10000 : 0) | (how.alignment ? 0x40000 : 0) | 0);
    cpu.eflags = 2 | (how.alignment ? AC : 0);
    bench.mem.i32[CPL] = how.user ? 3 : 0;
    this.watched = new Set(how.breakpoints === 'there' ? PAGES.map(([, linear]) => linear >>> 12) : [0x300]);
    if (how.breakpoints !== 'none') mmu.watchData(this.watched, this.watch);
  }

  private readonly stop = {
    space: 'linear',
    first: WINDOW,
    last: WINDOW + 0x3fffff,
    reads: true,
    writes: true,
  } as const;
  private readonly note = (what: string, linear: number, size: number): void => {
    if (this.watched.has(linear >>> 12)) this.seen.push(`${what} ${linear >>> 0} ${size}`);
  };
  private readonly watch = {
    dataRead: (linear: number, size: number) => this.note('read', linear, size),
    dataWritten: (linear: number, size: number) => this.note('write', linear, size),
  };

  /** The frames in which a page of data lies, as an index of words, with address line 20 free and down. */
  private framesOf(page: number): readonly number[] {
    const pte = PTES[PAGES[page][0] as keyof typeof PTES] ?? FAR_DATA;
    const at = (RAM >>> 2) + ((pte & 0x3ff000) >>> 2);
    return (pte & ~0xfff) === TABLE || (pte & ~0xfff) === DIRECTORY ? [] : [at, at & ~0x40000];
  }

  /** The page as it was at first, in a TLB that knows nothing, or knows it by an access before. */
  warm(page: number, warmth: Warmth): void {
    const { bench } = this;
    const { mem } = bench;
    mem.i32[EIP] = CODE;
    mem.f64[ICOUNT] = 0;
    const [name, linear] = PAGES[page];
    const pte = PTES[name as keyof typeof PTES];
    if (pte !== undefined) {
      bench.poke32(TABLE + page * 4, pte);
      for (const frame of this.framesOf(page)) for (const word of WORDS) mem.i32[frame + word] = frame ^ word;
    }
    bench.poke32(IDENTITY + 4, CODE | ALL);
    if (name === 'by a table never used') bench.poke32(DIRECTORY + UNUSED_SLOT * 4, TABLE | P | W | U);
    if (warmth === 'read by another table') bench.poke32(DIRECTORY + WINDOW_SLOT * 4, COPIED_TABLE | ALL);
    bench.mmu.setCr3(DIRECTORY);
    if (warmth === 'cold') return;
    const cpl = mem.i32[CPL];
    if (warmth === 'full set') {
      const set = (linear >>> 12) & 7;
      const others = [LARGE_SLOT << 22, 0x300000, 0x308000, 0x310000, 0x318000, 0x320000];
      for (const other of others) this.guarded(() => bench.mmu.readSlow(other + set * 4096, 4, cpl));
      return;
    }
    this.guarded(() =>
      warmth === 'written before'
        ? bench.mmu.writeSlow(linear, 1, 0x5a, cpl)
        : bench.mmu.readSlow(linear, 1, cpl),
    );
    if (warmth === 'read by another table') bench.poke32(DIRECTORY + WINDOW_SLOT * 4, TABLE | ALL);
    if (warmth === 'changed since' && pte !== undefined) bench.poke32(TABLE + page * 4, pte ^ (0x18 << 12));
    if (warmth === 'changed since' && name === OF_CODE) bench.poke32(IDENTITY + 4, (0x18 << 12) | ALL);
  }

  /** The value, or the fault. */
  private guarded(act: () => unknown): unknown {
    try {
      return act();
    } catch (error) {
      const { vector, code } = error as { vector?: number; code?: number };
      if (vector === undefined) throw error;
      return `fault ${vector} code ${code} at ${this.bench.cpu.cr2 >>> 0}`;
    }
  }

  act({ kind, size }: Access, linear: number, byShort: boolean): unknown {
    const { mmu, mem } = this.bench;
    const { short } = this;
    const cpl = mem.i32[CPL];
    return this.guarded(() => {
      if (kind === 'read') return byShort ? short.read(linear, size) : mmu.readSlow(linear, size, cpl);
      if (kind === 'write')
        return byShort ? short.write(linear, size, VALUE) : mmu.writeSlow(linear, size, VALUE, cpl);
      if (kind === 'fetch') return byShort ? short.fetch(linear) : mmu.fetchFrame(linear, cpl);
      if (kind === 'invlpg') return byShort ? short.invlpg(linear) : mmu.invlpg(linear);
      return this.actCompiled(kind, linear, size, byShort);
    });
  }

  /** By the host's call, or by its helper. */
  private actCompiled(kind: CompiledKind, linear: number, size: number, byHost: boolean): unknown {
    const { compiled, host, hostCalls, bench } = this;
    const { i32, f64 } = bench.mem;
    const calls = byHost ? host : (compiled as unknown as HostCalls);
    f64[RUN_END] = 1000;
    // Each kind of access comes to each place: the round moves on by one.
    const round = Math.floor(this.turn / COMPILED_ACCESSES.length);
    const place = PLACES[(this.turn++ + round) % PLACES.length];
    if (place.hasSlot && i32[CPL] === 0) this.short.fetch(CODE);
    i32[LATCH_PAGE] = CODE >>> 12;
    i32[LATCH_PHYSICAL] = CODE;
    const act = () => {
      switch (kind) {
        case 'fill for a read':
          return calls.fill(linear, 0, CODE, place.left);
        case 'fill for a write':
          return calls.fill(linear, 1, CODE, place.left);
        case 'fill for a change':
          return calls.fill(linear, WRITE_BY_CALL, CODE, place.left);
        case 'store':
          return calls.store(linear, VALUE, size, CODE, place.left);
        case 'code fetch':
          return this.hasSlot(linear) ? 'slot' : calls.fetch(linear, place.left);
        case 'invlpg by compiled code':
          return calls.invlpg(linear, CODE, place.left, place.next);
        case 'load of CR3':
          return calls.loadDirectory(i32[CR3], CODE, place.left, place.next);
      }
    };
    const seq = i32[SEQ];
    const found = act();
    if (i32[SEQ] !== seq && this.hostCalls === hostCalls) this.records.add(kind);
    return found;
  }

  /** With a slot for reads compiled code asks nobody. */
  private hasSlot(linear: number): boolean {
    const { i32 } = this.bench.mem;
    return (i32[(FAST_PATH >>> 2) + (linear >>> 12)] & (i32[CPL] === 3 ? 4 : 1)) !== 0;
  }

  /** The state that an access to the page could have changed. */
  state(page: number): string {
    const { mem, mmu } = this.bench;
    const [, linear] = PAGES[page];
    const words: number[] = [];
    mmu.forEachTlbWord((word) => words.push(word));
    words.push(mem.i32[(FAST_PATH >>> 2) + (linear >>> 12)], mem.i32[LATCH_PAGE]);
    for (const frame of this.framesOf(page)) for (const word of WORDS) words.push(mem.i32[frame + word]);
    for (const at of [TABLE + page * 4, TABLE + 0x40, DIRECTORY + 0x40, DIRECTORY + UNUSED_SLOT * 4])
      words.push(mem.i32[(RAM + at) >>> 2]);
    const hit = this.stops?.hit;
    return `${words.join()} ${hit ? `${hit.kind} ${hit.address}` : ''} ${this.seen.splice(0).join()}`;
  }

  /** True if the TLB, its derived areas, the slots of its pages and the facts of frames are as in `other`. */
  agrees(other: Side): boolean {
    const areas: readonly [begin: number, bytes: number][] = [
      [TLB_STATE, 32 * 32],
      [TLB_LAYOUT.NEXT * 4, 8 * 4],
      [TLB_DERIVED, (TLB_LAYOUT.FILTER + TLB_LAYOUT.FILTER_SIZE) * 4 - TLB_DERIVED],
      [FRAME_STATE, BEYOND * 16],
    ];
    const [own, others] = [this, other].map(({ bench }) => Buffer.from(bench.mem.memory.buffer));
    return (
      areas.every(
        ([begin, bytes]) => own.compare(others, begin, begin + bytes, begin, begin + bytes) === 0,
      ) && String(this.slots()) === String(other.slots())
    );
  }

  /** The slots of the pages in the TLB. */
  private slots(): number[] {
    const { i32 } = this.bench.mem;
    return Array.from({ length: 32 }, (_, n) => i32[TLB_LAYOUT.ENTRIES + n * 8 + TLB_LAYOUT.TAG]).map(
      (tag) => i32[(FAST_PATH >>> 2) + (tag & TLB_LAYOUT.VPN)],
    );
  }

  events(): Rows {
    return Object.fromEntries(EVENT_KIND_NAMES.map((kind) => [kind, this.bench.events(kind)])) as Rows;
  }
}

/** Every combination in which the two sides differ; what was compared is counted. */
function compare(
  profile: ResolvedProfile,
  record: boolean,
  revision = 2,
  chosen: (how: Attention) => boolean = () => true,
): { found: string[]; count: number } {
  const short = new Side(profile, record, revision);
  const long = new Side(profile, record, revision);
  const found: string[] = [];
  let count = 0;
  for (const how of [...attentions(record)].filter(chosen)) {
    for (const side of [short, long]) side.ask(how);
    for (let page = 0; page < PAGES.length; page++) {
      const [name, linear] = PAGES[page];
      for (const warmth of WARMTHS) {
        for (const access of ACCESSES) {
          const outcome = (side: Side, byShort: boolean) => {
            side.warm(page, warmth);
            side.seen.length = 0;
            return `${side.act(access, (linear + access.offset) | 0, byShort)} ${side.state(page)}`;
          };
          count++;
          if (outcome(short, true) === outcome(long, false)) continue;
          found.push(`${access.name}, page ${name}, ${warmth}: ${JSON.stringify(how)}`);
        }
      }
    }
    if (JSON.stringify(short.events()) !== JSON.stringify(long.events()))
      found.push(`events: ${JSON.stringify(how)}`);
  }
  return { found, count };
}

const BSD = { ...NO_PROFILE, recursiveSlot: RECURSIVE, alternateSlot: ALTERNATE };
/** Over the first six pages of the window, a 4 MB page, and a word of a seventh. */
const DECLARED: ResolvedProfile = {
  ...NO_PROFILE,
  windows: [
    { name: 'pages', kind: 'pages', linear: WINDOW, pages: 6 },
    { name: 'large', kind: 'slot', linear: LARGE_SLOT << 22, pages: 0 },
    { name: 'word', kind: 'word', linear: WINDOW + 6 * 4096 + 0x40, pages: 0 },
  ],
};

describe('the short path does what the MMU does, whatever asks for attention', () => {
  it.each([
    ['recording, with windows', BSD, true],
    ['without recording', NO_PROFILE, false],
  ] as const)('%s', (_, profile, record) => {
    const { found, count } = compare(profile, record, 2, (how) => reasons(how) <= 2);
    expect(found.slice(0, 10)).toEqual([]);
    expect(count).toBeGreaterThan(25_000);
  });

  it('recording, with declared windows', () => {
    const { found, count } = compare(DECLARED, true, 2, ({ a20Off, alignment }) => !a20Off && !alignment);
    expect(found.slice(0, 10)).toEqual([]);
    expect(count).toBeGreaterThan(5_000);
  });

  it('in an old machine a store asks neither for data breakpoints nor for address line 20', () => {
    const { found } = compare(NO_PROFILE, false, 1, ({ stops, writeProtect }) => !stops && !writeProtect);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((one) => !/^write/.test(one))).toEqual([]);
    expect(found.filter((one) => !/"breakpoints":"there"|"a20Off":true/.test(one))).toEqual([]);
  });
});

/** The first rows in which they differ, of each kind of event. */
const differences = (own: Rows, host: Rows): unknown[] =>
  EVENT_KIND_NAMES.flatMap((kind) => {
    const rows = Array.from({ length: Math.max(own[kind].length, host[kind].length) }, (_, n) => n);
    const first = rows.find((n) => JSON.stringify(own[kind][n]) !== JSON.stringify(host[kind][n]));
    return first === undefined ? [] : [{ kind, own: own[kind][first], host: host[kind][first] }];
  });

/** Accesses of which compiled code makes the events, too. */
const OWN_EVENTS: readonly CompiledKind[] = [
  'code fetch',
  'fill for a change',
  'fill for a read',
  'fill for a write',
  'invlpg by compiled code',
  'load of CR3',
  'store',
];

describe('what compiled code does by itself instead of a call is the same', () => {
  it.each([
    ['recording', NO_PROFILE, true, OWN_EVENTS],
    ['recording, with windows', BSD, true, OWN_EVENTS],
    ['recording, with declared windows', DECLARED, true, ['invlpg by compiled code', 'store']],
    ['without recording', NO_PROFILE, false, []],
  ] as const)('%s', (_, profile, record, records) => {
    const [host, own] = [new Side(profile, record, 2), new Side(profile, record, 2)];
    const found: string[] = [];
    let count = 0;
    for (const how of [...attentions(record)].filter(
      (one) => reasons(one) === 0 || (reasons(one) === 1 && (one.everyStore || !one.user)),
    )) {
      for (const side of [host, own]) side.ask(how);
      for (let page = 0; page < PAGES.length; page++) {
        const [name, linear] = PAGES[page];
        for (const warmth of COMPILED_WARMTHS) {
          for (const access of COMPILED_ACCESSES) {
            if (how.user && isPrivileged(access)) continue;
            const outcome = (side: Side) => {
              side.warm(page, warmth);
              const result = side.act(access, (linear + access.offset) | 0, side === host);
              return `${result} ${side.state(page)}`;
            };
            count++;
            if (outcome(host) !== outcome(own) || !own.agrees(host))
              found.push(`${access.name}, page ${name}, ${warmth}: ${JSON.stringify(how)}`);
          }
        }
      }
    }
    expect(found.slice(0, 10)).toEqual([]);
    expect(differences(own.events(), host.events())).toEqual([]);
    expect(own.hostCalls).toBeLessThan(count);
    expect([...own.records].sort()).toEqual(records);
  });
});

describe('a store with address line 20 down', () => {
  it.each([true, false])('reaches the even megabyte, by micro-ops (%s)', (specialise) => {
    // mov [0x300010], eax; mov ebx, [0x300010]; mov ecx, [0x200010]
    const bench = new ProtectedMode({ specialise })
      .paging()
      .code('a3 10 00 30 00 8b 1d 10 00 30 00 8b 0d 10 00 20 00');
    bench.poke32(0x300010, 0x33333333);
    bench.cpu.setRegister(EAX, 0x41414141);
    bench.mmu.setA20(false);
    bench.step(3);
    expect([EBX, ECX].map((register) => bench.cpu.register(register))).toEqual([0x41414141, 0x41414141]);
    expect([bench.peek32(0x200010), bench.peek32(0x300010)]).toEqual([0x41414141, 0x33333333]);
  });
});
