import { RESET_CAUSE, type ResetCause } from '../../../schemas/events.ts';
import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { consoleOf } from './console.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import { DEVICES } from './device-table.ts';
import type { Timer } from './pit8254.ts';

/**
 * Small ports of the board: 61h (timer 2, speaker), 92h (A20, fast reset), 80h (progress codes), the debug consoles E9h and
 * 402h, and the debug-exit port F4h.
 */

/** Words. */
const PORT_61 = 0;
/** Address line 20, last set by port 92h or the keyboard controller. */
const A20_LINE = 1;
/** The code written to the exit port plus one; 0 if none was. */
const EXIT = 2;
const POST = 3;
/** The processor's RESET pin was asserted. */
const RESET = 4;

const GATE_2 = 1;
const SPEAKER = 2;
const REFRESH = 0x10;
const OUTPUT_2 = 0x20;
const FAST_RESET = 1;
const A20 = 2;
/** The refresh bit changes with each refresh, every 15 us: 18 ticks of the timer. */
const REFRESH_TICKS = 18;
/** The value read from the port, which shows its presence (Bochs, QEMU). */
const DEBUGCON_HERE = 0xe9;

export class SystemPorts implements Device {
  readonly name = 'system';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;
  private readonly bus: PortBus;
  private readonly memory: DeviceHost['memory'];
  /** The log, where a reset is an event. */
  private readonly resets: DeviceHost['log'];

  constructor(host: DeviceHost, bus: PortBus, timer: Timer) {
    this.state = deviceBlock(host.mem, 'system');
    const say = consoleOf(host, bus, 'debugcon');
    const sayBios = consoleOf(host, bus, 'bios');
    const { memory } = host;
    const words = this.state.words;
    this.words = words;
    this.bus = bus;
    this.memory = memory;
    this.resets = host.config.eventRevision >= 33 ? host.log : null;
    words[A20_LINE] = 1;
    const { ports } = DEVICES.system;
    bus.claim(ports.portB, {
      bytes: true,
      in: () => {
        const refresh = Math.floor(timer.tick / REFRESH_TICKS) % 2 ? REFRESH : 0;
        return words[PORT_61] | refresh | (timer.output2 ? OUTPUT_2 : 0);
      },
      out: (_port, value) => {
        words[PORT_61] = value & (GATE_2 | SPEAKER);
        timer.gate2 = (value & GATE_2) !== 0;
      },
    });
    bus.claim(ports.portA, {
      bytes: true,
      in: () => (words[A20_LINE] ? A20 : 0),
      out: (_port, value) => {
        this.a20 = (value & A20) !== 0;
        if (value & FAST_RESET) this.reset('port_92');
      },
    });
    bus.claim(ports.progress, {
      bytes: true,
      in: () => words[POST],
      out: (_port, value) => {
        words[POST] = value;
      },
    });
    bus.claim(ports.debugConsole, {
      bytes: true,
      in: () => DEBUGCON_HERE,
      out: (_port, value) => say(value),
    });
    bus.claim(ports.biosConsole, {
      bytes: true,
      in: () => DEBUGCON_HERE,
      out: (_port, value) => sayBios(value),
    });
    bus.claim(ports.exit, {
      bytes: true,
      out: (_port, value) => {
        words[EXIT] = (value & 0xff) + 1;
        bus.deadlineMoved = true;
      },
    });
  }

  get a20(): boolean {
    return this.words[A20_LINE] !== 0;
  }
  set a20(on: boolean) {
    if (on === this.a20) return;
    this.words[A20_LINE] = on ? 1 : 0;
    this.memory.setA20(on);
    this.bus.deadlineMoved = true;
  }

  /** Requests a reset of the processor. */
  reset(cause: ResetCause): void {
    this.resets?.add('resets', RESET_CAUSE.indexOf(cause));
    this.words[RESET] = 1;
    this.bus.deadlineMoved = true;
  }

  get resetRequested(): boolean {
    return this.words[RESET] !== 0;
  }

  resetDone(): void {
    this.words[RESET] = 0;
  }

  reload(): void {
    this.memory.restoreA20(this.a20);
  }

  /** The code that the guest wrote to the exit port; -1 if it has not. */
  get exitCode(): number {
    return this.words[EXIT] - 1;
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}
}
