import { type RecordOptions, record } from '../../recorder/capture/session.ts';
import { columnIndex, type EventBatch, INTERRUPT_OP, INTERRUPT_SOURCE } from '../../schemas/events.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { kindsOf, type Sign, WindowJudge } from '../explore/window-judge.ts';

/** One run of a curve: executed without a trace, judged as it goes, until the guest dies or its time is over. */

export type TrialPlan = Omit<RecordOptions, 'output' | 'onEvents' | 'ladderInterval'>;

/** The fate of a run. All times are icounts, from the start of the machine. */
export interface Trial {
  /** The first access through a window that an interrupt had changed under its user; absent while there was none. */
  readonly misused?: number;
  /** The first of these that stored. */
  readonly corrupted?: number;
  /** The end of the guest, where it came to one by itself and not to a good one. */
  readonly died?: number;
  /** For people: the way that it ended. */
  readonly death?: string;
  /** The end of what was seen. */
  readonly until: number;
  /** Interrupts of the first ATA channel. */
  readonly transfers: number;
  readonly interrupted: boolean;
}

const DISK_IRQ = 14;
const DELIVER = INTERRUPT_OP.indexOf('deliver');
const LINE = INTERRUPT_SOURCE.indexOf('irq');
const [OP, IRQ, SOURCE] = ['op', 'irq', 'source'].map((name) => columnIndex('interrupts', name));

/** `isGood`: of exit codes that are no death. */
export async function runTrial(plan: TrialPlan, isGood: (code: number) => boolean): Promise<Trial> {
  const signs: Sign[] = [];
  const judge = new WindowJudge(kindsOf(plan.profile.windows), undefined, (sign) => void signs.push(sign));
  let transfers = 0;
  const { exit, final } = await record({
    ...plan,
    // No state is compared with another.
    ladderInterval: plan.instructions + 1,
    onEvents: (batch) => {
      judge.flush(batch);
      transfers += transfersIn(batch);
    },
  });
  const hijacks = signs.filter(({ kind }) => kind !== 'panic');
  const panic = signs.find(({ kind }) => kind === 'panic');
  const death = deathOf(exit, panic, isGood);
  return {
    ...optional('misused', hijacks[0]?.icount),
    ...optional('corrupted', hijacks.find(({ stores }) => stores)?.icount),
    ...(death === undefined ? {} : { died: final.icount, death }),
    ...{ until: final.icount, transfers, interrupted: exit.kind === 'interrupted' },
  };
}

const optional = <Name extends string>(name: Name, value: number | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: number };

function transfersIn({ tables: { interrupts } }: EventBatch): number {
  let found = 0;
  for (let row = 0; row < interrupts.count; row++)
    if (
      interrupts.columns[OP][row] === DELIVER &&
      interrupts.columns[IRQ][row] === DISK_IRQ &&
      interrupts.columns[SOURCE][row] === LINE
    )
      found++;
  return found;
}

function deathOf(
  { kind, code }: TraceExit,
  panic: Sign | undefined,
  isGood: (code: number) => boolean,
): string | undefined {
  if (kind === 'limit' || kind === 'interrupted' || (kind === 'exit' && isGood(code))) return undefined;
  if (panic) return panic.text;
  if (kind === 'exit') return `exit code 0x${code.toString(16)}`;
  return kind === 'shutdown' ? 'triple fault' : 'halted forever';
}
