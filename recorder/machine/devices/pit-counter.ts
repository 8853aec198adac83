/**
 * One counter of the 8254 (Intel 8254 data sheet, "Mode Definitions"). It is not stepped: count and output are computed from the tick at
 * which the current count was loaded. The clock pulse for loading a count is not modelled.
 */

/** Words. */
const MODE = 0;
/** The bytes that are written and read: 1 low, 2 high, 3 low then high. */
const ACCESS = 1;
const BCD = 2;
/** The current count, 1-65536 (10000 in BCD). */
const RELOAD = 3;
/** Bytes of the current write or read that are done (with ACCESS 3). */
const WRITTEN = 4;
const WRITE_LOW = 5;
const READ_DONE = 6;
/** Unread bytes of a latched count; 0 if none is latched. */
const LATCHED = 7;
const LATCH = 8;
const STATUS_LATCHED = 9;
const STATUS = 10;
const GATE = 11;
/** 1 once a count was written since the mode was set. */
const LOADED = 12;
/** 1 while counting; a one-shot waits for its trigger. */
const COUNTING = 13;
/** A count that waits for the end of the period, or for a trigger; 0 none. */
const WAITING = 14;
export const COUNTER_WORDS = 15;

/** Doubles: ticks. */
const START = 0;
const PAUSED_AT = 1;
export const COUNTER_DOUBLES = 2;

export const NEVER = -1;

/** Mode before programming, in which the output is undefined; it is assumed to be high, as a BIOS leaves counter 0. */
const UNPROGRAMMED_MODE = 2;

export class Counter {
  private readonly words: Int32Array;
  private readonly times: Float64Array;
  /** The tick at which a waiting count is loaded: a double. */
  private readonly loadAt: Float64Array;
  /** Since chipset revision 31, waiting counts and odd counts of mode 3 behave as in the data sheet. */
  private readonly waits: boolean;

  constructor(
    words: Int32Array,
    times: Float64Array,
    loadAt: Float64Array,
    { gate, waits }: { gate: boolean; waits: boolean },
  ) {
    this.words = words;
    this.times = times;
    this.loadAt = loadAt;
    this.waits = waits;
    words[GATE] = gate ? 1 : 0;
    words[ACCESS] = 3;
    words[RELOAD] = 0x10000;
    if (waits && gate) words[MODE] = UNPROGRAMMED_MODE;
  }

  /** Control word: mode, byte order, BCD. Counting stops until a count is written. */
  setMode(control: number): void {
    const { words } = this;
    const mode = (control >> 1) & 7;
    words[MODE] = mode > 5 ? mode - 4 : mode;
    words[ACCESS] = (control >> 4) & 3;
    words[BCD] = control & 1;
    for (const word of [WRITTEN, READ_DONE, LATCHED, STATUS_LATCHED, LOADED, COUNTING, WAITING])
      words[word] = 0;
  }

  /** The count in force, ticks. */
  get period(): number {
    return this.words[RELOAD];
  }

  /** One byte of a count. */
  write(value: number, tick: number): void {
    const { words } = this;
    if (words[ACCESS] === 3 && words[WRITTEN] === 0) {
      words[WRITE_LOW] = value;
      words[WRITTEN] = 1;
      // Mode 0 stops while half a count is written (data sheet, "Mode 0").
      if (words[MODE] === 0) words[COUNTING] = 0;
      return;
    }
    const count =
      words[ACCESS] === 1 ? value : words[ACCESS] === 2 ? value << 8 : (value << 8) | words[WRITE_LOW];
    words[WRITTEN] = 0;
    this.program(words[BCD] ? fromBcd(count) || 10000 : count || 0x10000, tick);
  }

  /** A complete count was written: modes 0 and 4 load it at once, modes 2 and 3 at the end of the period. */
  private program(count: number, tick: number): void {
    const { words, loadAt } = this;
    this.settle(tick);
    words[LOADED] = 1;
    const triggered = words[MODE] === 1 || words[MODE] === 5;
    const periodic = words[MODE] === 2 || words[MODE] === 3;
    if (this.waits && (triggered || (periodic && words[COUNTING]))) {
      words[WAITING] = count;
      loadAt[0] = periodic && words[GATE] ? this.nextLoad(tick) : NEVER;
      return;
    }
    words[RELOAD] = count;
    if (!triggered) this.start(tick);
  }

  /** The tick at which a periodic mode next loads its count: each period, and in mode 3 each half of one. */
  private nextLoad(tick: number): number {
    const { words } = this;
    const reload = words[RELOAD];
    const into = this.elapsed(tick) % reload;
    const high = Math.ceil(reload / 2);
    return tick - into + (words[MODE] === 3 && into < high ? high : reload);
  }

  /** Loads the waiting count if its time has come. */
  private settle(tick: number): void {
    const { words, times, loadAt } = this;
    if (words[WAITING] === 0 || loadAt[0] === NEVER || tick < loadAt[0]) return;
    const intoLow = words[MODE] === 3 && this.outputAt(loadAt[0] - 1);
    words[RELOAD] = words[WAITING];
    words[WAITING] = 0;
    // A square wave that goes low with the new count: as if its high half had just passed.
    times[START] = loadAt[0] - (intoLow ? Math.ceil(words[RELOAD] / 2) : 0);
    times[PAUSED_AT] = times[START];
  }

  private start(tick: number): void {
    const { words, times } = this;
    if (words[WAITING]) words[RELOAD] = words[WAITING];
    words[WAITING] = 0;
    times[START] = tick;
    times[PAUSED_AT] = tick;
    words[COUNTING] = 1;
  }

  /** The gate input. */
  setGate(up: boolean, tick: number): void {
    const { words, times, loadAt } = this;
    if (up === (words[GATE] !== 0)) return;
    this.settle(tick);
    if (!up) times[PAUSED_AT] = tick;
    if (words[WAITING]) loadAt[0] = NEVER;
    words[GATE] = up ? 1 : 0;
    if (!up || !words[LOADED]) return;
    const resumes = words[MODE] === 0 || words[MODE] === 4;
    if (resumes) times[START] += tick - times[PAUSED_AT];
    else this.start(tick);
  }

  private elapsed(tick: number): number {
    const { words, times } = this;
    const pausable = words[MODE] !== 1 && words[MODE] !== 5;
    return (words[GATE] || !pausable ? tick : times[PAUSED_AT]) - times[START];
  }

  private count(tick: number): number {
    const { words } = this;
    this.settle(tick);
    const reload = words[RELOAD];
    if (!words[COUNTING]) return reload & 0xffff;
    const elapsed = this.elapsed(tick);
    switch (words[MODE]) {
      case 2:
        return reload - (elapsed % reload);
      case 3:
        return this.squareCount(elapsed % reload);
      default: {
        const wrap = words[BCD] ? 10000 : 0x10000;
        return (((reload - elapsed) % wrap) + wrap) % wrap;
      }
    }
  }

  /** Mode 3 counts by twos from an even number in either half; the high half of an odd count has one more, down to 0. */
  private squareCount(into: number): number {
    const reload = this.words[RELOAD];
    if (!this.waits) return reload - ((into * 2) % reload);
    const even = reload & ~1;
    const high = Math.ceil(reload / 2);
    return even - 2 * (into < high ? into : into - high);
  }

  output(tick: number): boolean {
    this.settle(tick);
    return this.outputAt(tick);
  }

  private outputAt(tick: number): boolean {
    const { words } = this;
    const elapsed = this.elapsed(tick);
    const reload = words[RELOAD];
    if (!words[COUNTING]) return words[MODE] !== 0;
    switch (words[MODE]) {
      case 0:
      case 1:
        return elapsed >= reload;
      case 2:
        return !words[GATE] || elapsed % reload !== reload - 1;
      case 3:
        return !words[GATE] || (elapsed % reload) * 2 < reload;
      default:
        return elapsed !== reload;
    }
  }

  /** Tick of the first rising edge of the output after `tick`; NEVER if there is none. */
  nextEdge(tick: number): number {
    const { words, times } = this;
    if (!words[COUNTING]) return NEVER;
    const reload = words[RELOAD];
    const elapsed = tick - times[START];
    if (words[MODE] === 2 || words[MODE] === 3)
      return times[START] + (Math.floor(elapsed / reload) + 1) * reload;
    const at = words[MODE] < 2 ? reload : reload + 1;
    return elapsed < at ? times[START] + at : NEVER;
  }

  /** Tick after `tick` at which the output changes or a waiting count is loaded; NEVER if neither happens. */
  nextChange(tick: number): number {
    const { words, times, loadAt } = this;
    this.settle(tick);
    const pausable = words[MODE] !== 1 && words[MODE] !== 5;
    if (!words[COUNTING] || (pausable && !words[GATE])) return NEVER;
    const reload = words[RELOAD];
    const elapsed = tick - times[START];
    const periodic = words[MODE] === 2 || words[MODE] === 3;
    if (!periodic) {
      const at = [reload, reload + 1].find((at) => at > elapsed && (at === reload || words[MODE] > 3));
      return at === undefined ? NEVER : times[START] + at;
    }
    const into = elapsed % reload;
    const falls = words[MODE] === 2 ? reload - 1 : Math.ceil(reload / 2);
    const change = tick - into + (into < falls ? falls : reload);
    return words[WAITING] && loadAt[0] !== NEVER ? Math.min(change, loadAt[0]) : change;
  }

  latchCount(tick: number): void {
    const { words } = this;
    if (words[LATCHED]) return;
    words[LATCH] = this.register(tick);
    words[LATCHED] = words[ACCESS] === 3 ? 2 : 1;
  }

  latchStatus(tick: number): void {
    const { words } = this;
    if (words[STATUS_LATCHED]) return;
    words[STATUS] =
      (this.output(tick) ? 0x80 : 0) |
      (words[LOADED] && words[WAITING] === 0 ? 0 : 0x40) |
      (words[ACCESS] << 4) |
      (words[MODE] << 1) |
      words[BCD];
    words[STATUS_LATCHED] = 1;
  }

  private register(tick: number): number {
    const count = this.count(tick) & 0xffff;
    return this.words[BCD] ? toBcd(count) : count;
  }

  read(tick: number): number {
    const { words } = this;
    if (words[STATUS_LATCHED]) {
      words[STATUS_LATCHED] = 0;
      return words[STATUS];
    }
    const value = words[LATCHED] ? words[LATCH] : this.register(tick);
    let high = words[ACCESS] === 2;
    if (words[ACCESS] === 3) {
      high = words[READ_DONE] === 1;
      words[READ_DONE] ^= 1;
    }
    if (words[LATCHED]) words[LATCHED]--;
    return high ? value >>> 8 : value & 0xff;
  }
}

const fromBcd = (bcd: number): number => {
  let value = 0;
  for (let shift = 12; shift >= 0; shift -= 4) value = value * 10 + ((bcd >> shift) & 15);
  return value;
};

const toBcd = (value: number): number => {
  let bcd = 0;
  for (let shift = 0, rest = value; shift < 16; shift += 4, rest = Math.floor(rest / 10))
    bcd |= (rest % 10) << shift;
  return bcd;
};
