import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { type RecordOptions, record } from '../../recorder/capture/session.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { type ReplayOptions, replay } from '../../replayer/verify/replay.ts';
import type { EventKind } from '../../schemas/events.ts';
import { repeatingKernel, VECTOR } from './repeating-kernel.ts';
import { rewrite } from './rewrite.ts';

/** Events that repeat themselves while paging is off are folded; nothing is lost by it but the time of each. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, `${name}.r386`);

const ROUNDS = 5000;
const PAGED = 7;

async function recorded(name: string, changes: Partial<RecordOptions> = {}): Promise<string> {
  const { exit } = await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'idle',
    boot: {
      ...{ kind: 'multiboot', name: 'idle', commandLine: '', modules: [] },
      image: repeatingKernel(ROUNDS, PAGED),
    },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    ladderInterval: 10_000,
    checkpoints: { every: 20_000 },
    instructions: 1e6,
    output: path(name),
    ...changes,
  });
  expect(exit).toEqual({ kind: 'exit', code: 0, message: '' });
  return path(name);
}

const unfolded = { config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20, eventRevision: 0 } };
const replayed = (file: string, changes: Partial<ReplayOptions> = {}) =>
  replay({ path: file, build: buildMachine, ...changes });

async function ask(file: string, sql: string) {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    return (await db.query(sql)).getRowsJson();
  } finally {
    db.close();
  }
}

function rows(file: string, kind: EventKind): number {
  const reader = TraceReader.open(file);
  const total = reader.totals()[kind] ?? 0;
  reader.close();
  return total;
}

let folded = '';
let plain = '';
beforeAll(async () => {
  folded = await recorded('folded');
  plain = await recorded('plain', unfolded);
});

describe('a trace with repeats folded', () => {
  it('has a few rows for thousands of events, and every one with paging on', async () => {
    expect(rows(plain, 'interrupts')).toBe(2 * (ROUNDS + PAGED));
    // One more takes up the first stack.
    expect(rows(plain, 'stack_switches')).toBe(2 * (ROUNDS + PAGED) + 1);
    expect(rows(plain, 'repeats')).toBe(0);
    // Two kinds twice, in each of six stretches.
    expect(rows(folded, 'interrupts')).toBeLessThan(2 * PAGED + 20);
    expect(rows(folded, 'stack_switches')).toBeLessThan(2 * PAGED + 20);
    expect(statSync(folded).size).toBeLessThan(statSync(plain).size);
    const [[paged]] = await ask(
      folded,
      'SELECT count(*)::INTEGER FROM interrupts WHERE icount > (SELECT max(icount) FROM control_writes)',
    );
    expect(paged).toBe(PAGED);
  });

  it.each(['interrupts', 'stack_switches', 'control_writes'])(
    'tells of %s how many there were, and when the first and the last',
    async (table) => {
      const sql = `SELECT sum(count)::INTEGER, min(icount), max(last_icount) FROM ${table}`;
      expect(await ask(folded, sql)).toEqual(await ask(plain, sql));
    },
  );

  it('says in interrupt-nesting how often each was', async () => {
    const sql =
      'SELECT chain, depth, deliveries, without_handler, still_open, handler FROM interrupt_nesting';
    expect(await ask(folded, sql)).toEqual(await ask(plain, sql));
    expect(await ask(folded, sql)).toMatchObject([
      [`INT ${VECTOR}`, 1, String(ROUNDS + PAGED), '0', '0', expect.anything()],
    ]);
  });
});

describe('its replay', () => {
  it('agrees, also with more detail, and with what was recorded before there was folding', async () => {
    for (const file of [folded, plain])
      expect(await replayed(file)).toMatchObject({ divergence: undefined, reachedEnd: true });
    expect(await replayed(folded, { detail: 'stores' })).toMatchObject({
      divergence: undefined,
      reachedEnd: true,
    });
  });

  it('that ends early writes a trace that is whole', async () => {
    const part = path('part');
    const until = 33_333;
    const { divergence } = await replayed(folded, {
      until,
      output: (header) => new TraceWriter(part, header),
    });
    expect(divergence).toBeUndefined();
    expect(await replayed(part)).toMatchObject({ divergence: undefined, icount: until });
    const sql = (limit: string) => `SELECT sum(count)::INTEGER FROM interrupts ${limit}`;
    expect(await ask(part, sql(''))).toEqual(await ask(plain, sql(`WHERE icount < ${until}`)));
  });

  it.each(['count', 'digest_low', 'digest_high', 'last_ago'])('sees a wrong %s', async (name) => {
    const forged = rewrite(folded, path('forged'), {
      chunk: (chunk) => {
        const table = chunk.tables.get('repeats')!;
        const columns = [
          'icount',
          'seq',
          'eip',
          'cpl',
          'depth',
          'frame_id',
          'cr3',
          'kind',
          'first_ago',
          'last_ago',
          'count',
          'digest_low',
          'digest_high',
        ];
        if (table.count > 2) table.columns[columns.indexOf(name)][2] ^= 1;
        return chunk;
      },
    });
    const { divergence } = await replayed(forged);
    expect(divergence).toMatchObject({ subsystem: 'events:repeats' });
  });

  it('does not miss a repeat that was left out', async () => {
    const forged = rewrite(folded, path('forged'), {
      chunk: (chunk) => {
        chunk.tables.get('repeats')!.count = 0;
        return chunk;
      },
    });
    expect((await replayed(forged)).divergence).toMatchObject({ subsystem: 'events:repeats' });
  });
});
