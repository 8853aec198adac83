import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { cells } from '../../analysis/db/results.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { commandSql } from '../../analysis/sql/catalog.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import type { Machine } from '../../recorder/machine/machine.ts';
import { Frames, ROLE_DIRECTORY, ROLE_TABLE } from '../../recorder/machine/mmu/frames.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { goTo } from '../../replayer/timeline/go-to.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runGuest } from '../guest/built-in.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/** The state at an instant, by SQL from the events, against the machine's own at that icount. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const file = join(folder, 'run.r386');
const INSTRUCTIONS = 10_000_000;
const SEED = seedFrom('STATE_SEED');
/** While the kernel starts, while many processes live; and any. */
const INSTANTS = [96_200, 9_999_999, ...anyInstants(SEED, 4)].sort((a, b) => a - b);

function anyInstants(seed: number, count: number): number[] {
  const next = random(seed);
  return Array.from({ length: count }, () => next() % INSTRUCTIONS);
}
let db: TraceDatabase;
let session: ForwardSession;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: file, instructions: INSTRUCTIONS });
  db = await TraceDatabase.open([file], { cache: false });
  const reader = TraceReader.open(file);
  // A machine that records nothing follows no paging structures.
  session = ForwardSession.open(reader, { build: buildMachine, builtinDisk, sink: { flush: () => {} } });
}, 60_000);
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

type Row = Record<string, number | string | boolean | null>;
const rows = async (sql: string) => (await db.query(sql)).getRowObjectsJson() as Row[];

/** One session that only goes forward: instants are asked for in order. */
async function machineAt(icount: number): Promise<Machine> {
  await goTo(session, icount, () => {});
  return session.machine;
}

const PRESENT = 1;
const ACCESSED_AND_DIRTY = 0x60;
const FRAME = 0xfffff000;
const word = (machine: Machine, physical: number) => machine.mem.u32[(RAM + physical) >>> 2];
const address = (page: number) => (page * 4096) >>> 0;
const frameOf = (entry: number) => (entry & FRAME) >>> 0;

/** Every entry of a directory and its tables, by physical address. */
function entriesUnder(machine: Machine, directory: number): Map<number, number> {
  const entries = new Map<number, number>();
  const table = (frame: number) => {
    for (let at = frame; at < frame + 4096; at += 4) entries.set(at, word(machine, at));
  };
  table(directory);
  for (const pde of [...entries.values()])
    if (pde & PRESENT && frameOf(pde) < machine.mem.ramBytes) table(frameOf(pde));
  return entries;
}

describe.each(INSTANTS)(`at icount %i, seed ${SEED}`, (icount) => {
  it('page tables are those of the machine', async () => {
    const machine = await machineAt(icount);
    const { cr0, cr3 } = machine.cpu;
    const paging = cr0 < 0;
    const real = paging ? entriesUnder(machine, frameOf(cr3)) : new Map();
    const known = await rows(
      `SELECT physical, arg_max(new, seq) AS entry FROM paging_writes WHERE icount < ${icount} GROUP BY physical`,
    );
    const bySql = new Map(known.map(({ physical, entry }) => [Number(physical), Number(entry)]));
    const different = [...real].filter(([at, entry]) => (bySql.get(at) ?? 0) !== entry);
    expect(different).toEqual([]);
    const present = [...real.values()].filter((entry) => entry & PRESENT);
    expect(present.length).toBeGreaterThan(paging ? 200 : -1);
  });

  it('page directories and page tables are those that the machine follows', async () => {
    const frames = new Frames((await machineAt(icount)).mem);
    const real = [...Array(frames.count).keys()].flatMap((frame) =>
      [
        { role: 'directory', bit: ROLE_DIRECTORY },
        { role: 'table', bit: ROLE_TABLE },
      ].flatMap(({ role, bit }) => (frames.facts(frame) & bit ? [{ physical: address(frame), role }] : [])),
    );
    const known = await rows(
      `SELECT physical, role FROM paging_structures WHERE from_icount < ${icount} AND to_icount >= ${icount} ORDER BY ALL`,
    );
    expect(known).toEqual(real);
  });
});

describe('macros', () => {
  const icount = INSTANTS.at(-1) as number;

  it('walk() maps as the machine does, and not what it does not', async () => {
    const machine = await machineAt(icount);
    const directory = frameOf(machine.cpu.cr3);
    const linears = [0xf0100123, 0xefbfe000, 0xefbffefc, 0xfffbfef8, 0x1000, 0x08048000, 0xdeadb000];
    const found: Row[][] = [];
    for (const linear of linears)
      found.push(await rows(`SELECT physical FROM walk(${icount}, ${directory}, ${linear})`));
    const answers = found.map(([row]) => (row?.physical == null ? null : Number(row.physical)));
    const expected = linears.map((linear) => {
      const physical = machine.mmu.translateForDebug(linear | 0);
      return physical < 0 ? null : physical;
    });
    expect(answers).toEqual(expected);
    expect(answers).toContain(null);
    expect(answers.filter((physical) => physical !== null).length).toBeGreaterThan(1);
  });

  it('mappings_of() and walk() are inverse', async () => {
    const found = await rows(`SELECT linear, directory FROM mappings_of(${icount}, 0x189000)`);
    expect(found.length).toBeGreaterThan(0);
    for (const { linear, directory } of found) {
      const [row] = await rows(`SELECT physical FROM walk(${icount}, ${directory}, ${linear})`);
      expect(Number(row.physical)).toBe(0x189000);
    }
  });

  it('process_at(), owner_at() and process_slices agree with CR3 of the machine', async () => {
    const machine = await machineAt(icount);
    const [running] = await rows(`SELECT cr3, process FROM process_at(${icount})`);
    expect(Number(running.cr3)).toBe(frameOf(machine.cpu.cr3));
    const [owner] = await rows(`SELECT owner_text(0, ${running.cr3}, ${icount}) AS owner`);
    expect(owner.owner).toBe(running.process);
    const [{ gaps }] = await rows(
      `SELECT count(*) AS gaps FROM (SELECT to_icount, lead(from_icount) OVER (ORDER BY from_seq) AS next FROM process_slices)
       WHERE next IS NOT NULL AND next <> to_icount`,
    );
    expect(Number(gaps)).toBe(0);
  });

  it('frames_at() has the frames that events at that icount are inside of', async () => {
    const [event] = await rows('SELECT icount, frame_id, depth FROM paging_writes WHERE depth = 2 LIMIT 1');
    const open = await rows(`SELECT id FROM frames_at(${event.icount}) WHERE is_live`);
    expect(open.map(({ id }) => id)).toContain(event.frame_id);
    const [{ iret }] = await rows(`SELECT iret_icount AS iret FROM interrupts WHERE id = ${event.frame_id}`);
    const after = await rows(`SELECT id FROM frames_at(${Number(iret) + 1})`);
    expect(after.map(({ id }) => id)).not.toContain(event.frame_id);
  });

  it('intervals of an entry follow each other without gap', async () => {
    const [{ bad, n }] = await rows(
      `SELECT count(*) AS n, count(*) FILTER (WHERE next IS NOT NULL AND next <> to_icount) AS bad
       FROM (SELECT to_icount, lead(from_icount) OVER (PARTITION BY physical ORDER BY from_seq) AS next FROM pte_intervals)`,
    );
    expect([Number(bad), Number(n) > 1000]).toEqual([0, true]);
  });

  it('page_faults names the last writer of the entry behind each address', async () => {
    const [{ n, after, unknown }] = await rows(
      `SELECT count(*) AS n, count(*) FILTER (WHERE write_icount > icount) AS after,
         count(*) FILTER (WHERE pde IS NOT NULL AND writer IS NULL) AS unknown FROM page_faults`,
    );
    const [{ faults }] = await rows('SELECT count(*) AS faults FROM exceptions WHERE vector = 14');
    expect([n, Number(after), Number(unknown)]).toEqual([faults, 0, 0]);
    expect(Number(faults)).toBeGreaterThan(100);
  });

  it('tlb_at() has every translation that the TLB of the machine holds, and what was flushed is gone', async () => {
    const machine = await machineAt(icount);
    const held = [...machine.mmu.cachedTranslations()];
    expect(held.length).toBeGreaterThan(5);
    for (const { vpn, frame, pte } of held) {
      const found = await rows(`SELECT entry FROM tlb_at(${icount}, ${address(vpn)})`);
      expect(found.map(({ entry }) => frameOf(Number(entry)))).toContain(address(frame));
      expect(frameOf(pte)).toBe(address(frame));
    }
    const [{ n, open }] = await rows(
      `SELECT count(*) AS n, count(*) FILTER (to_seq IS NULL OR to_seq < changed_seq) AS open
       FROM tlb_intervals WHERE lowers AND changed_icount < ${icount} - 100000`,
    );
    expect([Number(n) > 100, Number(open)]).toEqual([true, 0]);
  });

  it('window_at() has the alternate slot of each directory as the machine has it', async () => {
    const machine = await machineAt(icount);
    const slots = await rows(`SELECT entry, value, dir, is_live FROM window_at(${icount})`);
    expect(slots.length).toBeGreaterThan(5);
    // The processor's own bits are no new value.
    const set = (entry: number) => entry & ~ACCESSED_AND_DIRTY;
    const other = slots.filter(
      ({ entry, value }) => set(word(machine, Number(entry))) !== set(Number(value)),
    );
    expect(other).toEqual([]);
    const live = slots.filter(({ is_live }) => is_live).map(({ dir }) => dir);
    expect(live).toEqual([frameOf(machine.cpu.cr3)]);
  });

  it('the events for `inevitable` have switches inside interrupts, also those that spl held off', async () => {
    const sql = "SELECT count(*) FILTER (i.source = 'int') AS held, count(*) AS n FROM aptd_switches a";
    const [{ held, n }] = await rows(
      `${sql} JOIN interrupts i ON i.id = a.frame_id WHERE a.op = 'write' AND i.vector BETWEEN 32 AND 47`,
    );
    const result = await db.query(commandSql('inevitable-events'), { from: 0, to: INSTRUCTIONS });
    const shown = cells(result).filter(([, text]) => String(text).includes(' switched the alternate map '));
    expect([Number(held) > 0, shown.length]).toEqual([true, Number(n)]);
  });

  it('window_intervals has each switch of the alternate map', async () => {
    const [{ switches, missing }] = await rows(
      `SELECT count(*) AS switches, count(*) FILTER (i.from_seq IS NULL) AS missing
       FROM aptd_switches a LEFT JOIN window_intervals i ON i.from_icount = a.icount AND i.value = a.new
       WHERE a.op = 'write'`,
    );
    expect([Number(switches) > 100, Number(missing)]).toEqual([true, 0]);
  });
});

it('an entry is of any type of integer', async () => {
  const types = ['UTINYINT', 'INTEGER', 'UINTEGER', 'BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT'];
  const [row] = await rows(`SELECT ${types.map((type) => `pte_text(103::${type}) AS ${type}`).join(', ')}`);
  expect(Object.values(row)).toEqual(types.map(() => '00000000 PWUAD'));
});
