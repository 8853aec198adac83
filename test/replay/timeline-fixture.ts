import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from '../../analysis/check/run-checks.ts';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import type { Watch } from '../../recorder/machine/state/stops.ts';
import type { DebugFinding } from '../../replayer/debug/monitor.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runGuest } from '../guest/built-in.ts';

/** The run in which a disk interrupt hijacks a fork (docs/guest.md). */
export const HIJACK = {
  /** icount of the store that goes into the page table of a stranger, and of the interrupt before. */
  icount: 22_712_557,
  interrupt: 22_711_849,
  /** The PTE in the alternate map, and where it lies. */
  linear: 0xfffbfef8,
  /** The value that is stored. */
  value: 0x5f6207,
  symbol: 'pmap_enter+0x15d',
} as const;

export const HIJACKED: Watch = {
  space: 'linear',
  first: HIJACK.linear,
  last: HIJACK.linear + 3,
  reads: false,
  writes: true,
};

export interface HijackTrace {
  readonly file: string;
  readonly reader: TraceReader;
  newSession(): ForwardSession;
  remove(): void;
}

/** Records it. */
export async function hijackTrace(): Promise<HijackTrace> {
  const folder = mkdtempSync(join(tmpdir(), 'r386-timeline-'));
  const file = join(folder, 'run.r386');
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: file });
  const reader = TraceReader.open(file);
  return {
    file,
    reader,
    newSession: () => ForwardSession.open(reader, { build: buildMachine, builtinDisk }),
    remove: () => {
      reader.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The hijack according to SQL: its finding, and the access that it names. */
export interface HijackFinding {
  /** As `check` and `monitor findings` have them. */
  readonly findings: readonly DebugFinding[];
  /** `first_access_icount` of the finding. */
  readonly icount: number;
  /** Linear address, in the alternate map, of the PTE that was stored into, and what was stored. */
  readonly linear: number;
  readonly value: number;
  /** Code of the access, as symbol+offset. */
  readonly code: string;
}

export async function hijackFinding(file: string): Promise<HijackFinding> {
  const db = await TraceDatabase.open([file], { cache: false });
  try {
    const findings = await runChecks(db);
    const [row] = (
      await db.query('SELECT first_access_icount, access_at, accesses FROM foreign_pmap WHERE writes > 0')
    ).getRowObjectsJson();
    const [, linear, value] = /^\d+ W ([0-9a-f]{8})=([0-9a-f]{8})/.exec(String(row.accesses)) ?? [];
    return {
      findings: findings.map(({ icount, check, summary }) => ({ icount, title: check.title, summary })),
      icount: Number(row.first_access_icount),
      linear: Number.parseInt(linear, 16),
      value: Number.parseInt(value, 16),
      code: String(row.access_at),
    };
  } finally {
    db.close();
  }
}
