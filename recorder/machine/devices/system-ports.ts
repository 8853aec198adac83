import type { Device, DeviceHost } from '../device.ts';
import type { PortBus } from './bus.ts';
import { consoleOf } from './console.ts';
import { type DeviceBlock, deviceBlock } from './device-block.ts';
import type { Timer } from './pit8254.ts';

/** Small ports of the board: 61h (timer 2, speaker), 92h (A20), the debug console E9h and the debug-exit port F4h. */

/** Words. */
const PORT_61 = 0;
const PORT_92 = 1;
/** What was written to the exit port, plus one; 0 while nothing was. */
const EXIT = 2;
const POST = 3;

const GATE_2 = 1;
const SPEAKER = 2;
const REFRESH = 0x10;
const OUTPUT_2 = 0x20;
const A20 = 2;
/** The refresh bit changes with each refresh, every 15 us: 18 ticks of the timer. */
const REFRESH_TICKS = 18;
const CONSOLE_DEBUGCON = 1;
/** What the port reads as where it is there (Bochs, QEMU). */
const DEBUGCON_HERE = 0xe9;

export class SystemPorts implements Device {
  readonly name = 'system';
  readonly state: DeviceBlock;
  private readonly words: Int32Array;

  constructor(host: DeviceHost, bus: PortBus, timer: Timer) {
    this.state = deviceBlock(host.mem, 'system');
    const say = consoleOf(host, bus);
    const words = this.state.words;
    this.words = words;
    words[PORT_92] = A20;
    bus.claim(0x61, 1, {
      in: () => {
        const refresh = Math.floor(timer.tick / REFRESH_TICKS) % 2 ? REFRESH : 0;
        return words[PORT_61] | refresh | (timer.output2 ? OUTPUT_2 : 0);
      },
      out: (_port, value) => {
        words[PORT_61] = value & (GATE_2 | SPEAKER);
        timer.gate2 = (value & GATE_2) !== 0;
      },
    });
    // A20 is always on; the bit is kept for those who look.
    bus.claim(0x92, 1, {
      in: () => words[PORT_92],
      out: (_port, value) => {
        words[PORT_92] = value & A20;
      },
    });
    bus.claim(0x80, 1, {
      in: () => words[POST],
      out: (_port, value) => {
        words[POST] = value;
      },
    });
    bus.claim(0xe9, 1, {
      in: () => DEBUGCON_HERE,
      out: (_port, value) => say(CONSOLE_DEBUGCON, value),
    });
    bus.claim(0xf4, 1, {
      out: (_port, value) => {
        words[EXIT] = (value & 0xff) + 1;
        bus.deadlineMoved = true;
      },
    });
  }

  /** What the guest wrote to the exit port; -1 while it has not. */
  get exitCode(): number {
    return this.words[EXIT] - 1;
  }

  nextDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  onDeadline(): void {}
}
