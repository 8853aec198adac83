import type { EventSink } from '../../recorder/machine/events/event-log.ts';
import {
  ACCESS,
  EVENT_KINDS,
  type EventBatch,
  type EventKind,
  INTERRUPT_OP,
  INTERRUPT_SOURCE,
  NO_IRQ,
  STACK_SWITCH_REASON,
  WINDOW_KIND,
  WINDOW_OP,
  type WindowKind,
} from '../../schemas/events.ts';
import { latin1 } from '../../schemas/text-bytes.ts';
import { isPanic } from '../ending/panic-lines.ts';
import type { Tape } from './tape.ts';
import { isSought, type Target } from './target.ts';

/**
 * Judges a run while it runs: the first access through a window that an interrupt or another thread had changed under its user (what
 * the SQL of the checks 01-foreign-pmap and 13-window-hijack finds in a whole trace), and the first line of the console in the words of a
 * panic. Tests compare its verdicts with those of the SQL.
 */

/** A sign that a run has failed. */
export interface Sign {
  /** `interrupt hijack`, `window hijack`, `panic`; of an examiner the title of its check. */
  readonly kind: string;
  readonly icount: number;
  /** Undefined for a check's finding, whose code is in the text. */
  readonly eip?: number;
  /** For people: what the guest said; empty for a hijack. Of a check's finding the code, or what the check says. */
  readonly text: string;
  /** A hijack: that access stored. */
  readonly stores?: boolean;
  /** Of a check's finding: what the check says, and the process that was running. */
  readonly summary?: string;
  readonly process?: string;
}

/** A row of any kind: its columns by name. */
type Row = Readonly<Record<string, number>>;

interface Own {
  readonly seq: number;
  readonly icount: number;
  readonly cr3: number;
  readonly entry: number;
}

interface Last extends Own {
  readonly frame: number;
  /** seq of the last switch of stacks before. */
  readonly stackSwitch: number;
}

interface Frame {
  readonly id: number;
  readonly parent: number;
  /** NO_IRQ for a software INT. */
  readonly irq: number;
  readonly seq: number;
  /** seq of its IRET; infinite while there is none. */
  readonly end: number;
  /** icount of that IRET. */
  readonly left?: number;
}

/** A request that was delivered. */
export interface Delivery {
  readonly id: number;
  readonly icount: number;
  /** EIP of the interrupted code. */
  readonly eip: number;
}

/** A line that rose. */
export interface Raise {
  readonly irq: number;
  readonly icount: number;
}

/** Interrupts of one context, the newest first. */
interface Interrupts {
  readonly id: number;
  readonly seq: number;
  readonly before: Interrupts | undefined;
}

/** A map over another one, which it leaves as it is. */
class Layer<Value> {
  private readonly own = new Map<string, Value>();
  private readonly base: Layer<Value> | undefined;
  constructor(base?: Layer<Value>) {
    this.base = base;
  }
  get(key: string | number): Value | undefined {
    return this.own.get(String(key)) ?? this.base?.get(key);
  }
  set(key: string | number, value: Value): void {
    this.own.set(String(key), value);
  }
}

const JUDGED = [
  'aptd_switches',
  'apt_accesses',
  'window_switches',
  'window_accesses',
  'interrupts',
  'stack_switches',
  'console',
] as const satisfies readonly EventKind[];
type JudgedKind = (typeof JUDGED)[number];
const NAMES = Object.fromEntries(
  JUDGED.map((kind) => [kind, EVENT_KINDS[kind].columns.map(({ name }) => name)]),
) as Readonly<Record<string, readonly string[]>>;

const FRAME_BITS = 0xfffff000;
const [RAISE, DELIVER, IRET] = (['raise', 'deliver', 'iret'] as const).map((op) => INTERRUPT_OP.indexOf(op));
const STORE = ACCESS.indexOf('write');
const SET = WINDOW_OP.indexOf('write');
const FROM_LINE: readonly number[] = (['irq', 'injected'] as const).map((one) =>
  INTERRUPT_SOURCE.indexOf(one),
);
/** Reasons for which another thread runs. */
const THREADS: readonly number[] = (['load', 'cr3', 'task'] as const).map((one) =>
  STACK_SWITCH_REASON.indexOf(one),
);
const NEWLINE = 10;
/** Of a line of the console. */
const MAX_TEXT = 200;

const pageFrame = (entry: number): number => (entry & FRAME_BITS) >>> 0;
/** As the macro present_frame. */
const presentFrame = (entry: number): number => (entry & 1 ? pageFrame(entry) : 0);

export class WindowJudge implements EventSink {
  private readonly kinds: readonly WindowKind[];
  /** Hears of every sign, not of the first alone. */
  private readonly onSign: ((sign: Sign) => void) | undefined;
  private readonly target: Target | undefined;
  private readonly own: Layer<Own>;
  private readonly last: Layer<Last>;
  private readonly frames: Layer<Frame>;
  private readonly interrupts: Layer<Interrupts>;
  private stackSwitch: number;
  private readonly lines = new Map<number, number[]>();
  /** The first one that is sought since the judge was made. */
  sign: Sign | undefined;
  /** Hears of every access through a window that its own context has set or checked: seq and icount of that, and icount of the access. */
  onUse: ((seq: number, from: number, to: number) => void) | undefined;
  /** The first delivery of each line, and all lines that rose, since then or since `forget`. */
  readonly deliveries = new Map<number, Delivery>();
  readonly raises: Raise[] = [];
  /** Keeps what the judge hears. */
  tape: Tape | undefined;

  /** `kinds`: of the windows that the profile declares, from window 1. With `base`, a run that leaves the one which that has judged so far. */
  constructor(
    kinds: readonly WindowKind[],
    base?: WindowJudge,
    onSign?: (sign: Sign) => void,
    target?: Target,
  ) {
    this.kinds = kinds;
    this.onSign = onSign;
    this.target = target;
    this.own = new Layer(base?.own);
    this.last = new Layer(base?.last);
    this.frames = new Layer(base?.frames);
    this.interrupts = new Layer(base?.interrupts);
    this.stackSwitch = base?.stackSwitch ?? 0;
    this.tape = base?.tape?.fork();
    for (const [port, bytes] of base?.lines ?? []) this.lines.set(port, [...bytes]);
  }

  /** Judges a run that leaves this one here. This one must stay as it is meanwhile. */
  fork(): WindowJudge {
    return new WindowJudge(this.kinds, this, undefined, this.target);
  }

  /** Deliveries and rises count from now on. */
  forget(): void {
    this.deliveries.clear();
    this.raises.length = 0;
  }

  /** icount of the IRET by which the handler of a delivery returned, if it has. */
  returned({ id }: Delivery): number | undefined {
    return this.frames.get(id)?.left;
  }

  /** True if code in this frame (0: in none) is inside of a handler of the hardware's interrupts. */
  inHandler(frameId: number): boolean {
    for (let frame = this.frames.get(frameId); frame; frame = this.frames.get(frame.parent))
      if (frame.irq !== NO_IRQ) return true;
    return false;
  }

  flush(batch: EventBatch): void {
    this.tape?.take(batch);
    const { tables } = batch;
    const rows: (readonly [seq: number, kind: JudgedKind, row: number])[] = [];
    for (const kind of JUDGED)
      for (let row = 0; row < tables[kind].count; row++) rows.push([tables[kind].columns[1][row], kind, row]);
    if (rows.length > 1) rows.sort((a, b) => a[0] - b[0]);
    for (const [, kind, row] of rows) {
      const { columns } = tables[kind];
      const named: Record<string, number> = {};
      for (const [n, name] of NAMES[kind].entries()) named[name] = columns[n][row];
      this.take(kind, named);
    }
  }

  private take(kind: JudgedKind, row: Row): void {
    switch (kind) {
      case 'aptd_switches':
        this.set(`0:${row.cr3}`, `0:${row.cr3}:${row.frame_id}`, presentFrame(row.new), row);
        break;
      case 'window_switches':
        this.set(`${row.window}:${row.entry}`, this.context(row), row.new, row);
        break;
      case 'apt_accesses':
        this.alternateAccess(row);
        break;
      case 'window_accesses':
        this.access(row);
        break;
      case 'interrupts':
        this.interrupt(row);
        break;
      case 'stack_switches':
        if (THREADS.includes(row.reason)) this.stackSwitch = row.seq;
        break;
      case 'console':
        this.console(row);
        break;
    }
  }

  private context({ window, entry, frame_id, cr3 }: Row): string {
    const byDirectory = frame_id === 0 && ['pages', 'slot'].includes(this.kinds[window - 1]);
    return `${window}:${entry}:${frame_id}:${byDirectory ? cr3 : 0}`;
  }

  private set(slot: string, context: string, entry: number, row: Row): void {
    const { seq, icount, cr3, op, frame_id: frame } = row;
    this.own.set(context, { seq, icount, cr3, entry });
    if (op === SET) this.last.set(slot, { seq, icount, cr3, entry, frame, stackSwitch: this.stackSwitch });
  }

  private alternateAccess(row: Row): void {
    const own = this.own.get(`0:${row.cr3}:${row.frame_id}`);
    if (own) this.onUse?.(own.seq, own.icount, row.icount);
    const last = this.last.get(`0:${row.cr3}`);
    if (!own || !last || last.seq < own.seq || last.entry === own.entry) return;
    if (presentFrame(row.used) === own.entry) return;
    let frame = this.frames.get(last.frame);
    while (frame && !(frame.parent === row.frame_id && frame.seq > own.seq && frame.end < row.seq))
      frame = this.frames.get(frame.parent);
    if (frame) this.found('interrupt hijack', row);
  }

  private access(row: Row): void {
    const own = this.own.get(this.context(row));
    if (own) this.onUse?.(own.seq, own.icount, row.icount);
    if (row.access !== STORE || !['pages', 'slot'].includes(this.kinds[row.window - 1])) return;
    const last = this.last.get(`${row.window}:${row.entry}`);
    if (!own || !last || last.seq < own.seq || (own.entry & 1) === 0) return;
    const meant = pageFrame(own.entry);
    if (pageFrame(row.used) === meant || pageFrame(last.entry) === meant) return;
    let interrupt = this.interrupts.get(`${row.frame_id}:${own.cr3}`);
    while (interrupt && interrupt.seq > last.seq) interrupt = interrupt.before;
    const end = interrupt && interrupt.seq > own.seq ? (this.frames.get(interrupt.id)?.end ?? 0) : 0;
    if ((end > last.seq && end < row.seq) || last.stackSwitch > own.seq) this.found('window hijack', row);
  }

  private interrupt({ op, id, parent, seq, cr3, irq, source, icount, eip }: Row): void {
    if (op === DELIVER) {
      this.frames.set(id, { id, parent, irq, seq, end: Number.POSITIVE_INFINITY });
      const context = `${parent}:${cr3}`;
      this.interrupts.set(context, { id, seq, before: this.interrupts.get(context) });
      if (FROM_LINE.includes(source) && !this.deliveries.has(irq))
        this.deliveries.set(irq, { id, icount, eip });
    } else if (op === IRET) {
      const frame = this.frames.get(id);
      if (frame) this.frames.set(id, { ...frame, end: seq, left: icount });
    } else if (op === RAISE) this.raises.push({ irq, icount });
  }

  private console({ port, byte, icount, eip }: Row): void {
    const line = this.lines.get(port) ?? [];
    this.lines.set(port, line);
    if (byte !== NEWLINE) {
      if (line.length < MAX_TEXT) line.push(byte);
      return;
    }
    const text = latin1(Uint8Array.from(line)).trim();
    line.length = 0;
    if (isPanic(text)) this.tell({ kind: 'panic', icount, eip, text });
  }

  private found(kind: Sign['kind'], { icount, eip, access }: Row): void {
    this.tell({ kind, icount, eip, text: '', stores: access === STORE });
  }

  private tell(sign: Sign): void {
    if (isSought(sign.kind, this.target)) this.sign ??= sign;
    this.onSign?.(sign);
  }
}

/** Of a profile's windows. */
export const kindsOf = (windows: readonly { readonly kind: string }[] = []): WindowKind[] =>
  windows.map(({ kind }) => WINDOW_KIND.find((one) => one === kind) ?? 'word');
