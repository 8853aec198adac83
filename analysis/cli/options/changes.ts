import type { Adjustment } from '../../../recorder/capture/changed-nondet.ts';
import type { Move } from '../../../recorder/capture/scheduled-nondet.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { type Input, POKE_REGISTERS } from '../../../schemas/trace/inputs.ts';
import { icount } from '../../../schemas/units.ts';
import { type InterruptTime, interruptTimes, type Recorded } from '../../what-if/recorded-interrupts.ts';
import type { Changes, MovedInterrupt } from '../../what-if/what-if.ts';
import { grouped } from '../terminal/format.ts';
import { parseSchedule } from './schedule.ts';
import { type IcountWindow, parseCount, parseWindow } from './values.ts';

/** The changes of a what-if, as typed. docs/what-if.md defines them. */
export interface ChangeRequest {
  /** icount of changes that do not name one. */
  readonly at?: string | undefined;
  /** `irq14`, `irq14@ICOUNT`. */
  readonly inject: readonly string[];
  /** `irq14=+N`, `irq14=-N@ICOUNT`; also `irq6` and `irq15`. */
  readonly delay: readonly string[];
  /** `ADDRESS=VALUE`, `ADDRESS:SIZE=VALUE@ICOUNT`, `phys:ADDRESS=VALUE`, `eax=VALUE`. */
  readonly poke: readonly string[];
  /** `FROM:TO`. */
  readonly cli: readonly string[];
  /** `irq14=TO@FROM,irq4@ICOUNT`. */
  readonly schedule?: string | undefined;
}

interface Change {
  readonly move?: Move;
  readonly added?: readonly Input[];
  readonly adjustment?: Adjustment;
  readonly moved?: MovedInterrupt;
  readonly at: number;
  readonly words: string;
}

/** Turns the typed changes into inputs for this recording. Throws BadInput for changes without effect. */
export function parseChanges(request: ChangeRequest, recorded: Recorded): Changes {
  const windows = merge(request.cli.map((text) => parseWindow(text, '--cli')));
  const changes: Change[] = [
    ...request.inject.map((text) => parseInject(text, request.at)),
    ...request.delay.map((text) => parseDelay(text, request.at, recorded)),
    ...request.poke.map((text) => parsePoke(text, request.at)),
    ...windows.map(holdInterrupts),
    ...(request.schedule === undefined ? [] : scheduleChanges(request.schedule, recorded)),
  ];
  if (changes.every(({ at }) => at === Number.POSITIVE_INFINITY)) throw movesNothing(request, recorded);
  return {
    added: changes.flatMap(({ added }) => added ?? []).sort((a, b) => a.icount - b.icount),
    adjustments: changes.flatMap(({ adjustment }) => adjustment ?? []),
    moves: changes.flatMap(({ move }) => move ?? []),
    moved: changes.flatMap(({ moved }) => moved ?? []),
    changedAt: Math.min(...changes.map(({ at }) => at)),
    words: changes.map(({ words }) => words),
  };
}

/** Parses a move of an interrupt of the new run. It is known from the recording only if the run has not changed before it. */
function scheduleChanges(text: string, recorded: Recorded): Change[] {
  const { moves, injected } = parseSchedule(text);
  return [
    ...moves.map((move) => ({
      move,
      at: timeOf(move, recorded)?.drawnAt ?? Number.POSITIVE_INFINITY,
      words: `schedule irq${move.line}=${move.to}@${move.from}`,
    })),
    ...injected.map((input) => ({
      added: [input],
      at: input.icount,
      words: `schedule irq${input.value}@${input.icount}`,
    })),
  ];
}

const timeOf = ({ line, from }: Move, { inputs, raises }: Recorded): InterruptTime | undefined =>
  interruptTimes(inputs, raises(line) ?? [], line).find(({ raisedAt }) => raisedAt === from);

function movesNothing({ schedule = '' }: ChangeRequest, { raises }: Recorded): BadInput {
  const [{ line, from }] = parseSchedule(schedule).moves;
  const next = raises(line)?.find((raise) => raise >= from);
  return new BadInput(
    `--schedule ${schedule}: no IRQ ${line} whose time is an input comes at icount ${grouped(from)} of the recording`,
    next === undefined ? 'give the icount of one that does' : `the next IRQ ${line} comes at icount ${next}`,
  );
}

/** `WHAT@ICOUNT`, or `WHAT` at the icount of --at. */
function timed(text: string, option: string, at: string | undefined): { what: string; when: number } {
  const [what, own, ...more] = text.split('@');
  const when = own ?? at;
  if (more.length > 0) throw new BadInput(`${option} ${text}: more than one @`);
  if (when === undefined)
    throw new BadInput(
      `${option} ${text}: the icount is missing`,
      `add --at ICOUNT, or write ${what}@ICOUNT`,
    );
  return { what, when: parseCount(when, own === undefined ? '--at' : option) };
}

function parseLine(text: string, option: string): number {
  const line = /^(?:irq)?(\d+)$/.exec(text)?.[1];
  if (line !== undefined && Number(line) <= 15) return Number(line);
  throw new BadInput(`${option} ${text}: not an interrupt line`, 'write irq0 to irq15');
}

function parseInject(text: string, at: string | undefined): Change {
  const { what, when } = timed(text, '--inject', at);
  const value = parseLine(what, '--inject');
  return {
    added: [{ kind: 'inject_irq', icount: icount(when), value }],
    at: when,
    words: `inject irq${value}@${when}`,
  };
}

/** Interrupt lines of drives: floppy, and the two ATA channels. */
const DRIVE_LINES = [6, 14, 15];

/** The moved interrupt is the line's first one at or after the given time; its latency may have been drawn before that. */
function parseDelay(text: string, at: string | undefined, recorded: Recorded): Change {
  const { what, when } = timed(text, '--delay', at);
  const [name, amount] = what.split('=');
  const sign = /^[+-]/.exec(amount ?? '')?.[0];
  if (!sign)
    throw new BadInput(
      `--delay ${text}: the number of instructions is missing`,
      'write irq14=+INSTRUCTIONS or irq14=-INSTRUCTIONS',
    );
  const line = parseLine(name, '--delay');
  if (!DRIVE_LINES.includes(line))
    throw new BadInput(
      `--delay ${text}: only the interrupts of drives, irq6, irq14 and irq15, have times from outside the machine`,
      'the others follow from what the guest does; hold all of them off with --cli FROM:TO',
    );
  const by = parseCount((amount as string).slice(1), '--delay') * (sign === '-' ? -1 : 1);
  const { kind, nth, drawnAt, value, raisedAt } = timeToChange(text, line, when, recorded);
  if (Math.max(recorded.shortestDiskTime, value + by) === value)
    throw new BadInput(
      `--delay ${text}: IRQ ${line} at icount ${grouped(raisedAt)} already comes as early as possible, ${grouped(value)} instructions after its request`,
      'give +INSTRUCTIONS, or another icount',
    );
  return {
    adjustment: { kind, nth, by },
    moved: { line, from: raisedAt, kind, nth },
    at: Math.min(when, drawnAt),
    words: `delay irq${line}=${sign}${Math.abs(by)}@${when}`,
  };
}

function timeToChange(text: string, line: number, when: number, recorded: Recorded): InterruptTime {
  const raises = recorded.raises(line);
  if (!raises)
    throw new BadInput(
      `--delay ${text}: recorded with --detail off, so the trace has no interrupt times`,
      'record it again without --detail off',
    );
  const raisedAt = raises.find((raise) => raise >= when);
  if (raisedAt === undefined)
    throw new BadInput(
      `--delay ${text}: IRQ ${line} does not come after icount ${grouped(when)}`,
      raises.length > 0
        ? `its last one comes at icount ${grouped(raises[raises.length - 1])}: @${raises[raises.length - 1]}`
        : 'no drive raises it in this recording: the line has no drive, or the guest polls it',
    );
  const times = interruptTimes(recorded.inputs, raises).filter((time) => time.raisedAt >= when);
  if (times[0]?.raisedAt === raisedAt) return times[0];
  throw new BadInput(
    `--delay ${text}: IRQ ${line} comes next at icount ${grouped(raisedAt)}, at a time that is not an input: an answer of the drive ` +
      'itself, or a further block of a transfer in a trace of version 0.2 or earlier',
    times[0]
      ? `the next that can be moved comes at icount ${grouped(times[0].raisedAt)}: @${times[0].raisedAt}`
      : 'hold interrupts off there with --cli FROM:TO',
  );
}

const U32 = 2 ** 32;

function parseNumber(text: string | undefined, option: string): number {
  const value = /^-?(\d+|0x[0-9a-f]+)$/i.test(text ?? '')
    ? Number((text as string).replace('-', '')) * ((text as string).startsWith('-') ? -1 : 1)
    : Number.NaN;
  if (value >= -(2 ** 31) && value < U32) return value >>> 0;
  throw new BadInput(`${option}: ${text ?? ''} is not a 32-bit number`, 'write it as 4096 or 0x1000');
}

const BITS: Readonly<Record<string, 8 | 16 | 32>> = { '1': 8, '2': 16, '4': 32 };

function parsePoke(text: string, at: string | undefined): Change {
  const { what, when } = timed(text, '--poke', at);
  const option = `--poke ${text}`;
  const [place, assigned, ...more] = what.split('=');
  if (assigned === undefined || more.length > 0)
    throw new BadInput(`${option}: not a change`, 'write ADDRESS=VALUE, phys:ADDRESS=VALUE or eax=VALUE');
  const value = parseNumber(assigned, option);
  const common = { kind: 'poke', icount: icount(when), value } as const;
  const words = `poke ${what}@${when}`;
  const register = (POKE_REGISTERS as readonly string[]).indexOf(place.toLowerCase());
  if (register >= 0)
    return { added: [{ ...common, target: 'register', address: register }], at: when, words };
  const [, space, address, size] = /^(phys:)?([^:]+)(?::(\d+))?$/i.exec(place) ?? [];
  const bits = BITS[size ?? '4'];
  if (address === undefined || !bits)
    throw new BadInput(
      `${option}: no such place`,
      `write ADDRESS, ADDRESS:SIZE (1, 2 or 4 bytes), phys:ADDRESS, or one of ${POKE_REGISTERS.join(' ')}`,
    );
  const target = `${space ? 'physical' : 'linear'}${bits}` as const;
  return { added: [{ ...common, target, address: parseNumber(address, option) }], at: when, words };
}

/** Merges windows that touch or overlap. */
function merge(windows: readonly IcountWindow[]): IcountWindow[] {
  const merged: IcountWindow[] = [];
  for (const window of [...windows].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && window.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, window.to) };
    else merged.push(window);
  }
  return merged;
}

const holdInterrupts = ({ from, to }: IcountWindow): Change => ({
  added: [
    { kind: 'hold_interrupts', icount: icount(from), value: 1 },
    { kind: 'hold_interrupts', icount: icount(to), value: 0 },
  ],
  at: from,
  words: `cli ${from}:${to}`,
});
