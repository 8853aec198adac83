import {
  allocateTable,
  type Column,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  type EventTable,
} from '../../schemas/events.ts';
import { pack, packFile } from '../../schemas/trace/compression.ts';
import { SCHEMA_VERSION, type TraceHeader } from '../../schemas/trace/header.ts';
import type { StateChanges } from '../../schemas/trace/state-changes.ts';
import { untrusted } from '../../schemas/untrusted.ts';

/** Made-up events for the tests of codec and file format: no machine needed, and every value the columns can hold. */

/** mulberry32: a seed yields the whole sequence. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Fills a table with rows of any value that the columns can have, in icount and seq order; about a quarter of them stay constant. */
export function fillAnything(table: EventTable, rows: number, next: () => number, start: number): void {
  table.count = rows;
  const columns: readonly Column[] = EVENT_KINDS[table.kind].columns;
  for (const [i, { type, names }] of columns.entries()) {
    const column = table.columns[i];
    const constant = next() % 4 === 0;
    let value = type === 'icount' ? start : next();
    for (let row = 0; row < rows; row++) {
      if (type === 'icount') value += next() % 8 === 0 ? next() * 16 : next() % 200;
      else if (type === 'ordinal') value = row === 0 ? start : column[row - 1] + 1 + (next() % 3);
      else if (!constant) value = next() % 3 === 0 ? next() : next() >>> (next() & 31);
      column[row] = names ? value % names.length : value;
    }
  }
}

/** A batch of all kinds, `rows` rows each on average. */
export function anyBatch(seed: number, rows: number, firstSeq = 0, start = 0): EventBatch {
  const next = random(seed);
  const tables = {} as Record<EventKind, EventTable>;
  let total = 0;
  for (const kind of EVENT_KIND_NAMES) {
    const count = rows === 0 ? 0 : next() % (2 * rows);
    tables[kind] = allocateTable(kind, count);
    fillAnything(tables[kind], count, next, start);
    total += count;
  }
  return { tables, firstSeq, endSeq: firstSeq + total };
}

/** Page-table writes as a busy kernel makes them: a few loops that fill tables, in one or two directories. */
export function pagingWrites(seed: number, rows: number): EventTable {
  const next = random(seed);
  const table = allocateTable('paging_writes', rows);
  let icount = 1e9;
  let seq = 1e6;
  let slot = 0;
  let page = 0;
  for (let row = 0; row < rows; row++) {
    if (next() % 128 === 0) {
      slot = next() & 0x3ff;
      page = next() & 0x3ff;
    }
    icount += 6 + (next() & 15);
    seq += 1 + (next() % 8 === 0 ? 1 : 0);
    page = (page + 1) & 0x3ff;
    const frame = (next() & 0xfff) << 12;
    const dir = next() % 512 === 0 ? 0x5000 : 0x3000;
    const interrupt = next() % 64 === 0 ? 1 : 0;
    const values = [
      icount,
      seq,
      0xc0101200 + (next() & 7) * 12,
      0,
      interrupt,
      interrupt ? seq >>> 6 : 0,
      dir,
      0xffc00000 + slot * 4096 + page * 4,
      0x100000 + slot * 4096 + page * 4,
      dir,
      slot,
      (slot << 10) | page,
      2,
      0,
      frame | 0x67,
      2,
      0,
    ];
    for (let c = 0; c < values.length; c++) table.columns[c][row] = values[c];
  }
  table.count = rows;
  return table;
}

/** icount of the last event of a batch. */
export function lastIcount(batch: EventBatch): number {
  const last = ({ count, columns }: EventTable) => (count > 0 ? columns[0][count - 1] : 0);
  return Math.max(...EVENT_KIND_NAMES.map((kind) => last(batch.tables[kind])));
}

/** Made-up changes of a machine of three pages: two of them are what the seed says. */
export function anyChanges(seed: number): StateChanges {
  const next = random(seed);
  const units = [0, 1].map(() => Uint8Array.from({ length: 4096 }, () => next() % 3));
  const none = { name: 'disk', bytes: 0, numbers: new Uint32Array(), units: [] };
  const ram = { name: 'ram', bytes: 3 * 4096, numbers: Uint32Array.of(seed % 2, 2), units };
  return { icount: seed, seq: 0, inputs: 0, tracking: true, areas: [ram], drives: [], read: none };
}

/** A header that uses every field. */
export function anyHeader(): TraceHeader {
  const contents = pack(new TextEncoder().encode('sector '.repeat(146)).subarray(0, 1024));
  return {
    schemaVersion: SCHEMA_VERSION,
    toolVersion: untrusted('0.0.0-test'),
    machine: {
      ramBytes: 16 << 20,
      cpuModel: 'pentium',
      cpuRevision: 1,
      eventRevision: 33,
      trackingRevision: 1,
      chipsetRevision: 31,
      bootRevision: 32,
      fpu: true,
      printer: true,
      tlbEntries: 32,
      tlbWays: 4,
      instructionsPerSecond: 10_000_000,
      diskLatencyMin: 5_000,
      diskLatencyMax: 120_000,
      jitter: 7,
      detail: 'stores',
      storesFrom: 12_345,
    },
    guest: {
      kind: 'multiboot',
      name: untrusted('kernel.elf'),
      commandLine: untrusted('root=hd0 -v'),
      image: packFile(Uint8Array.from({ length: 3000 }, (_, i) => (i * i) >>> 5)),
      modules: [{ commandLine: untrusted('initrd'), file: packFile(new Uint8Array(0)) }],
      perCpuOffset: 0xc5f0_1000,
    },
    profile: {
      name: untrusted('test'),
      recursiveSlot: 1023,
      alternateSlot: -1,
      process: { current: 0xc0200000, pid: 8, comm: 16 },
      source: untrusted('{"name":"test"}'),
    },
    facts: [
      {
        from: 77,
        probes: [
          {
            name: untrusted('pmap_enter'),
            address: 0xf0101000,
            isFunction: true,
            values: [{ name: untrusted('va'), expression: untrusted('u32(esp+8)') }],
          },
        ],
        kinds: ['instructions', 'pte_reads'],
      },
    ],
    disk: {
      sectors: 2880,
      sha256: 'ab'.repeat(32),
      base: { kind: 'embedded', extents: [{ firstSector: 7, contents }] },
    },
    drives: [
      {
        kind: 'floppy',
        unit: 1,
        medium: {
          sectors: 1440,
          sha256: 'cd'.repeat(32),
          base: { kind: 'path', path: untrusted('/boot.img') },
        },
      },
    ],
    firmware: {
      bios: packFile(new Uint8Array(65536)),
      vgaBios: packFile(Uint8Array.of(0x55, 0xaa)),
      bootOrder: ['floppy', 'disk'],
      pci: false,
    },
    seed: 0xfedcba9876543210n,
    ladderInterval: 4_194_304,
    stateLayout: 1,
    labels: { workload: untrusted('ftp'), kernel: untrusted('buggy') },
  };
}
