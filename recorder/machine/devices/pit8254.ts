import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';
import { COUNTER_DOUBLES, COUNTER_WORDS, Counter, NEVER } from './pit-counter.ts';
import { VirtualClock } from './virtual-time.ts';

/**
 * The 8254 interval timer (Intel 8254 data sheet): three counters at 1.193182 MHz of virtual time (pit-counter.ts).
 * The output of counter 0 is IRQ 0: a request lasts as long as it is high. With jitter the 8259 sees it rise late, by a random delay;
 * counts and falling edges are unaffected.
 */

export const PIT_HERTZ = 1_193_182;

/** Words of each counter; the last word of counter 0 is its output as seen by IRQ 0. */
const SLOT_WORDS = 16;
const LINE = COUNTER_WORDS;
/** Doubles, after the words: of each counter, then when counter 0 next acts by itself, then when waiting counts are loaded. */
const FIRST_DOUBLE = (3 * SLOT_WORDS * 4) / 8;
const NEXT = FIRST_DOUBLE + 3 * COUNTER_DOUBLES;
const LOAD_AT = NEXT + 1;
/** icount at which the 8259 sees a delayed rise; 0 if none is pending. */
const RISES_AT = LOAD_AT + 3;

const IRQ = DEVICES.pit.irqs.output;

export class Timer implements Device {
  readonly name = 'pit';
  readonly state: DeviceBlock;
  private readonly counters: readonly Counter[];
  private readonly doubles: Float64Array;
  private readonly clock: DeviceHost['clock'];
  private readonly virtual: VirtualClock;
  private readonly pic: InterruptControllers;
  private readonly bus: PortBus;
  private readonly words: Int32Array;
  /** Since chipset revision 31; before, each rising edge was a request that no falling edge removed. */
  private readonly line: boolean;
  private readonly host: DeviceHost;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    const { mem, clock, config } = host;
    this.host = host;
    this.state = deviceBlock(mem, 'pit');
    this.doubles = this.state.doubles;
    this.clock = clock;
    this.virtual = new VirtualClock(PIT_HERTZ, config.instructionsPerSecond);
    this.pic = pic;
    this.bus = bus;
    this.line = config.chipsetRevision >= 31;
    const { doubles, words } = this.state;
    this.words = words;
    this.counters = [0, 1, 2].map(
      (n) =>
        new Counter(
          words.subarray(n * SLOT_WORDS, n * SLOT_WORDS + COUNTER_WORDS),
          doubles.subarray(FIRST_DOUBLE + n * COUNTER_DOUBLES, FIRST_DOUBLE + (n + 1) * COUNTER_DOUBLES),
          doubles.subarray(LOAD_AT + n, LOAD_AT + n + 1),
          { gate: n < 2, waits: this.line },
        ),
    );
    if (this.line) words[LINE] = 1;
    this.doubles[NEXT] = NEVER;
    bus.claim(DEVICES.pit.ports.counters, {
      bytes: true,
      in: (port) => (port < 3 ? this.counters[port].read(this.tick) : -1),
      out: (port, value) => (port < 3 ? this.writeCount(port, value) : this.control(value)),
    });
  }

  /** Ticks since power-on. */
  get tick(): number {
    return this.virtual.ticksAt(this.clock.icount);
  }

  /** Port 61h: the gate and the output of channel 2. */
  set gate2(up: boolean) {
    this.counters[2].setGate(up, this.tick);
  }
  get output2(): boolean {
    return this.counters[2].output(this.tick);
  }

  nextDeadline(): number {
    const { doubles } = this;
    return doubles[RISES_AT] || this.icountOf(doubles[NEXT]);
  }

  redraw(line: number, from: number, to: number): boolean {
    if (line !== IRQ || this.doubles[RISES_AT] !== from) return false;
    this.doubles[RISES_AT] = to;
    return true;
  }

  onDeadline(): void {
    const { doubles } = this;
    if (doubles[RISES_AT] !== 0) {
      this.rise();
      return;
    }
    const tick = doubles[NEXT];
    const next = this.nextAfter(tick);
    doubles[NEXT] = next;
    const rises = this.line ? this.counters[0].output(tick) && this.words[LINE] === 0 : true;
    const late = rises ? this.lateness(next) : 0;
    if (late > 0) doubles[RISES_AT] = this.clock.icount + late;
    else if (this.line) this.drive(tick);
    else this.rise();
  }

  /** Delay of a rise in instructions, always less than the time to the next change of the output. */
  private lateness(next: number): number {
    const { nondet, config } = this.host;
    if (config.jitter === 0) return 0;
    const now = this.clock.icount;
    const period = (this.counters[0].period / PIT_HERTZ) * config.instructionsPerSecond;
    const most = Math.min(Math.floor((period * config.jitter) / 100), this.icountOf(next) - now - 1);
    return most > 0 ? nondet.draw('timer_latency', now, 0, most) : 0;
  }

  private icountOf(tick: number): number {
    return tick === NEVER ? Number.POSITIVE_INFINITY : this.virtual.icountOf(tick);
  }

  private rise(): void {
    this.doubles[RISES_AT] = 0;
    if (this.line) {
      this.words[LINE] = 1;
      this.pic.setLine(IRQ, true);
    } else this.pic.pulse(IRQ);
  }

  private writeCount(channel: number, value: number): void {
    this.counters[channel].write(value, this.tick);
    if (channel === 0) this.moved();
  }

  private control(value: number): void {
    const which = value >> 6;
    if (which === 3) this.readBack(value);
    else if ((value & 0x30) === 0) this.counters[which].latchCount(this.tick);
    else {
      this.counters[which].setMode(value);
      if (which === 0) this.moved();
    }
  }

  /** Read-back command: bit 5 clear latches counts, bit 4 clear latches status, of the channels in bits 1-3. */
  private readBack(value: number): void {
    this.counters.forEach((counter, n) => {
      if ((value & (2 << n)) === 0) return;
      if ((value & 0x20) === 0) counter.latchCount(this.tick);
      if ((value & 0x10) === 0) counter.latchStatus(this.tick);
    });
  }

  /** Counter 0 was programmed. */
  private moved(): void {
    const { tick } = this;
    this.doubles[RISES_AT] = 0;
    if (this.line) this.drive(tick);
    this.doubles[NEXT] = this.nextAfter(tick);
    this.bus.deadlineMoved = true;
  }

  private nextAfter(tick: number): number {
    const [counter] = this.counters;
    return this.line ? counter.nextChange(tick) : counter.nextEdge(tick);
  }

  private drive(tick: number): void {
    const high = this.counters[0].output(tick);
    if (high === (this.words[LINE] !== 0)) return;
    this.words[LINE] = high ? 1 : 0;
    this.pic.setLine(IRQ, high);
  }
}
