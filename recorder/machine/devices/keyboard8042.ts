import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';
import { toSet2 } from './scancodes.ts';
import type { SystemPorts } from './system-ports.ts';

/**
 * The keyboard controller of the AT (Intel 8042; IBM PC/AT Technical Reference, "Keyboard Controller") with a keyboard, and
 * nothing on the auxiliary port that the PS/2 added: bytes sent there time out (IBM PS/2 Hardware Interface Technical
 * Reference, "Keyboard and Auxiliary Device Controller"), without which 386BSD waits forever. Bytes from the keyboard take a millisecond
 * each, as on its wire; the controller's own answers are available at once.
 */

/** Words. */
const COMMAND_BYTE = 0;
/** The byte in the output buffer (port 60h), and its origin: 0 if empty, otherwise CONTROLLER, KEYBOARD or AUXILIARY. */
const OUTPUT = 1;
const SOURCE = 2;
/** A controller command whose parameter byte is awaited; 0 none. */
const PENDING = 3;
/** A keyboard command whose parameter byte is awaited; 0 none. */
const KEYBOARD_PENDING = 4;
const SCANNING = 5;
const SCANCODE_SET = 6;
const LEDS = 7;
/** The last byte written was a command (status bit 3). */
const LAST_WAS_COMMAND = 8;
/** The keyboard's queue. */
const QUEUED = 9;
const QUEUE = 16;
const QUEUE_BYTES = 64;
/** Double: icount at which the keyboard's next byte arrives; 0 if there is none. */
const ARRIVES_AT = 64;

const CONTROLLER = 1;
const KEYBOARD = 2;
/** The auxiliary port without a device: a byte sent there times out. */
const AUXILIARY = 3;

const STATUS_OUTPUT_FULL = 1;
const STATUS_SYSTEM = 4;
const STATUS_COMMAND = 8;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUXILIARY = 0x20;
const STATUS_TIMEOUT = 0x40;

const COMMAND_INTERRUPT = 1;
const COMMAND_AUXILIARY_INTERRUPT = 2;
const COMMAND_SYSTEM = 4;
const COMMAND_DISABLED = 0x10;
const COMMAND_TRANSLATE = 0x40;

const OUTPUT_PORT_RESET = 1;
const OUTPUT_PORT_A20 = 2;
const IRQ = DEVICES.keyboard.irqs;

const ACKNOWLEDGE = 0xfa;
const RESEND = 0xfe;
const SELF_TEST_PASSED = 0xaa;
const DEFAULT_SET = 2;

export class KeyboardController implements Device {
  readonly name = 'keyboard';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly host: DeviceHost;
  private readonly bus: PortBus;
  private readonly pic: InterruptControllers;
  private readonly system: SystemPorts;

  constructor(host: DeviceHost, bus: PortBus, pic: InterruptControllers, system: SystemPorts) {
    this.state = deviceBlock(host.mem, 'keyboard');
    this.words = this.state.words;
    this.doubles = this.state.doubles;
    this.host = host;
    this.bus = bus;
    this.pic = pic;
    this.system = system;
    this.words[COMMAND_BYTE] = COMMAND_TRANSLATE | COMMAND_SYSTEM | COMMAND_INTERRUPT;
    this.words[SCANNING] = 1;
    this.words[SCANCODE_SET] = DEFAULT_SET;
    bus.claim(DEVICES.keyboard.ports.data, {
      bytes: true,
      in: () => this.readData(),
      out: (_port, value) => this.writeData(value),
    });
    bus.claim(DEVICES.keyboard.ports.command, {
      bytes: true,
      in: () => this.status(),
      out: (_port, value) => this.command(value),
    });
  }

  nextDeadline(): number {
    return this.doubles[ARRIVES_AT] || Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {
    const { words } = this;
    this.doubles[ARRIVES_AT] = 0;
    if (!this.mayArrive()) return;
    const byte = words[QUEUE];
    words[QUEUED]--;
    words.copyWithin(QUEUE, QUEUE + 1, QUEUE + QUEUE_BYTES);
    words[QUEUE + QUEUE_BYTES - 1] = 0;
    this.offer(byte, KEYBOARD);
  }

  /** Takes a key press or release as a byte of scan code set 1, the form that the controller gives to software. */
  key(byte: number): void {
    const { words } = this;
    if (!words[SCANNING]) return;
    if (words[COMMAND_BYTE] & COMMAND_TRANSLATE || words[SCANCODE_SET] === 1) this.send(byte);
    else for (const code of toSet2(byte)) this.send(code);
  }

  // --- Ports ---------------------------------------------------------------------------------------------------------

  private status(): number {
    const { words } = this;
    return (
      (words[SOURCE] ? STATUS_OUTPUT_FULL : 0) |
      (words[COMMAND_BYTE] & COMMAND_SYSTEM ? STATUS_SYSTEM : 0) |
      (words[LAST_WAS_COMMAND] ? STATUS_COMMAND : 0) |
      (words[SOURCE] === AUXILIARY ? STATUS_AUXILIARY | STATUS_TIMEOUT : 0) |
      STATUS_UNLOCKED
    );
  }

  private readData(): number {
    const { words } = this;
    const value = words[OUTPUT];
    words[SOURCE] = 0;
    this.drive();
    this.expect();
    return value;
  }

  private writeData(value: number): void {
    const { words } = this;
    const pending = words[PENDING];
    words[LAST_WAS_COMMAND] = 0;
    words[PENDING] = 0;
    switch (pending) {
      case 0x60:
        words[COMMAND_BYTE] = value;
        this.drive();
        this.expect();
        break;
      case 0xd1:
        this.system.a20 = (value & OUTPUT_PORT_A20) !== 0;
        if ((value & OUTPUT_PORT_RESET) === 0) this.system.reset('keyboard');
        break;
      case 0xd2:
        this.offer(value, KEYBOARD);
        break;
      case 0xd4:
        this.offer(RESEND, AUXILIARY);
        break;
      case 0:
        words[COMMAND_BYTE] &= ~COMMAND_DISABLED;
        this.toKeyboard(value);
        break;
    }
  }

  private command(value: number): void {
    const { words } = this;
    words[LAST_WAS_COMMAND] = 1;
    words[PENDING] = 0;
    if (value >= 0xf0) {
      // Pulses the output lines whose bits are 0; line 0 is the processor's RESET.
      if ((value & OUTPUT_PORT_RESET) === 0) this.system.reset('keyboard');
      return;
    }
    switch (value) {
      case 0x20:
        this.offer(words[COMMAND_BYTE], CONTROLLER);
        break;
      case 0xaa:
        words[COMMAND_BYTE] |= COMMAND_SYSTEM;
        this.offer(0x55, CONTROLLER);
        break;
      case 0xab:
        this.offer(0, CONTROLLER);
        break;
      case 0xad:
        words[COMMAND_BYTE] |= COMMAND_DISABLED;
        break;
      case 0xae:
        words[COMMAND_BYTE] &= ~COMMAND_DISABLED;
        this.expect();
        break;
      case 0xc0:
        // Input port: the keyboard is not locked, a colour display is installed.
        this.offer(0x80, CONTROLLER);
        break;
      case 0xd0:
        this.offer(0xc0 | OUTPUT_PORT_RESET | (this.system.a20 ? OUTPUT_PORT_A20 : 0), CONTROLLER);
        break;
      case 0x60:
      case 0xd1:
      case 0xd2:
        words[PENDING] = value;
        break;
      // For a device on the auxiliary port, which is absent: the parameter must not reach the keyboard.
      case 0xd3:
      case 0xd4:
        words[PENDING] = value;
        break;
    }
  }

  // --- The keyboard --------------------------------------------------------------------------------------------------

  /** A byte from the host (IBM PC/AT Technical Reference, "Keyboard", commands from the system). */
  private toKeyboard(value: number): void {
    const { words } = this;
    const pending = words[KEYBOARD_PENDING];
    words[KEYBOARD_PENDING] = 0;
    if (pending !== 0 && value < 0xed) {
      this.parameter(pending, value);
      return;
    }
    switch (value) {
      case 0xed:
      case 0xf0:
      case 0xf3:
        words[KEYBOARD_PENDING] = value;
        this.send(ACKNOWLEDGE);
        break;
      case 0xee:
        this.send(0xee);
        break;
      case 0xf2:
        for (const byte of [ACKNOWLEDGE, 0xab, words[COMMAND_BYTE] & COMMAND_TRANSLATE ? 0x41 : 0x83])
          this.send(byte);
        break;
      case 0xf4:
        words[SCANNING] = 1;
        this.send(ACKNOWLEDGE);
        break;
      case 0xf5:
      case 0xf6:
      case 0xff:
        words[SCANNING] = value === 0xf5 ? 0 : 1;
        words[SCANCODE_SET] = DEFAULT_SET;
        words[QUEUED] = 0;
        this.send(ACKNOWLEDGE);
        if (value === 0xff) this.send(SELF_TEST_PASSED);
        break;
      default:
        this.send(RESEND);
    }
  }

  private parameter(command: number, value: number): void {
    const { words } = this;
    this.send(ACKNOWLEDGE);
    if (command === 0xed) words[LEDS] = value & 7;
    else if (command === 0xf0 && value === 0) this.send(words[SCANCODE_SET]);
    else if (command === 0xf0) words[SCANCODE_SET] = value;
  }

  /** Queues a byte for the controller. If the queue is full it is lost, like keys that are never read. */
  private send(byte: number): void {
    const { words } = this;
    if (words[QUEUED] >= QUEUE_BYTES) return;
    words[QUEUE + words[QUEUED]++] = byte;
    this.expect();
  }

  private mayArrive(): boolean {
    const { words } = this;
    return words[QUEUED] > 0 && words[SOURCE] === 0 && (words[COMMAND_BYTE] & COMMAND_DISABLED) === 0;
  }

  /** Delivers the next byte of the queue if the controller accepts it. */
  private expect(): void {
    if (this.doubles[ARRIVES_AT] !== 0 || !this.mayArrive()) return;
    const wire = Math.max(1, Math.floor(this.host.config.instructionsPerSecond / 1000));
    this.doubles[ARRIVES_AT] = this.host.clock.icount + wire;
    this.bus.deadlineMoved = true;
  }

  private offer(byte: number, source: number): void {
    this.words[OUTPUT] = byte;
    this.words[SOURCE] = source;
    this.drive();
  }

  private drive(): void {
    const { words } = this;
    const raises = (source: number, enabled: number) =>
      words[SOURCE] === source && (words[COMMAND_BYTE] & enabled) !== 0;
    this.pic.setLine(IRQ.keyboard, raises(KEYBOARD, COMMAND_INTERRUPT));
    this.pic.setLine(IRQ.auxiliary, raises(AUXILIARY, COMMAND_AUXILIARY_INTERRUPT));
  }
}
