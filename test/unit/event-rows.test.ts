import { describe, expect, it } from 'vitest';
import { type EventContext, EventLog } from '../../recorder/machine/events/event-log.ts';
import { bytesForRows } from '../../recorder/machine/events/row-buffers.ts';
import { allocateMemory } from '../../recorder/machine/layout.ts';
import * as bits from '../../recorder/machine/mmu/bits.ts';
import {
  ACCESS,
  APTD_OP,
  CONTEXT_COLUMNS,
  CONTROL_REGISTER,
  EVENT_KIND_NAMES,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  PAGING_LEVEL,
  TLB_OP,
  VIA,
  WINDOW_OP,
  WRITE_SOURCE,
} from '../../schemas/events.ts';

/** Every way of adding a row puts each value in the column of its name. */

const context: EventContext = {
  ...{ icount: 1, eip: 3, cpl: 4, depth: 5, frameId: 6, cr3: 7, esp: 8, cr0: 0x80000000 | 0 },
};
/** Of each context column, `seq` that of the first event. */
const CONTEXT_ROW = [1, 0, 3, 4, 5, 6, 7, 8];

/** All rows of one kind that `write` makes, by column. */
function rowsOf(kind: EventKind, write: (log: EventLog) => void): Record<string, number>[] {
  const rows: Record<string, number>[] = [];
  const flush = ({ tables }: EventBatch) => {
    const { columns, count } = tables[kind];
    for (let row = 0; row < count; row++)
      rows.push(Object.fromEntries(EVENT_KINDS[kind].columns.map(({ name }, n) => [name, columns[n][row]])));
    for (const other of EVENT_KIND_NAMES) if (other !== kind) expect(tables[other].count).toBe(0);
  };
  const log = new EventLog(allocateMemory(0, 0, bytesForRows(16)), context, { flush }, 16);
  write(log);
  log.flush();
  return rows;
}

/** Values that differ, and fit in a byte. */
const values = (kind: EventKind) => EVENT_KINDS[kind].own.map((_, n) => 100 + 7 * n);
const row = (kind: EventKind) =>
  Object.fromEntries([
    ...CONTEXT_COLUMNS.map(({ name }, n) => [name, CONTEXT_ROW[n]]),
    ...EVENT_KINDS[kind].own.map(({ name }, n) => [name, values(kind)[n]]),
  ]);

/** EventLog as it is when the kind is not known. */
type Positional = Record<string, (...values: number[]) => void> & { add(...args: unknown[]): void };
const positional = (log: EventLog) => log as unknown as Positional;

it.each(EVENT_KIND_NAMES)('add: %s', (kind) => {
  expect(rowsOf(kind, (log) => positional(log).add(kind, ...values(kind)))).toEqual([row(kind)]);
});

describe.each([
  ['pagingWrite', 'paging_writes'],
  ['controlWrite', 'control_writes'],
  ['tlbEvent', 'tlb_events'],
  ['store', 'stores'],
] as const)('the writer %s', (writer, kind) => {
  it(`has the columns of ${kind}`, () => {
    expect(rowsOf(kind, (log) => positional(log)[writer](...values(kind)))).toEqual([row(kind)]);
    rowsOf(kind, (log) => expect(log[writer]).toHaveLength(EVENT_KINDS[kind].own.length));
  });

  it('hands a full table on', () => {
    const written = rowsOf(kind, (log) => {
      for (let n = 0; n < 40; n++) positional(log)[writer](...values(kind));
    });
    expect(written.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });
});

it.each([1, 5, 16, 40])(
  'a run of %i stores has the rows of single ones, also where a table is full',
  (count) => {
    const place = (n: number): [number, number] => [(0xfffffff0 + 2 * n) | 0, 0x5000 + 2 * n];
    const first = (log: EventLog) => log.store(7, 8, 1, 9, 10);
    const single = rowsOf('stores', (log) => {
      first(log);
      for (let n = 0; n < count; n++) log.store(...place(n), 2, n, 1000 + n);
    });
    const run = rowsOf('stores', (log) => {
      first(log);
      for (let done = 0; done < count; ) {
        const rows = log.storeRun.begin(...place(done), 2, count - done);
        for (let n = 0; n < rows; n++) log.storeRun.set(n, done + n, 1000 + done + n);
        log.storeRun.end();
        done += rows;
      }
    });
    // One instruction an iteration: icount goes on by itself within the rows that were begun at once.
    const icounts = run.map(({ icount }) => icount);
    expect(icounts.slice(1, 16)).toEqual(
      Array.from({ length: Math.min(count, 15) }, (_, n) => context.icount + n),
    );
    expect(run.map((row) => ({ ...row, icount: 1 }))).toEqual(single);
  },
);

it('an interrupt by the names of its columns', () => {
  const named = {
    ...{ op: 1, id: 2, parent: 3, vector: 4, irq: 5, source: 6, target_eip: 7, interrupted_cpl: 8 },
    ...{ esp: 9, reached: 10 },
  };
  expect(rowsOf('interrupts', (log) => log.interrupt(named))[0]).toMatchObject(named);
  expect(rowsOf('interrupts', (log) => log.interruptLine(14, 2))[0]).toMatchObject({
    ...{ op: 0, id: 0, irq: 14, source: 2, reached: 0 },
  });
});

it('numbers that the MMU writes have the names that they have in the list', () => {
  const named: [readonly string[], Record<string, number>][] = [
    [ACCESS, { read: bits.READ, write: bits.WRITE, execute: bits.EXECUTE }],
    [VIA, { physical: bits.VIA_PHYSICAL, direct: bits.VIA_DIRECT }],
    [VIA, { recursive: bits.VIA_RECURSIVE, alternate: bits.VIA_ALTERNATE }],
    [WRITE_SOURCE, { store: bits.FROM_STORE, accessed_dirty: bits.FROM_WALK, dma: bits.FROM_DMA }],
    [WRITE_SOURCE, { adopt: bits.FROM_ADOPTION, poke: bits.FROM_POKE }],
    [PAGING_LEVEL, { pde: bits.LEVEL_PDE, pte: bits.LEVEL_PTE }],
    [CONTROL_REGISTER, { cr3: bits.REG_CR3, cr4: bits.REG_CR4 }],
    [APTD_OP, { write: bits.WINDOW_WRITE, check: bits.WINDOW_CHECK }],
    [WINDOW_OP, { write: bits.WINDOW_WRITE, check: bits.WINDOW_CHECK }],
    [TLB_OP, { invlpg: bits.TLB_INVLPG, flush: bits.TLB_FLUSH, stale_use: bits.TLB_STALE_USE }],
  ];
  for (const [list, numbers] of named)
    for (const [name, number] of Object.entries(numbers)) expect(list[number]).toBe(name);
});

it('a row that lacks a column, or has one too many, is no TypeScript', () => {
  const log = new EventLog(allocateMemory(0, 0, bytesForRows(16)), context, { flush() {} }, 16);
  // @ts-expect-error the byte is missing
  log.add('console', 0);
  // @ts-expect-error there are no more than two
  log.add('console', 0, 65, 1);
  // @ts-expect-error the console is never folded
  log.addOrFold('console', 0, 65);
  // @ts-expect-error most of it is missing
  log.interrupt({ op: 1 });
});
