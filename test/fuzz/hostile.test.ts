import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocateTable } from '../../schemas/events.ts';
import { type ChunkEntry, type ChunkMessage, chunkEntry, encodeChunk } from '../../schemas/trace/chunk.ts';
import { CODEC, type Packed, packFile, sha256Hex } from '../../schemas/trace/compression.ts';
import { EventEncoder } from '../../schemas/trace/event-codec.ts';
import { encodeFooter } from '../../schemas/trace/footer.ts';
import { FRAME, frame, preamble, trailer } from '../../schemas/trace/framing.ts';
import { encodeHeader, type TraceDisk, type TraceHeader } from '../../schemas/trace/header.ts';
import { messageType } from '../../schemas/trace/schema.ts';
import { icount } from '../../schemas/units.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { runCli } from '../cli/run-cli.ts';
import { anyHeader } from '../unit/trace-fixture.ts';

/** Files that were thought out to cost a reader memory or time, or to have it open what is none of theirs. */

const folder = mkdtempSync(join(tmpdir(), 'r386-hostile-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Zeros that take next to no room. */
function zeros(bytes: number): Packed {
  return { codec: CODEC.brotli, rawBytes: bytes, data: brotliCompressSync(Buffer.alloc(bytes)) };
}

const HASHES = Object.fromEntries(['cpu', 'ram', 'tlb'].map((part) => [part, { low: 1, high: 2 }]));

const emptyChunk = (firstIcount: number, more: Partial<ChunkMessage> = {}): ChunkMessage => ({
  range: { firstIcount, endIcount: firstIcount + 100, firstSeq: 0, endSeq: 0 },
  inputs: [],
  ladder: firstIcount === 0 ? [{ icount: icount(0), hashes: HASHES }] : [],
  tables: [],
  ...more,
});

/** Without a profile, which `info` would read. */
const plainHeader = (): TraceHeader => ({
  ...anyHeader(),
  profile: { ...anyHeader().profile, source: untrusted('') },
});

interface Contents {
  readonly header?: TraceHeader;
  readonly chunks?: readonly ChunkMessage[];
  readonly index?: (entries: ChunkEntry[]) => ChunkEntry[];
  /** Chunks without the filler that a recorder puts into them. */
  readonly bare?: boolean;
}

function withoutFiller(chunk: Uint8Array): Uint8Array {
  const message = messageType('Chunk').toObject(messageType('Chunk').decode(chunk));
  delete message.filler;
  return messageType('Chunk').encode(message).finish();
}

/** A trace in order, whatever is in it. */
function trace(
  name: string,
  { header = plainHeader(), chunks = [emptyChunk(0)], index, bare }: Contents,
): string {
  const frames: Uint8Array[] = [preamble(), frame(FRAME.header, encodeHeader(header))];
  let at = frames.reduce((sum, { length }) => sum + length, 0);
  const entries = chunks.map((chunk) => {
    const entry = chunkEntry(at, chunk);
    const encoded = encodeChunk(chunk);
    const bytes = frame(FRAME.chunk, bare ? withoutFiller(encoded) : encoded);
    frames.push(bytes);
    at += bytes.length;
    return entry;
  });
  const footer = {
    exit: { kind: 'limit', code: 0, message: '' },
    final: { icount: icount(chunks.at(-1)?.range.endIcount ?? 0), hashes: HASHES },
    chunks: index?.(entries) ?? entries,
    checkpoints: [],
  } as const;
  frames.push(frame(FRAME.footer, encodeFooter(footer)), trailer(at));
  writeFileSync(path(name), Buffer.concat(frames));
  return path(name);
}

/** Every command that opens it ends with one line about `what`, and one that says what to do. */
async function expectRefused(
  file: string,
  what: RegExp,
  commands = ['info', 'check', 'replay'],
): Promise<void> {
  for (const command of commands) {
    const { status, stderr } = await runCli(command, file);
    expect(stderr, command).toHaveLength(2);
    expect(stderr[0], command).toMatch(what);
    expect(status, command).toBe(2);
  }
}

describe('a bomb', () => {
  it('of rows that no byte stands for', async () => {
    const rows = 65_536;
    const table = { ...allocateTable('console', rows), count: rows };
    const contents = packFile(new EventEncoder().encode(table)).contents;
    const chunk = emptyChunk(0, { tables: [{ kind: 'console', rows, contents }] });
    const file = trace('rows.r386', {
      chunks: [{ ...chunk, range: { ...chunk.range, endSeq: rows } }],
    });
    const { status, stderr } = await runCli('query', file, '--sql', 'SELECT count(*) FROM console');
    expect(stderr[0]).toMatch(/console claims 65536 rows but has fewer/);
    expect(status).toBe(2);
  });

  it('of a table with more rows than a chunk has', async () => {
    const tables = [{ kind: 'console', rows: 2 ** 22, contents: zeros(100) }] as const;
    const chunk = emptyChunk(0, { tables });
    const file = trace('table.r386', { chunks: [{ ...chunk, range: { ...chunk.range, endSeq: 2 ** 22 } }] });
    await expectRefused(file, /rows is 4194304; it must be 0 to 65536/);
  });

  it('of events, chunk by chunk', async () => {
    const rows = 65_536;
    const table = allocateTable('tlb_events', rows);
    table.count = rows;
    const encoder = new EventEncoder();
    const chunks = Array.from({ length: 100 }, (_, n) => {
      for (let row = 0; row < rows; row++) {
        table.columns[0][row] = n * rows + row;
        table.columns[1][row] = n * rows + row;
      }
      const raw = encoder.encode(table);
      const contents = { codec: CODEC.brotli, rawBytes: raw.length, data: brotliCompressSync(raw) };
      const range = {
        firstIcount: n * rows,
        endIcount: (n + 1) * rows,
        firstSeq: n * rows,
        endSeq: (n + 1) * rows,
      };
      return { range, inputs: [], ladder: [], tables: [{ kind: 'tlb_events', rows, contents }] } as const;
    });
    // As a recorder writes it: a guest may do the same thing again and again.
    expect((await runCli('info', trace('filled.r386', { chunks }))).status).toBe(0);
    const file = trace('events.r386', { chunks, bare: true });
    await expectRefused(file, /claims 6553600 events in \d+ bytes/);
    // For a trace of one's own, of a recorder that wrote no filler.
    process.env.REWIND386_NO_LIMITS = '1';
    try {
      expect((await runCli('info', file)).status).toBe(0);
    } finally {
      delete process.env.REWIND386_NO_LIMITS;
    }
  });

  it('of one chunk named again and again', async () => {
    const file = trace('again.r386', { index: ([entry]) => Array.from({ length: 30 }, () => entry) });
    await expectRefused(file, /chunks? .* is \d+; it must be/);
    const many = trace('many.r386', { index: ([entry]) => Array.from({ length: 5000 }, () => entry) });
    await expectRefused(many, /the number of Footer.chunks is more than/);
  });

  it('of modules, kernels, disks and labels', async () => {
    const header = anyHeader();
    const { guest } = header;
    const module = {
      commandLine: untrusted('m'),
      file: { sha256: 'ab'.repeat(32), contents: zeros(2 ** 24) },
    };
    const cases: [string, TraceHeader, RegExp][] = [
      ['modules', { ...header, guest: { ...guest, modules: [module, module] } }, /the size of all modules/],
      [
        'empty modules',
        { ...header, guest: { ...guest, modules: Array(2000).fill(module) } },
        /Guest.modules/,
      ],
      [
        'kernel',
        {
          ...header,
          guest: { ...guest, image: { ...module.file, contents: { ...zeros(64), rawBytes: 2 ** 29 } } },
        },
        /the size of guest.image/,
      ],
      ['disk', { ...header, disk: embedded(2 ** 22 + 1) }, /the size of all embedded disks/],
      ['extents', { ...header, disk: { ...embedded(128), base: extents([0, 0]) } }, /extents.first_sector/],
      [
        'extent beyond',
        { ...header, disk: { ...embedded(127), base: extents([0]) } },
        /the end of an extent/,
      ],
      [
        'labels',
        {
          ...header,
          labels: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}`, untrusted('')])),
        },
        /labels/,
      ],
    ];
    for (const [name, bad, what] of cases)
      await expectRefused(trace(`${name}.r386`, { header: bad }), what, ['info']);
  });

  const extents = (sectors: readonly number[]): TraceDisk['base'] => ({
    kind: 'embedded',
    extents: sectors.map((firstSector) => ({ firstSector, contents: zeros(65_536) })),
  });
  const embedded = (sectors: number): TraceDisk => ({ sectors, sha256: 'ab'.repeat(32), base: extents([]) });
});

describe('a header', () => {
  const { machine, profile, drives = [] } = anyHeader();
  const [{ medium }] = drives;
  const machines: [string, object, RegExp][] = [
    ...[0, 1, 12_345, 3 << 19, 2 ** 30, 2 ** 32 - 1].map((ramBytes): [string, object, RegExp] => [
      `RAM of ${ramBytes} bytes`,
      { ramBytes },
      /machine.ram_bytes is \d+; it must be whole megabytes, 2 to 256/,
    ]),
    ['a TLB of 0', { tlbEntries: 0, tlbWays: 0 }, /machine.tlb_entries/],
    ['a TLB of 2^32 - 1', { tlbEntries: 2 ** 32 - 1, tlbWays: 1 }, /machine.tlb_entries/],
    ['three sets', { tlbEntries: 12, tlbWays: 4 }, /machine.tlb_entries/],
    ['no instructions a second', { instructionsPerSecond: 0 }, /machine.instructions_per_second/],
    ['latencies the wrong way round', { diskLatencyMin: 9, diskLatencyMax: 8 }, /machine.disk_latency_max/],
    ['a detail nobody knows', { detail: 'everything' }, /machine.detail/],
    ['a processor of tomorrow', { cpuRevision: 4_000_000_000 }, /supports up to \d+/],
    ['devices that never were', { chipsetRevision: 30 }, /machine.chipset_revision is 30; it must be 0, 31/],
    ['a feature nobody knows', { cpuModel: 'pentium,+sse' }, /machine.cpu_model is "pentium,\+sse"/],
    ['a feature a thousand times', { cpuModel: `386${',+cmov'.repeat(1000)}` }, /machine.cpu_model/],
    ['a processor nobody knows', { cpuModel: '80786' }, /machine.cpu_model is "80786"; it must be 386, 486/],
  ];
  it.each(machines)('%s', async (_, change, what) => {
    const header = { ...anyHeader(), machine: { ...machine, ...change } };
    await expectRefused(trace('header.r386', { header }), what);
  });

  const others: [string, Partial<TraceHeader>, RegExp][] = [
    ['no ladder', { ladderInterval: 0 }, /ladder_interval/],
    [
      'a slot beyond the directory',
      { profile: { ...profile, recursiveSlot: 1024 } },
      /profile.recursive_slot/,
    ],
    [
      'a floppy drive 4294967295',
      { drives: [{ kind: 'floppy', unit: 2 ** 32 - 1, medium }] },
      /unit of a drive/,
    ],
    ['a second first disk', { drives: [{ kind: 'disk', unit: 0, medium }] }, /unit of a drive/],
    [
      'two drives in one place',
      { drives: [1, 1].map((unit) => ({ kind: 'disk' as const, unit, medium })) },
      /given twice/,
    ],
    [
      'a floppy of 2 GB',
      { drives: [{ kind: 'floppy', unit: 0, medium: { ...medium, sectors: 2 ** 22 } }] },
      /floppy/,
    ],
  ];
  it.each(others)('%s', async (_, change, what) => {
    await expectRefused(trace('header.r386', { header: { ...anyHeader(), ...change } }), what);
  });

  it.each(['ax', 'aaca'])('a boot order of %s', async (order) => {
    const type = messageType('Header');
    const wire = type.decode(encodeHeader(anyHeader())) as unknown as { firmware: { boot_order: string } };
    wire.firmware.boot_order = order;
    writeFileSync(
      path('boot.r386'),
      Buffer.concat([preamble(), frame(FRAME.header, type.encode(wire).finish())]),
    );
    await expectRefused(
      path('boot.r386'),
      /firmware.boot_order is "a.*"; it must be up to three of a, c, d/,
      ['info'],
    );
  });

  it('with kinds that nobody knows', async () => {
    const bytes = encodeHeader(anyHeader());
    // Guest.kind is the byte before the tag and length of Guest.name.
    bytes[Buffer.from(bytes).indexOf('kernel.elf') - 3] = 99;
    writeFileSync(path('kind.r386'), Buffer.concat([preamble(), frame(FRAME.header, bytes)]));
    await expectRefused(path('kind.r386'), /guest.kind is 99; it must be 1 to 3/);
  });
});

describe('an index', () => {
  const three = [0, 100, 200].map((at) => emptyChunk(at));
  it('names every chunk of the run, in order', async () => {
    expect((await runCli('info', trace('three.r386', { chunks: three }))).status).toBe(0);
    for (const index of [
      () => [],
      ([a, , c]: ChunkEntry[]) => [a, c],
      ([, b, c]: ChunkEntry[]) => [b, c],
      ([a, b, c]: ChunkEntry[]) => [a, c, b],
    ])
      await expectRefused(trace('index.r386', { chunks: three, index }), /the trace is invalid/);
  });
});

describe('the path of a disk', () => {
  const { sectors } = { sectors: 4 };
  const image = new Uint8Array(sectors * 512).fill(3);
  const diskAt = (where: string): TraceHeader => {
    const base = { kind: 'path', path: untrusted(where) } as const;
    return { ...anyHeader(), drives: [], disk: { sectors, sha256: sha256Hex(image), base } };
  };
  beforeAll(() => {
    mkdirSync(path('secret'));
    writeFileSync(path('secret/key'), 'a secret, of the wrong size');
    symlinkSync('/dev/zero', path('endless.img'));
    spawnSync('mkfifo', [path('pipe.img')]);
  });

  it.each([
    ['/dev/zero', /zero, is not in the trace: .*no such file/],
    ['/proc/kmsg', /kmsg, is not in the trace/],
    ['endless.img', /it is not a regular file/],
    ['pipe.img', /it is not a regular file/],
    ['secret', /it is a folder/],
    ['..', /no file was given/],
    ['C:\\images\\disk.img', /disk\.img, is not in the trace/],
  ])('%s is not opened', async (where, what) => {
    await expectRefused(trace('path.r386', { header: diskAt(where) }), what, ['replay', 'screen']);
  });

  it('leads to nothing outside the folder of the trace, and no hash is told', async () => {
    const { stderr } = await runCli('replay', trace('path.r386', { header: diskAt(path('secret/key')) }));
    expect(stderr[0]).toMatch(/key, is not in the trace: .*no such file/);
    writeFileSync(path('key'), readFileSync(path('secret/key')));
    const beside = await runCli('replay', path('path.r386'));
    expect(beside.stderr.join('\n')).toMatch(/key does not match: it has 1 sectors, not 4/);
    expect([...stderr, ...beside.stderr].join('\n')).not.toMatch(/[0-9a-f]{16}/);
  });
});
