import type { Device, DeviceHost } from '../device.ts';
import type { MachineMemory } from '../layout.ts';
import type { PortBus } from './bus.ts';
import { consoleOf, type Say } from './console.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';

/**
 * COM1, a 16550A (National Semiconductor PC16550D data sheet). It transmits at once; transmitted bytes are the guest's console. With
 * jitter the transmitter becomes empty after a random delay.
 */

const IRQ = DEVICES.uart.irqs.line;

/** Words. */
const IER = 0;
const LCR = 1;
const MCR = 2;
const SCRATCH = 3;
const DIVISOR = 4;
const FIFO_ENABLED = 5;
const OVERRUN = 6;
/** The transmitter-empty interrupt is pending. */
const THRE_PENDING = 7;
const TRIGGER = 8;
const RECEIVED = 9;
/** Low half of the modem status: inputs that have changed since the last read. */
const MODEM_CHANGES = 10;
/** Receive queue, one word per byte. */
const QUEUE = 16;
const FIFO_BYTES = 16;
/** Double, after the queue: icount at which the transmitter becomes empty; 0 if it is empty. */
const EMPTY_AT = (QUEUE + FIFO_BYTES) / 2;

const IER_RECEIVED = 1;
const IER_TRANSMIT = 2;
const IER_LINE_STATUS = 4;
const IER_MODEM_STATUS = 8;
const LCR_DLAB = 0x80;
const MCR_OUT2 = 8;
const MCR_LOOPBACK = 0x10;
const LSR_READY = 1;
const LSR_OVERRUN = 2;
/** Transmit register and shifter are empty. */
const LSR_TRANSMIT_EMPTY = 0x60;
/** Carrier, data set ready and clear to send, as a null modem gives them. */
const MSR_CONNECTED = 0xb0;
const MSR_RING = 0x40;
const MSR_RING_ENDED = 4;
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** With a divisor of 1: the crystal of 1.8432 MHz by 16 (data sheet, table III). */
const MAX_BAUD = 115_200;
/** Start bit, eight bits of data, stop bit. */
const BITS = 10;

/** The pending interrupt of highest priority, in IIR's coding; 1 for none. */
function reasonOf(words: Int32Array): number {
  if (words[IER] & IER_LINE_STATUS && words[OVERRUN]) return 6;
  if (words[IER] & IER_RECEIVED && words[RECEIVED] >= words[TRIGGER]) return 4;
  if (words[IER] & IER_RECEIVED && words[RECEIVED] > 0) return 12;
  if (words[IER] & IER_TRANSMIT && words[THRE_PENDING]) return 2;
  if (words[IER] & IER_MODEM_STATUS && words[MODEM_CHANGES]) return 0;
  return 1;
}

/** The guest's interrupt settings of COM1; `asks`: it has a pending interrupt condition. */
export function serialInterrupts(mem: MachineMemory): {
  readonly enable: number;
  readonly modem: number;
  readonly asks: boolean;
} {
  const { words } = deviceBlock(mem, 'uart');
  return { enable: words[IER], modem: words[MCR], asks: reasonOf(words) !== 1 };
}

export class SerialPort implements Device {
  readonly name = 'uart';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly say: Say;
  private readonly pic: InterruptControllers;
  /**
   * Since chipset revision 31, a byte to transmit acknowledges the transmitter's interrupt, loopback disables OUT2, and changes of the
   * modem inputs are recorded.
   */
  private readonly revised: boolean;
  private readonly doubles: Float64Array;
  private readonly host: DeviceHost;
  private readonly bus: PortBus;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    this.state = deviceBlock(host.mem, 'uart');
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.host = host;
    this.bus = bus;
    this.words[TRIGGER] = 1;
    this.words[DIVISOR] = 1;
    this.say = consoleOf(host, bus, 'com1');
    this.pic = pic;
    this.revised = host.config.chipsetRevision >= 31;
    bus.claim(DEVICES.uart.ports.registers, {
      bytes: true,
      in: (port) => this.read(port),
      out: (port, value) => this.write(port, value),
    });
  }

  nextDeadline(): number {
    return this.doubles[EMPTY_AT] || Number.POSITIVE_INFINITY;
  }

  redraw(line: number, from: number, to: number): boolean {
    if (line !== IRQ || this.doubles[EMPTY_AT] !== from) return false;
    this.doubles[EMPTY_AT] = to;
    return true;
  }

  onDeadline(): void {
    this.doubles[EMPTY_AT] = 0;
    this.words[THRE_PENDING] = 1;
    this.update();
  }

  /** Receives a byte. If the queue is full it is lost, which sets the overrun flag. */
  receive(byte: number): void {
    const { words } = this;
    const room = words[FIFO_ENABLED] ? FIFO_BYTES : 1;
    if (words[RECEIVED] >= room) words[OVERRUN] = 1;
    else words[QUEUE + words[RECEIVED]++] = byte;
    this.update();
  }

  private read(port: number): number {
    const { words } = this;
    const latch = (words[LCR] & LCR_DLAB) !== 0;
    switch (port) {
      case 0:
        return latch ? words[DIVISOR] & 0xff : this.takeByte();
      case 1:
        return latch ? words[DIVISOR] >>> 8 : words[IER];
      case 2:
        return this.identify();
      case 3:
        return words[LCR];
      case 4:
        return words[MCR];
      case 5:
        return this.lineStatus();
      case 6:
        return this.modemStatus();
      default:
        return words[SCRATCH];
    }
  }

  private write(port: number, value: number): void {
    const { words } = this;
    const latch = (words[LCR] & LCR_DLAB) !== 0;
    switch (port) {
      case 0:
        if (latch) words[DIVISOR] = (words[DIVISOR] & 0xff00) | value;
        else this.send(value);
        break;
      case 1:
        if (latch) words[DIVISOR] = (words[DIVISOR] & 0xff) | (value << 8);
        else {
          if (value & ~words[IER] & IER_TRANSMIT && this.isEmpty) words[THRE_PENDING] = 1;
          words[IER] = value & 15;
        }
        break;
      case 2:
        words[FIFO_ENABLED] = value & 1;
        words[TRIGGER] = value & 1 ? TRIGGER_LEVELS[value >> 6] : 1;
        if (value & 2 || !(value & 1)) words[RECEIVED] = 0;
        break;
      case 3:
        words[LCR] = value;
        break;
      case 4:
        this.setModem(value & 0x1f);
        break;
      case 7:
        words[SCRATCH] = value;
        break;
    }
    this.update();
  }

  private send(byte: number): void {
    const { words } = this;
    if (this.revised) {
      // A full register clears the interrupt (data sheet, table IV), and the next one is a new edge.
      words[THRE_PENDING] = 0;
      this.update();
    }
    this.takeTime();
    words[THRE_PENDING] = this.isEmpty ? 1 : 0;
    if (words[MCR] & MCR_LOOPBACK) this.receive(byte);
    else this.say(byte);
  }

  private get isEmpty(): boolean {
    return this.doubles[EMPTY_AT] === 0;
  }

  /** Starts transmitting a byte; with jitter, the delay is up to that share of the character's time at the programmed speed. */
  private takeTime(): void {
    const { nondet, config, clock } = this.host;
    if (config.jitter === 0) return;
    const character = (BITS * Math.max(1, this.words[DIVISOR]) * config.instructionsPerSecond) / MAX_BAUD;
    const most = Math.floor((character * config.jitter) / 100);
    const time = most > 0 ? nondet.draw('serial_latency', clock.icount, 0, most) : 0;
    if (time === 0) return;
    this.doubles[EMPTY_AT] = Math.max(clock.icount, this.doubles[EMPTY_AT]) + time;
    this.bus.deadlineMoved = true;
  }

  private takeByte(): number {
    const { words } = this;
    if (words[RECEIVED] === 0) return 0;
    const byte = words[QUEUE];
    words[RECEIVED]--;
    words.copyWithin(QUEUE, QUEUE + 1, QUEUE + FIFO_BYTES);
    words[QUEUE + FIFO_BYTES - 1] = 0;
    this.update();
    return byte;
  }

  private lineStatus(): number {
    const { words } = this;
    const status =
      (this.isEmpty ? LSR_TRANSMIT_EMPTY : 0) |
      (words[RECEIVED] > 0 ? LSR_READY : 0) |
      (words[OVERRUN] ? LSR_OVERRUN : 0);
    words[OVERRUN] = 0;
    this.update();
    return status;
  }

  /** In loopback the outputs are the inputs, whose changes are recorded; for the ring indicator, its trailing edge (data sheet, "MSR"). */
  private setModem(outputs: number): void {
    const { words } = this;
    const before = this.modemInputs();
    words[MCR] = outputs;
    if (!this.revised) return;
    const after = this.modemInputs();
    const changed = ((before ^ after) & ~MSR_RING) >> 4;
    words[MODEM_CHANGES] |= changed | (before & ~after & MSR_RING ? MSR_RING_ENDED : 0);
  }

  private modemStatus(): number {
    const { words } = this;
    const status = this.modemInputs() | words[MODEM_CHANGES];
    words[MODEM_CHANGES] = 0;
    if (this.revised) this.update();
    return status;
  }

  /** In loopback the modem outputs come back as inputs (data sheet, 8.6.8). */
  private modemInputs(): number {
    const mcr = this.words[MCR];
    if ((mcr & MCR_LOOPBACK) === 0) return MSR_CONNECTED;
    return ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 12) << 4);
  }

  private identify(): number {
    const reason = reasonOf(this.words);
    // Reading the identification acknowledges a transmitter-empty interrupt.
    if (reason === 2) this.words[THRE_PENDING] = 0;
    this.update();
    return reason | (this.words[FIFO_ENABLED] ? 0xc0 : 0);
  }

  /** OUT2 lets the interrupt through to the controller, as PCs are wired; in loopback the pin is inactive (MCR bit 4). */
  private update(): void {
    const gate = this.revised ? MCR_OUT2 | MCR_LOOPBACK : MCR_OUT2;
    this.pic.setLine(IRQ, (this.words[MCR] & gate) === MCR_OUT2 && reasonOf(this.words) !== 1);
  }
}
