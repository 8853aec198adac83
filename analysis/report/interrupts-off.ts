import type { TraceDatabase } from '../db/trace-database.ts';
import type { Slice, SliceTrack } from '../web/page-data.ts';
import type { Places } from './places.ts';
import { given, type Row, rowsOf } from './rows.ts';

/** The track of stretches in which interrupts could not come: what the trace has of them, and EFLAGS.IF as the run showed it when executed again. */

/** A stretch with EFLAGS.IF clear. Icounts; `to` is exclusive. */
export interface FlagStretch {
  readonly from: number;
  readonly to: number;
  /** Code that cleared it; 0: it was clear from the start. */
  readonly eip: number;
  /** interrupts.id that it happened in; 0 = none. */
  readonly frame: number;
}

/** The longest, in order, and how many shorter ones there are besides. */
export interface FlagStretches {
  readonly stretches: readonly FlagStretch[];
  readonly left: number;
}

export interface InterruptsOff {
  /** Seen by executing the run again; absent where that was not done. */
  readonly flag?: FlagStretches | undefined;
  /** The command that records them. */
  readonly command: string;
}

export async function interruptsOffTrack(
  db: TraceDatabase,
  { places, most, off: { flag, command } }: { places: Places; most: number; off: InterruptsOff },
): Promise<SliceTrack> {
  const rows = await rowsOf(db, 'report-interrupts-off', { most });
  const recorded = rows.map((row) => recordedSlice(row, places));
  const lanes = 1 + recorded.reduce((last, { lane = 0 }) => Math.max(last, lane), -1);
  const seen = flag?.stretches.map((one) => flagSlice(one, lanes, places)) ?? [];
  const isWhole = flag !== undefined || rows.some(({ what }) => what === 'if');
  return {
    kind: 'slices',
    name: 'interrupts off',
    doc: 'EFLAGS.IF is clear, or the kernel’s priority level (spl) or an 8259 masks lines, as far as recorded',
    slices: [...recorded, ...seen].sort((a, b) => a.from - b.from),
    left: (flag?.left ?? 0) + Number(rows[0]?.left_out ?? 0),
    ...(isWhole ? {} : { missing: `EFLAGS.IF was not recorded: ${command}` }),
  };
}

const recordedSlice = (row: Row, places: Places): Slice => ({
  from: Number(row.from_icount),
  to: Number(row.to_icount),
  label: String(row.label),
  code: places.of(Number(row.eip)),
  ...given('lane', Number(row.lane) || null, Number),
  ...given('inside', Number(row.frame_id) || null, Number),
});

const flagSlice = ({ from, to, eip, frame }: FlagStretch, lane: number, places: Places): Slice => ({
  from,
  to,
  label: 'IF = 0',
  ...(eip === 0 ? { detail: 'from the start of the run' } : { code: places.of(eip) }),
  ...(lane > 0 ? { lane } : {}),
  ...(frame > 0 ? { inside: frame } : {}),
});
