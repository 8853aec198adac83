import { dueAt, kindsOfLine } from '../../recorder/capture/scheduled-nondet.ts';
import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { columnIndex, INTERRUPT_OP, INTERRUPT_SOURCE } from '../../schemas/events.ts';
import type { Input, InputKind } from '../../schemas/trace/inputs.ts';

/** Finds when a recording's interrupt lines rose, and which of these times were answers from outside. */

/** The facts of a recording by which a change is understood. */
export interface Recorded {
  readonly inputs: readonly Input[];
  /** icounts at which a device raised this interrupt line, in order; undefined when the recording has no events. */
  raises(line: number): readonly number[] | undefined;
  /** The least that a disk's time can be, instructions. */
  readonly shortestDiskTime: number;
}

export function recordedOf(reader: TraceReader): Recorded {
  const { machine } = reader.header;
  return {
    inputs: reader.inputs(),
    raises: (line) => (machine.detail === 'off' ? undefined : raisesOf(reader, line)),
    shortestDiskTime: machine.diskLatencyMin,
  };
}

const [ICOUNT, OP, IRQ, SOURCE] = ['icount', 'op', 'irq', 'source'].map((name) =>
  columnIndex('interrupts', name),
);
const RAISE = INTERRUPT_OP.indexOf('raise');
const BY_DEVICE = INTERRUPT_SOURCE.indexOf('irq');

/** icounts at which a device raised the line, in order; injected requests are left out. */
export function raisesOf(reader: TraceReader, line: number): number[] {
  const raises: number[] = [];
  for (const [n, { rows }] of reader.chunks.entries()) {
    if (!rows.interrupts) continue;
    const { columns, count } = reader.readChunk(n).table('interrupts');
    for (let row = 0; row < count; row++)
      if (columns[OP][row] === RAISE && columns[IRQ][row] === line && columns[SOURCE][row] === BY_DEVICE)
        raises.push(columns[ICOUNT][row]);
  }
  return raises;
}

/** Any line of a drive: they have the same kinds of times. */
const DISK_LINE = 14;

/** An answer from outside that decided when an interrupt came. */
export interface InterruptTime {
  readonly kind: InputKind;
  /** Among the answers of its kind, from 0. */
  readonly nth: number;
  readonly drawnAt: number;
  /** Instructions from there to the interrupt. */
  readonly value: number;
  /** icount at which the line rose. */
  readonly raisedAt: number;
}

/** Of each of these rises of a line the time that led to it; those that none led to are left out. */
export function interruptTimes(
  inputs: readonly Input[],
  raises: readonly number[],
  line = DISK_LINE,
): InterruptTime[] {
  const ends = new Map<number, Omit<InterruptTime, 'raisedAt'>>();
  for (const kind of kindsOfLine(line))
    inputs
      .filter((input) => input.kind === kind)
      .forEach(({ icount, value }, nth) => {
        ends.set(dueAt(kind, icount, value), { kind, nth, drawnAt: icount, value });
      });
  return raises.flatMap((raisedAt) => {
    const time = ends.get(raisedAt);
    return time ? [{ ...time, raisedAt }] : [];
  });
}
