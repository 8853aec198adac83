import { INTERRUPT_SOURCE } from '../../../schemas/events.ts';
import type { Device, DeviceHost, InterruptController } from '../device.ts';
import type { MachineMemory } from '../layout.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES, type PortRange } from './device-table.ts';

/** The pair of 8259A interrupt controllers of a PC (Intel 8259A data sheet; the slave is on line 2 of the master). */

const FROM_IRQ = INTERRUPT_SOURCE.indexOf('irq');
const FROM_INPUT = INTERRUPT_SOURCE.indexOf('injected');

/** Words of one chip. */
const IRR = 0;
const ISR = 1;
const IMR = 2;
/** Levels of the eight lines. */
const LINES = 3;
const VECTOR = 4;
/** Line of lowest priority; 7 after initialisation. */
const LOWEST = 5;
/** OCW3: the register that a read of the first port returns. */
const READ_ISR = 6;
const SPECIAL_MASK = 7;
/** OCW3: the next read is a poll. */
const POLL = 8;
const AUTO_EOI = 9;
const ROTATE_ON_AUTO_EOI = 10;
/** The expected initialisation word: 2-4, or 0 for none. */
const INIT = 11;
const WANTS_ICW4 = 12;
const SINGLE = 13;
/** Level-triggered lines (ELCR of the EISA chipsets, and ICW1.LTIM). */
const LEVEL = 14;
const FULLY_NESTED = 15;
const CHIP_WORDS = 16;

/** After the two chips: lines requested by an injected input, and the last acknowledged line. */
const INJECTED = 2 * CHIP_WORDS;
const LAST_IRQ = INJECTED + 1;
const LAST_INJECTED = INJECTED + 2;
/** Number of outside holds on the INTR line, which works only at 0. */
const HELD = INJECTED + 3;

const ICW1 = 0x10;
const ICW1_ICW4 = 1;
const ICW1_SINGLE = 2;
const ICW1_LEVEL = 8;
const ICW4_AUTO_EOI = 2;
const ICW4_FULLY_NESTED = 0x10;
const OCW3 = 8;
const CASCADE_LINE = 2;
const SPURIOUS_LINE = 7;

class Chip {
  private readonly words: Int32Array;
  private readonly isMaster: boolean;

  constructor(words: Int32Array, isMaster: boolean) {
    this.words = words;
    this.isMaster = isMaster;
  }

  powerOn(): void {
    this.words.fill(0);
    this.words[LOWEST] = 7;
    this.words[IMR] = 0xff;
  }

  /** Sets the level of a line. A rising edge is latched; a request disappears with its line (data sheet, "Interrupt Sequence"). */
  setLine(line: number, up: boolean): void {
    const { words } = this;
    const bit = 1 << line;
    const wasUp = (words[LINES] & bit) !== 0;
    if (up) {
      words[LINES] |= bit;
      if (!wasUp || words[LEVEL] & bit) words[IRR] |= bit;
    } else {
      words[LINES] &= ~bit;
      words[IRR] &= ~bit;
    }
  }

  /** The line to serve: unmasked, and of higher priority than the lines in service. -1 if there is none. */
  request(): number {
    const { words } = this;
    const requests = words[IRR] & ~words[IMR];
    if (requests === 0) return -1;
    for (let rank = 1; rank <= 8; rank++) {
      const line = (words[LOWEST] + rank) & 7;
      const bit = 1 << line;
      if (requests & bit && this.mayInterrupt(line)) return line;
      if (words[ISR] & bit && !words[SPECIAL_MASK]) return -1;
    }
    return -1;
  }

  /** A line in service blocks itself, except in a special mode. */
  private mayInterrupt(line: number): boolean {
    const { words } = this;
    if ((words[ISR] & (1 << line)) === 0) return true;
    return this.isMaster && line === CASCADE_LINE && words[FULLY_NESTED] !== 0;
  }

  /** INTA: takes a line into service. */
  serve(line: number): void {
    const { words } = this;
    const bit = 1 << line;
    if ((words[LEVEL] & words[LINES] & bit) === 0) words[IRR] &= ~bit;
    if (words[AUTO_EOI] === 0) words[ISR] |= bit;
    else if (words[ROTATE_ON_AUTO_EOI]) words[LOWEST] = line;
  }

  vectorOf(line: number): number {
    return this.words[VECTOR] | line;
  }

  read(port: number): number {
    const { words } = this;
    if (words[POLL]) {
      words[POLL] = 0;
      const line = this.request();
      if (line < 0) return 0;
      this.serve(line);
      return 0x80 | line;
    }
    if (port === 1) return words[IMR];
    return words[READ_ISR] ? words[ISR] : words[IRR];
  }

  write(port: number, value: number): void {
    if (port === 0 && value & ICW1) this.beginInit(value);
    else if (port === 1 && this.words[INIT] !== 0) this.continueInit(value);
    else if (port === 1) this.words[IMR] = value;
    else if (value & OCW3) this.operation3(value);
    else this.operation2(value);
  }

  get levelTriggered(): number {
    return this.words[LEVEL];
  }
  set levelTriggered(lines: number) {
    this.words[LEVEL] = lines;
  }

  private beginInit(value: number): void {
    const { words } = this;
    words[IRR] = 0;
    words[ISR] = 0;
    words[IMR] = 0;
    words[LOWEST] = 7;
    words[READ_ISR] = 0;
    words[SPECIAL_MASK] = 0;
    words[AUTO_EOI] = 0;
    words[ROTATE_ON_AUTO_EOI] = 0;
    words[FULLY_NESTED] = 0;
    words[WANTS_ICW4] = value & ICW1_ICW4;
    words[SINGLE] = value & ICW1_SINGLE;
    words[LEVEL] = value & ICW1_LEVEL ? 0xff : 0;
    words[INIT] = 2;
  }

  private continueInit(value: number): void {
    const { words } = this;
    switch (words[INIT]) {
      case 2:
        words[VECTOR] = value & 0xf8;
        words[INIT] = words[SINGLE] ? (words[WANTS_ICW4] ? 4 : 0) : 3;
        return;
      case 3:
        // The cascade is wired as in a PC, whatever ICW3 states.
        words[INIT] = words[WANTS_ICW4] ? 4 : 0;
        return;
      default:
        words[AUTO_EOI] = value & ICW4_AUTO_EOI;
        words[FULLY_NESTED] = value & ICW4_FULLY_NESTED;
        words[INIT] = 0;
    }
  }

  /** End of interrupt and rotation: bits 7-5 are rotate, specific, EOI. */
  private operation2(value: number): void {
    const { words } = this;
    const rotate = (value & 0x80) !== 0;
    const specific = (value & 0x40) !== 0;
    const endOfInterrupt = (value & 0x20) !== 0;
    if (!endOfInterrupt) {
      if (specific && rotate) words[LOWEST] = value & 7;
      else if (!specific) words[ROTATE_ON_AUTO_EOI] = rotate ? 1 : 0;
      return;
    }
    const line = specific ? value & 7 : this.highestInService();
    if (line < 0) return;
    words[ISR] &= ~(1 << line);
    if (rotate) words[LOWEST] = line;
  }

  private operation3(value: number): void {
    const { words } = this;
    if (value & 2) words[READ_ISR] = value & 1;
    if (value & 4) words[POLL] = 1;
    if (value & 0x40) words[SPECIAL_MASK] = value & 0x20;
  }

  private highestInService(): number {
    for (let rank = 1; rank <= 8; rank++) {
      const line = (this.words[LOWEST] + rank) & 7;
      if (this.words[ISR] & (1 << line)) return line;
    }
    return -1;
  }
}

/** The masked lines and the requesting lines, of lines 0-15. */
export function interruptLines(mem: MachineMemory): { readonly masked: number; readonly requested: number } {
  const { words } = deviceBlock(mem, 'pic');
  const both = (word: number) => (words[word] & 0xff) | ((words[CHIP_WORDS + word] & 0xff) << 8);
  return { masked: both(IMR), requested: both(IRR) };
}

/** True if a request of this line (0-15) would reach the processor now: unmasked, and of higher priority than all lines in service. */
export function wouldRequest(mem: MachineMemory, irq: number): boolean {
  const words = deviceBlock(mem, 'pic').words.slice();
  const master = new Chip(words.subarray(0, CHIP_WORDS), true);
  const slave = new Chip(words.subarray(CHIP_WORDS, 2 * CHIP_WORDS), false);
  const chip = irq < 8 ? master : slave;
  chip.setLine(irq & 7, false);
  chip.setLine(irq & 7, true);
  if (irq >= 8) master.setLine(CASCADE_LINE, slave.request() === (irq & 7));
  return words[HELD] === 0 && master.request() === (irq < 8 ? irq : CASCADE_LINE);
}

export class InterruptControllers implements Device, InterruptController {
  readonly name = 'pic';
  readonly state: DeviceBlock;
  /** The INTR line to the processor. */
  pending = false;
  private readonly master: Chip;
  private readonly slave: Chip;
  private readonly words: Int32Array;
  private readonly bus: PortBus;
  private readonly log: DeviceHost['log'];
  private readonly revised: boolean;

  constructor({ mem, log, config }: DeviceHost, bus: PortBus) {
    this.state = deviceBlock(mem, 'pic');
    this.words = this.state.words;
    this.bus = bus;
    this.log = log;
    this.revised = config.chipsetRevision >= 31;
    this.master = new Chip(this.words.subarray(0, CHIP_WORDS), true);
    this.slave = new Chip(this.words.subarray(CHIP_WORDS, 2 * CHIP_WORDS), false);
    this.master.powerOn();
    this.slave.powerOn();
    this.attach(DEVICES.pic.ports.master, this.master);
    this.attach(DEVICES.pic.ports.slave, this.slave);
    bus.claim(DEVICES.pic.ports.trigger, {
      bytes: true,
      in: (port) => (port ? this.slave : this.master).levelTriggered,
      out: (port, value) => {
        (port ? this.slave : this.master).levelTriggered = value;
        this.update();
      },
    });
  }

  private attach(ports: PortRange, chip: Chip): void {
    this.bus.claim(ports, {
      bytes: true,
      in: (port) => {
        const value = chip.read(port);
        this.update();
        return value;
      },
      out: (port, value) => {
        chip.write(port, value);
        this.update();
      },
    });
  }

  /** The line, 0-15, that the last acknowledge() took. */
  get irq(): number {
    return this.words[LAST_IRQ];
  }

  /** True if that request came from an `inject_irq` input. */
  get injected(): boolean {
    return this.words[LAST_INJECTED] !== 0;
  }

  /** Sets the level of a device's line. A rising edge is recorded as `raise`. */
  setLine(irq: number, up: boolean): void {
    const chip = irq < 8 ? this.master : this.slave;
    const was = this.isUp(irq);
    chip.setLine(irq & 7, up);
    if (up && !was) this.log?.interruptLine(irq, this.words[INJECTED] & (1 << irq) ? FROM_INPUT : FROM_IRQ);
    this.update();
  }

  /** Makes a rising edge, whatever the level was. */
  pulse(irq: number): void {
    this.setLine(irq, false);
    this.setLine(irq, true);
  }

  /** An interrupt from outside the machine's own devices. */
  inject(irq: number): void {
    const wasUp = this.isUp(irq);
    this.words[INJECTED] |= 1 << irq;
    this.pulse(irq);
    if (!wasUp) this.words[irq < 8 ? LINES : CHIP_WORDS + LINES] &= ~(1 << (irq & 7));
  }

  /** Holds the INTR line low or releases it; for the processor as if IF were 0. Requests remain. */
  hold(on: boolean): void {
    this.words[HELD] += on ? 1 : -1;
    this.update();
  }

  private isUp(irq: number): boolean {
    return (this.words[irq < 8 ? LINES : CHIP_WORDS + LINES] & (1 << (irq & 7))) !== 0;
  }

  acknowledge(): number {
    const { master, slave, words } = this;
    let irq = master.request();
    let vector: number;
    if (irq < 0) {
      // The request disappeared before the acknowledge.
      irq = SPURIOUS_LINE;
      vector = master.vectorOf(SPURIOUS_LINE);
    } else {
      vector = master.vectorOf(irq);
      master.serve(irq);
      if (irq === CASCADE_LINE) {
        const line = slave.request();
        if (line >= 0) slave.serve(line);
        // The slave's INT falls with INTA; a further request is another edge (data sheet, "Interrupt Sequence").
        if (this.revised) master.setLine(CASCADE_LINE, false);
        irq = 8 + (line < 0 ? SPURIOUS_LINE : line);
        vector = slave.vectorOf(irq & 7);
      }
    }
    words[LAST_IRQ] = irq;
    words[LAST_INJECTED] = words[INJECTED] & (1 << irq);
    words[INJECTED] &= ~(1 << irq);
    this.update();
    return vector;
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}

  reload(): void {
    this.update();
  }

  /** Passes the slave's request to the master, and the master's to the processor, which must then check it. */
  private update(): void {
    const { master, slave } = this;
    master.setLine(CASCADE_LINE, slave.request() >= 0);
    const pending = this.words[HELD] === 0 && master.request() >= 0;
    if (pending !== this.pending) this.bus.deadlineMoved = true;
    this.pending = pending;
  }
}
