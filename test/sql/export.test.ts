import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { exportDuckdb } from '../../analysis/export/duckdb.ts';
import { exportPerfetto } from '../../analysis/export/perfetto/timeline.ts';
import { exportArrow, exportParquet } from '../../analysis/export/tables.ts';
import { TABLES } from '../../analysis/tables/index.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const trace = join(folder, 'run.r386');
let db: TraceDatabase;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 2, scale: 10, output: trace });
  db = await TraceDatabase.open([trace], { cache: false, outputFolders: [folder] });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const rows = async (sql: string) => (await db.query(sql)).getRowObjectsJson();
const countOf = async (table: string) => Number((await rows(`SELECT count(*) AS n FROM ${table}`))[0].n);

it('arrow: every table with its rows and columns', async () => {
  exportArrow(trace, folder);
  for (const { name, columns } of TABLES) {
    const table = tableFromIPC(readFileSync(join(folder, `${name}.arrow`)));
    expect(table.numRows, name).toBe(await countOf(name));
    expect(table.schema.fields.map((field) => field.name)).toEqual(columns.map((column) => column.name));
    expect(table.schema.fields[0].metadata.get('doc')).toBe(columns[0].doc);
  }
});

it('duckdb: tables, views and macros in one file', async () => {
  const path = join(folder, 'run.duckdb');
  await exportDuckdb(db, path, join(folder, 'duckdb.tables'));
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
  for (const { name } of TABLES)
    expect(await ask(`SELECT count(*)::INTEGER AS n FROM ${name}`), name).toEqual([
      { n: await countOf(name) },
    ]);
  const same = [
    'SELECT * FROM foreign_pmap ORDER BY ALL',
    'SELECT * FROM process_slices ORDER BY ALL LIMIT 50',
    'SELECT hex32(physical) FROM walk(4000000, 0x10a000, 0xf0100000)'
      .replace('0x10a000', String(0x10a000))
      .replace('0xf0100000', String(0xf0100000)),
    'SELECT symbol(run_id, eip) AS code, count(*) AS n FROM paging_writes GROUP BY ALL ORDER BY ALL',
  ];
  for (const sql of same) {
    const without = (list: unknown) =>
      JSON.parse(
        JSON.stringify(list).replaceAll(/"access_instruction":(null|"[^"]*")/g, '"access_instruction":null'),
      );
    expect(without(await ask(sql)), sql).toEqual(without(await rows(sql)));
  }
  connection.closeSync();
  instance.closeSync();
});

it('parquet: every table, row for row', async () => {
  await exportParquet(db, folder);
  for (const { name } of TABLES) {
    const file = `read_parquet('${join(folder, name)}.parquet')`;
    const [{ n }] = await rows(
      `SELECT count(*)::INTEGER AS n FROM (SELECT * EXCLUDE (run_id) FROM ${name} EXCEPT ALL SELECT * FROM ${file})`,
    );
    expect(n, name).toBe(0);
    expect((await rows(`SELECT count(*)::INTEGER AS n FROM ${file}`))[0].n).toBe(await countOf(name));
  }
});

interface Packet {
  readonly timestamp?: number;
  readonly track_descriptor?: {
    readonly uuid: number;
    readonly name: string;
    readonly parent_uuid?: number;
    readonly counter?: { readonly unit_name: string };
  };
  readonly track_event?: {
    readonly type: string;
    readonly track_uuid: number;
    readonly name?: string;
    readonly categories?: string[];
    readonly counter_value?: number;
    readonly flow_ids?: number[];
    readonly debug_annotations?: { readonly name: string; readonly string_value?: string }[];
  };
}

const perfettoRoot = (file: string | URL) =>
  protobuf.parse(readFileSync(file, 'utf8'), new protobuf.Root(), { keepCase: true }).root.resolveAll();
const ours = perfettoRoot(new URL('../../analysis/export/perfetto/perfetto.proto', import.meta.url));
const packetsOf = (path: string, root = ours): Packet[] => {
  const type = root.lookupType('perfetto.protos.Trace');
  return type.toObject(type.decode(readFileSync(path)), { enums: String, longs: Number }).packet;
};
/** Perfetto's own perfetto_trace.proto, where somebody has it (docs/testing.md). */
const published = process.env.PERFETTO_TRACE_PROTO;

describe('perfetto', () => {
  const file = join(folder, 'run.pftrace');
  let packets: Packet[];

  beforeAll(async () => {
    await exportPerfetto(db, file);
    packets = packetsOf(file);
  });

  it('every slice ends, within the one around it, on a row that was described', () => {
    const described = new Set<number>();
    const open = new Map<number, number[]>();
    for (const { timestamp = 0, track_descriptor, track_event } of packets) {
      if (track_descriptor) {
        if (track_descriptor.parent_uuid) expect(described).toContain(track_descriptor.parent_uuid);
        described.add(track_descriptor.uuid);
      }
      if (!track_event) continue;
      expect(described).toContain(track_event.track_uuid);
      const stack = open.get(track_event.track_uuid) ?? [];
      open.set(track_event.track_uuid, stack);
      if (track_event.type === 'TYPE_SLICE_BEGIN') {
        expect(timestamp).toBeGreaterThanOrEqual(stack.at(-1) ?? 0);
        stack.push(timestamp);
      } else if (track_event.type === 'TYPE_SLICE_END') {
        expect(timestamp).toBeGreaterThanOrEqual(stack.pop() ?? Number.POSITIVE_INFINITY);
      }
    }
    for (const stack of open.values()) expect(stack).toEqual([]);
  });

  it.skipIf(!published)('is read alike by the definitions that Perfetto publishes', () => {
    const theirs = perfettoRoot(published ?? '');
    const shape = ({ name, id, type, repeated, resolvedType }: protobuf.Field) =>
      [name, id, resolvedType?.fullName ?? type, repeated].join(' ');
    let compared = 0;
    const compare = (types: readonly protobuf.ReflectionObject[]): void => {
      for (const type of types) {
        if (type instanceof protobuf.Enum)
          expect(theirs.lookupEnum(type.fullName).values).toMatchObject(type.values);
        if (type instanceof protobuf.Type)
          for (const field of type.fieldsArray) {
            expect(shape(theirs.lookupType(type.fullName).fields[field.name])).toBe(shape(field));
            compared++;
          }
        if (type instanceof protobuf.Namespace) compare(type.nestedArray);
      }
    };
    compare(ours.nestedArray);
    expect(compared).toBeGreaterThan(20);
    expect(packetsOf(file, theirs)).toEqual(packets);
  });

  it('has every interrupt and console line, at 100 ns an instruction', async () => {
    const of = (category: string) =>
      packets.filter((packet) => packet.track_event?.categories?.[0] === category);
    expect(of('interrupt').length).toBe(await countOf('interrupts'));
    expect(of('console').map((packet) => packet.track_event?.name)).toContain(
      'bsd96: buggy kernel, workload ftpd, seed 2',
    );
    const [first] = await rows('SELECT min(icount) AS icount FROM interrupts');
    expect(Math.min(...of('interrupt').map((packet) => packet.timestamp ?? 0))).toBe(
      Number(first.icount) * 100,
    );
  });

  const trackNamed = (name: string) =>
    packets.find(({ track_descriptor }) => track_descriptor?.name === name)?.track_descriptor;
  const eventsOf = (uuid: number | undefined) =>
    packets.flatMap(({ track_event }) =>
      track_event?.track_uuid === uuid && track_event ? [track_event] : [],
    );

  it('has curves whose values are those of the tables', async () => {
    for (const name of ['page faults', 'TLB flushes', 'disk queue', 'interrupt latency']) {
      const track = trackNamed(name);
      expect(track?.counter, name).toBeDefined();
      const events = eventsOf(track?.uuid);
      expect(events.length, name).toBeGreaterThan(10);
      expect(events.every(({ type }) => type === 'TYPE_COUNTER')).toBe(true);
    }
    const faults = eventsOf(trackNamed('page faults')?.uuid).reduce(
      (sum, { counter_value = 0 }) => sum + counter_value,
      0,
    );
    const [{ n }] = await rows('SELECT count(*)::INTEGER AS n FROM exceptions WHERE vector = 14');
    expect(faults).toBe(n);
    expect(eventsOf(trackNamed('disk queue')?.uuid).at(-1)?.counter_value).toBeGreaterThanOrEqual(0);
  });

  it('joins an interrupt with what it made of the alternate map, and with the wrong accesses', async () => {
    const wrong = await rows('SELECT DISTINCT interrupt_id FROM wrong_accesses');
    const by = (flow: number) =>
      packets.flatMap(({ track_event }) =>
        track_event?.flow_ids?.includes(flow) ? (track_event.categories ?? []) : [],
      );
    const [some] = await rows(
      "SELECT frame_id FROM aptd_switches WHERE op = 'write' AND frame_id > 0 LIMIT 1",
    );
    expect(by(Number(some.frame_id))).toEqual(expect.arrayContaining(['interrupt', 'aptd']));
    for (const { interrupt_id } of wrong)
      expect(by(Number(interrupt_id))).toEqual(expect.arrayContaining(['interrupt', 'aptd', 'finding']));
  });

  it('has the findings of check as instants, with what they say', async () => {
    const found = await runChecks(db);
    const track = trackNamed('findings');
    expect(found.length).toBeGreaterThan(0);
    const shown = packets.filter(({ track_event }) => track_event?.track_uuid === track?.uuid);
    expect(
      shown.map(({ timestamp, track_event }) => [
        timestamp,
        track_event?.type,
        track_event?.name,
        track_event?.debug_annotations?.find(({ name }) => name === 'summary')?.string_value,
      ]),
    ).toEqual(
      found.map(({ icount, check, summary }, n) => [
        icount * 100,
        'TYPE_INSTANT',
        `${check.severity} ${n + 1}: ${check.title}`,
        String(summary),
      ]),
    );
  });

  it('has stores where they were recorded, each with its code', async () => {
    const stores = join(folder, 'stores.r386');
    await runGuest({
      kernel: 'buggy',
      workload: 'ftpd',
      seed: 2,
      scale: 1,
      config: { detail: 'stores' },
      instructions: 60_000,
      output: stores,
    });
    const recorded = await TraceDatabase.open([stores], { cache: false });
    try {
      const path = join(folder, 'stores.pftrace');
      await exportPerfetto(recorded, path);
      const events = packetsOf(path).flatMap(({ track_event }) => track_event ?? []);
      const shown = events.filter(({ categories }) => categories?.[0] === 'store');
      const [[n, first, code]] = (
        await recorded.query(
          "SELECT count(*)::INTEGER, arg_min(size || CASE size WHEN 1 THEN ' byte at ' ELSE ' bytes at ' END || hex32(linear), seq), arg_min(symbol(run_id, eip), seq) FROM stores",
        )
      ).getRowsJson();
      expect(shown.length).toBe(n);
      expect(shown.length).toBeGreaterThan(100);
      expect(shown[0].name).toBe(first);
      expect(shown[0].debug_annotations?.find(({ name }) => name === 'code')?.string_value).toBe(code);
    } finally {
      recorded.close();
    }
  });
});
