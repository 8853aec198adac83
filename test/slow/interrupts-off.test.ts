import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { RAM } from '../../recorder/machine/layout.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { executeTo } from '../../replayer/timeline/go-to.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/** Stretches with interrupts held off, by SQL, against EFLAGS, the kernel's level and the chips of the machine. Takes ten seconds. */

const folder = mkdtempSync(join(tmpdir(), 'r386-off-'));
const path = (name: string) => join(folder, name);
const INSTRUCTIONS = 1_000_000;
const SEED = seedFrom('STATE_SEED');
const IF = 0x200;
/** `cpl` of the built-in kernel. */
const SPL = '{"name":"spl","word":"cpl"}';
let db: TraceDatabase;

beforeAll(async () => {
  await runCli(
    'record',
    '--kernel',
    'buggy',
    '--workload',
    'ftpd',
    '-q',
    '-n',
    `${INSTRUCTIONS}`,
    '-o',
    path('run.r386'),
  );
  const replayed = await runCli(
    ...['replay', path('run.r386'), '--detail', 'if_changes', '--detail', 'port_io', '--window', SPL],
    ...['-o', path('off.r386')],
  );
  expect([replayed.status, replayed.stderr]).toEqual([0, []]);
  db = await TraceDatabase.open([path('off.r386')], { cache: false });
});
afterAll(() => {
  db?.close();
  rmSync(folder, { recursive: true });
});

it(`is what the machine has, at instants of seed ${SEED}`, async () => {
  const next = random(SEED);
  // The view has nothing of the time before the first change: the loader hands the kernel over with interrupts off.
  const first = await db.query('SELECT min(icount)::INTEGER + 1 FROM if_changes');
  const start = Number(first.getRowsJson()[0][0]);
  const instants = Array.from({ length: 40 }, () => start + (next() % (INSTRUCTIONS - start))).sort(
    (a, b) => a - b,
  );
  const session = ForwardSession.open(TraceReader.open(path('run.r386')), {
    build: buildMachine,
    builtinDisk,
  });
  const symbols = await db.query("SELECT address FROM symbols WHERE name = 'cpl'");
  const level = Number(symbols.getRowsJson()[0][0]);
  const seen = { on: 0, off: 0, raised: 0 };
  for (const icount of instants) {
    await executeTo(session, icount);
    const { machine } = session;
    const found = await db.query(
      `SELECT what, bit_or(mask)::INTEGER FROM interrupts_off WHERE from_icount < ${icount} AND to_icount >= ${icount} GROUP BY what`,
    );
    const masks = new Map(found.getRowsJson().map(([what, mask]) => [String(what), Number(mask)]));
    const isOff = (cpuOf(machine).eflags & IF) === 0;
    expect(masks.has('if'), `IF at ${icount}`).toBe(isOff);
    const spl = machine.mem.view.getUint32(RAM + machine.mmu.translateForDebug(level | 0), true);
    expect(masks.get('spl') ?? 0, `spl at ${icount}`).toBe(spl);
    seen[isOff ? 'off' : 'on']++;
    if (spl !== 0) seen.raised++;
  }
  expect(seen.on).toBeGreaterThan(0);
});

it('has each kind, and their code', async () => {
  const found = await db.query(
    'SELECT what, count(*)::INTEGER, max(instructions)::INTEGER FROM interrupts_off GROUP BY what ORDER BY what',
  );
  const rows = found.getRowsJson();
  expect(rows.map(([what]) => what)).toEqual(['if', 'pic', 'spl']);
  for (const [, count, longest] of rows)
    expect([Number(count) > 0, Number(longest) > 0]).toEqual([true, true]);
});
