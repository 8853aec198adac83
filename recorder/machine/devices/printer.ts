import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { consoleOf, type Say } from './console.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';

/**
 * A printer on the parallel adapter of a PC, LPT1 (IBM Technical Reference, Options and Adapters, "IBM Printer Adapter"): data at
 * 378h, status at 379h, control at 37Ah. Printed bytes are the guest's console `lpt1`.
 */

const IRQ = DEVICES.printer.irqs.acknowledge;

/** Words. */
const DATA = 0;
const CONTROL = 1;
const PHASE = 2;
/** A double: icount at which the phase ends. */
const ENDS_AT = 8;

/** Phases: BUSY is up until the byte has been taken, then /ACK is low. */
const IDLE = 0;
const TAKING = 1;
const ACKNOWLEDGING = 2;
/** Duration of each phase in seconds; the manual requires at least 0.5 us. */
const TAKING_TIME = 10e-6;
const ACKNOWLEDGE_TIME = 5e-6;

const STROBE = 1;
const INITIALIZE_OFF = 4;
const SELECT_IN = 8;
const INTERRUPTS = 16;
/** Undriven bits of the control port. */
const CONTROL_ONES = 0xe0;
/** Status: not busy, not acknowledging, selected, no error; the three low bits are not driven. */
const NOT_BUSY = 0x80;
const NOT_ACKNOWLEDGING = 0x40;
const SELECTED = 0x1f;

export class Printer implements Device {
  readonly name = 'printer';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly host: DeviceHost;
  private readonly bus: PortBus;
  private readonly pic: InterruptControllers;
  private readonly say: Say;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers) {
    this.state = deviceBlock(host.mem, 'printer');
    this.words = this.state.words;
    this.host = host;
    this.bus = bus;
    this.pic = pic;
    this.say = consoleOf(host, bus, 'lpt1');
    this.words[CONTROL] = INITIALIZE_OFF | SELECT_IN;
    bus.claim(DEVICES.printer.ports.registers, {
      bytes: true,
      in: (port) => this.read(port),
      out: (port, value) => this.write(port, value),
    });
  }

  private read(port: number): number {
    const { words } = this;
    if (port === 0) return words[DATA];
    if (port === 2) return words[CONTROL] | CONTROL_ONES;
    const busy = words[PHASE] === TAKING || !(words[CONTROL] & INITIALIZE_OFF);
    const acknowledges = words[PHASE] === ACKNOWLEDGING;
    return SELECTED | (busy ? 0 : NOT_BUSY) | (acknowledges ? 0 : NOT_ACKNOWLEDGING);
  }

  private write(port: number, value: number): void {
    const { words } = this;
    if (port === 0) words[DATA] = value;
    if (port !== 2) return;
    const before = words[CONTROL];
    words[CONTROL] = value & ~CONTROL_ONES;
    this.drive();
    const listens = (value & INITIALIZE_OFF) !== 0 && (value & SELECT_IN) !== 0 && words[PHASE] !== TAKING;
    if (listens && value & STROBE && !(before & STROBE)) {
      this.enter(TAKING, TAKING_TIME);
      this.say(words[DATA]);
    }
  }

  /** The request follows /ACK while the adapter's interrupt is enabled. */
  private drive(): void {
    const { words } = this;
    this.pic.setLine(IRQ, words[PHASE] === ACKNOWLEDGING && (words[CONTROL] & INTERRUPTS) !== 0);
  }

  private enter(phase: number, seconds: number): void {
    const instructions = Math.max(1, Math.round(seconds * this.host.config.instructionsPerSecond));
    this.words[PHASE] = phase;
    this.state.doubles[ENDS_AT] = this.host.clock.icount + instructions;
    this.bus.deadlineMoved = true;
    this.drive();
  }

  nextDeadline(): number {
    return this.words[PHASE] === IDLE ? Number.POSITIVE_INFINITY : this.state.doubles[ENDS_AT];
  }

  onDeadline(): void {
    if (this.words[PHASE] === TAKING) this.enter(ACKNOWLEDGING, ACKNOWLEDGE_TIME);
    else {
      this.words[PHASE] = IDLE;
      this.drive();
    }
  }
}
