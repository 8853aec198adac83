import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import type { GuestRun } from '../guest/built-in.ts';
import { runGuest } from '../guest/built-in.ts';
import { type Access, accessesOf, isWrong } from '../guest/oracle.ts';
import { MATRIX } from '../guest/variant-matrix.ts';

/**
 * The checks against an oracle that knows nothing of them, at every access through the alternate map: none missed, none too many.
 * Takes 70 seconds. `ORACLE_SEEDS=40` has whole runs of as many seeds of ftpd instead, and whole runs of all variants.
 */

const MORE = Number(process.env.ORACLE_SEEDS ?? 0);
/** Runs with hijacks that only read, that store and that kill, and one without; and the kernel that has none. */
const FEW: readonly GuestRun[] = [
  { kernel: 'buggy', workload: 'ftpd', seed: 117 },
  { kernel: 'buggy', workload: 'ftpd', seed: 113 },
  { kernel: 'buggy', workload: 'forkstorm', seed: 3 },
  { kernel: 'buggy', workload: 'ftpd', seed: 2, instructions: 15_000_000 },
  { kernel: 'fixed', workload: 'ftpd', seed: 117, instructions: 15_000_000 },
];
const MANY: readonly GuestRun[] = Array.from({ length: MORE }, (_, n) => ({
  ...{ kernel: 'buggy', workload: 'ftpd', seed: n + 1 },
}));
const RUNS = MORE > 0 ? MANY : FEW;
/** Of the image with the mistakes of history; pmap1 reaches no page table by the alternate map. The beginnings of the short ones: ten seconds. */
const SHORT = { longest: 4e6, instructions: 2.5e6 };
const VARIANT_RUNS = MATRIX.filter(({ variant }) => variant !== 'pmap1')
  .filter(({ instructions }) => MORE > 0 || instructions <= SHORT.longest)
  .map((run) => (MORE > 0 ? run : { ...run, instructions: Math.min(run.instructions, SHORT.instructions) }));

const folder = mkdtempSync(join(tmpdir(), 'r386-oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** First address of the alternate map. */
const ALTERNATE = 0xffc00000;

/** Classes of accesses that reached another page table than the code meant, of a kernel that flushes. */
const WRONG = ['1', '3', '5', '15'];

/** The exit code of a run in which every program succeeded (recorder/guest/profile.json). */
const SURVIVED = 0x10;

type Key = string;
const keyOf = (icount: unknown, linear: unknown, access: unknown): Key => `${icount} ${access} ${linear}`;
const oracleKey = ({ icount, linear, write }: Access): Key => keyOf(icount, linear, write ? 'write' : 'read');

/** Facts of the trace: every access that was recorded, those that a check is about, and how many the findings count. */
async function checked(file: string) {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    const keys = async (sql: string) =>
      (await db.query(sql, undefined, 1e6))
        .getRowsJson()
        .map(([icount, linear, access]) => keyOf(icount, linear, access));
    const findings = (await runChecks(db)).filter(({ check }) => WRONG.includes(check.class));
    return {
      recorded: await keys('SELECT icount, linear, access FROM apt_accesses ORDER BY seq'),
      wrong: await keys(
        `SELECT icount, linear, access FROM window_misuses WHERE class IN ('1', '3', '5', '15') ORDER BY seq`,
      ),
      counted: findings.reduce((sum, { uses }) => sum + uses, 0),
    };
  } finally {
    db.close();
  }
}

/** Accesses, and wrong ones, of all runs. */
const total = { accesses: 0, wrong: 0 };

/** The accesses of a variant that the analysis says did not reach what the code meant. */
async function toldOf(file: string) {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    const rows = async (sql: string) => (await db.query(sql, undefined, 1e6)).getRowsJson();
    const misused = await rows(
      `SELECT icount, linear, access FROM window_misuses WHERE class IN ('1', '3', '5', '15')`,
    );
    const stale = await rows(`SELECT icount, linear, access FROM stale_uses
      WHERE linear >= ${ALTERNATE} AND is_present(fresh) AND frame_of(used) <> frame_of(fresh)`);
    const pages = await rows(`SELECT page_of(linear), min(icount) FROM (
        SELECT icount, linear FROM window_misuses WHERE class <> '4'
        UNION ALL SELECT icount, linear FROM stale_uses WHERE linear >= ${ALTERNATE}) GROUP BY ALL`);
    return {
      /** Accesses, each of which is wrong. */
      keys: [...misused, ...stale].map(([icount, linear, access]) => keyOf(icount, linear, access)),
      /** Icounts of the first by page: a read that was not recorded is the repeat of one that was, by the same TLB entry. */
      pages: new Map(pages.map(([page, icount]) => [Number(page), Number(icount)])),
    };
  } finally {
    db.close();
  }
}

describe('at each access through the alternate map, the pmap on the stack against the frame reached', () => {
  it.each(RUNS)('$kernel $workload, seed $seed', async (run) => {
    const file = join(folder, 'run.r386');
    const { exit } = await runGuest({ ...run, output: file });
    const accesses = accessesOf(file);
    const { recorded, wrong, counted } = await checked(file);
    const known = new Set(recorded);
    const seen = new Set(accesses.map(oracleKey));
    expect(recorded.filter((key) => !seen.has(key))).toEqual([]);
    const judged = accesses.filter(isWrong).filter((access) => known.has(oracleKey(access)));
    expect(wrong).toEqual(judged.map(oracleKey));
    expect(counted).toBe(judged.length);
    if (exit.kind === 'exit' && exit.code !== SURVIVED) expect(judged).not.toEqual([]);
    // A read that was not recorded is the repeat of one that was, by the same TLB entry.
    for (const access of accesses.filter(isWrong)) {
      const page = access.linear >>> 12;
      expect(judged.some(({ icount, linear }) => icount <= access.icount && linear >>> 12 === page)).toBe(
        true,
      );
    }
    total.accesses += accesses.length;
    total.wrong += judged.length;
  });

  it.each(VARIANT_RUNS)('variant $variant of $kernel, $workload, seed $seed', async (run) => {
    const file = join(folder, 'run.r386');
    await runGuest({ ...run, output: file });
    const accesses = accessesOf(file);
    const { keys, pages } = await toldOf(file);
    const wrong = accesses.filter(isWrong);
    const isTold = ({ linear, icount }: Access) => (pages.get(linear >>> 12) ?? Infinity) <= icount;
    expect(wrong.filter((access) => !isTold(access))).toEqual([]);
    const seen = new Set(wrong.map(oracleKey));
    expect(keys.filter((key) => !seen.has(key))).toEqual([]);
    total.accesses += accesses.length;
    total.wrong += wrong.length;
  });

  it('has seen enough', () => {
    console.log(
      `${RUNS.length} runs and ${VARIANT_RUNS.length} of variants, ${total.accesses} accesses, ${total.wrong} of them wrong`,
    );
    expect(total.accesses).toBeGreaterThan(1000 * RUNS.length);
    expect(total.wrong).toBeGreaterThan(2);
  });
});
