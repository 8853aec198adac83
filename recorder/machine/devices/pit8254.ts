import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import type { InterruptControllers } from './pic8259.ts';
import { VirtualClock } from './virtual-time.ts';

/**
 * The 8254 interval timer (Intel 8254 data sheet): three counters at 1.193182 MHz of virtual time. A counter is not
 * stepped: its count and output follow from the tick at which it was started.
 */

export const PIT_HERTZ = 1_193_182;

/** Words of one channel; its doubles are START and EDGE. */
const MODE = 0;
/** Which bytes are written and read: 1 low, 2 high, 3 low then high. */
const ACCESS = 1;
const BCD = 2;
/** The count as programmed, 1-65536 (10000 in BCD). */
const RELOAD = 3;
/** Bytes of the current write or read that are done (with ACCESS 3). */
const WRITTEN = 4;
const WRITE_LOW = 5;
const READ_DONE = 6;
/** A latched count: 0 none, else bytes still to be read. */
const LATCHED = 7;
const LATCH = 8;
const STATUS_LATCHED = 9;
const STATUS = 10;
const GATE = 11;
/** 1 once a count was written since the mode was set. */
const LOADED = 12;
/** 1 while it counts: a one-shot waits for its trigger. */
const COUNTING = 13;
const CHANNEL_WORDS = 16;
/** Doubles, after the words: tick of the start, and of the next rising edge of channel 0 (-1: none). */
const FIRST_DOUBLE = (3 * CHANNEL_WORDS * 4) / 8;
const START = 0;
const PAUSED_AT = 1;
const CHANNEL_DOUBLES = 2;
const EDGE = FIRST_DOUBLE + 3 * CHANNEL_DOUBLES;

const IRQ = 0;
const NEVER = -1;

class Channel {
  private readonly words: Int32Array;
  private readonly times: Float64Array;

  constructor(words: Int32Array, times: Float64Array, gate: boolean) {
    this.words = words;
    this.times = times;
    words[GATE] = gate ? 1 : 0;
    words[ACCESS] = 3;
    words[RELOAD] = 0x10000;
  }

  /** Control word: mode, byte order, BCD. Counting stops until a count is written. */
  setMode(control: number): void {
    const { words } = this;
    const mode = (control >> 1) & 7;
    words[MODE] = mode > 5 ? mode - 4 : mode;
    words[ACCESS] = (control >> 4) & 3;
    words[BCD] = control & 1;
    words[WRITTEN] = 0;
    words[READ_DONE] = 0;
    words[LATCHED] = 0;
    words[STATUS_LATCHED] = 0;
    words[LOADED] = 0;
    words[COUNTING] = 0;
  }

  /** One byte of a count; true when the count is complete and in force. */
  write(value: number, tick: number): boolean {
    const { words } = this;
    if (words[ACCESS] === 3 && words[WRITTEN] === 0) {
      words[WRITE_LOW] = value;
      words[WRITTEN] = 1;
      // Mode 0 stops while half a count is written (data sheet, "Mode 0").
      if (words[MODE] === 0) words[COUNTING] = 0;
      return false;
    }
    const count =
      words[ACCESS] === 1 ? value : words[ACCESS] === 2 ? value << 8 : (value << 8) | words[WRITE_LOW];
    words[WRITTEN] = 0;
    words[RELOAD] = words[BCD] ? fromBcd(count) || 10000 : count || 0x10000;
    words[LOADED] = 1;
    if (words[MODE] !== 1 && words[MODE] !== 5) this.start(tick);
    return true;
  }

  private start(tick: number): void {
    this.times[START] = tick;
    this.times[PAUSED_AT] = tick;
    this.words[COUNTING] = 1;
  }

  /** The gate input; only channel 2 has one that software moves. */
  setGate(up: boolean, tick: number): void {
    const { words, times } = this;
    const was = words[GATE] !== 0;
    if (up === was) return;
    if (!up) times[PAUSED_AT] = tick;
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

  count(tick: number): number {
    const { words } = this;
    const reload = words[RELOAD];
    if (!words[COUNTING]) return reload & 0xffff;
    const elapsed = this.elapsed(tick);
    switch (words[MODE]) {
      case 2:
        return reload - (elapsed % reload);
      case 3:
        return reload - ((elapsed * 2) % reload);
      default: {
        const wrap = words[BCD] ? 10000 : 0x10000;
        return (((reload - elapsed) % wrap) + wrap) % wrap;
      }
    }
  }

  output(tick: number): boolean {
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

  /** Tick of the first rising edge of the output after `tick`; NEVER when there is none to come. */
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
      (words[LOADED] ? 0 : 0x40) |
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

export class Timer implements Device {
  readonly name = 'pit';
  readonly state: DeviceBlock;
  private readonly channels: readonly Channel[];
  private readonly doubles: Float64Array;
  private readonly clock: DeviceHost['clock'];
  private readonly virtual: VirtualClock;
  private readonly pic: InterruptControllers;
  private readonly bus: PortBus;

  constructor({ mem, clock, config }: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    this.state = deviceBlock(mem, 'pit');
    this.doubles = this.state.doubles;
    this.clock = clock;
    this.virtual = new VirtualClock(PIT_HERTZ, config.instructionsPerSecond);
    this.pic = pic;
    this.bus = bus;
    this.channels = [0, 1, 2].map(
      (n) =>
        new Channel(
          this.state.words.subarray(n * CHANNEL_WORDS, (n + 1) * CHANNEL_WORDS),
          this.doubles.subarray(FIRST_DOUBLE + n * CHANNEL_DOUBLES, FIRST_DOUBLE + (n + 1) * CHANNEL_DOUBLES),
          n < 2,
        ),
    );
    this.doubles[EDGE] = NEVER;
    bus.claim(0x40, 4, {
      bytes: true,
      in: (port) => (port < 3 ? this.channels[port].read(this.tick) : -1),
      out: (port, value) => (port < 3 ? this.writeCount(port, value) : this.control(value)),
    });
  }

  /** Ticks since power-on. */
  get tick(): number {
    return this.virtual.ticksAt(this.clock.icount);
  }

  /** Port 61h: the gate and the output of channel 2. */
  set gate2(up: boolean) {
    this.channels[2].setGate(up, this.tick);
  }
  get output2(): boolean {
    return this.channels[2].output(this.tick);
  }

  nextDeadline(): number {
    const edge = this.doubles[EDGE];
    return edge === NEVER ? Number.POSITIVE_INFINITY : this.virtual.icountOf(edge);
  }

  onDeadline(): void {
    this.pic.pulse(IRQ);
    this.doubles[EDGE] = this.channels[0].nextEdge(this.doubles[EDGE]);
  }

  private writeCount(channel: number, value: number): void {
    this.channels[channel].write(value, this.tick);
    if (channel === 0) this.findEdge();
  }

  private control(value: number): void {
    const which = value >> 6;
    if (which === 3) this.readBack(value);
    else if ((value & 0x30) === 0) this.channels[which].latchCount(this.tick);
    else {
      this.channels[which].setMode(value);
      if (which === 0) this.findEdge();
    }
  }

  /** Read-back command: bit 5 clear latches counts, bit 4 clear latches status, of the channels in bits 1-3. */
  private readBack(value: number): void {
    this.channels.forEach((channel, n) => {
      if ((value & (2 << n)) === 0) return;
      if ((value & 0x20) === 0) channel.latchCount(this.tick);
      if ((value & 0x10) === 0) channel.latchStatus(this.tick);
    });
  }

  private findEdge(): void {
    this.doubles[EDGE] = this.channels[0].nextEdge(this.tick);
    this.bus.deadlineMoved = true;
  }
}
