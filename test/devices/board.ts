import { DEFAULT_CONFIG, type MachineConfig } from '../../recorder/machine/config.ts';
import type { Device, DeviceHost } from '../../recorder/machine/device.ts';
import { PortBus } from '../../recorder/machine/devices/bus.ts';
import type { InterruptControllers } from '../../recorder/machine/devices/pic8259.ts';
import { allocateMemory, DEVICE_STATE, DEVICE_STATE_BYTES } from '../../recorder/machine/layout.ts';

/** One instruction a tick of the 8254: icount counts its clock. */
export const PIT_SPEED = { instructionsPerSecond: 1_193_182 };

/**
 * A board for one chip: its ports, a clock that a test moves, and interrupt lines that it can read. Latencies are the
 * shortest unless `latencies` gives them, in order.
 */
export class Board {
  readonly bus = new PortBus();
  readonly clock = { icount: 0 };
  /** Level of each line, and how often each rose. */
  readonly lines = new Map<number, boolean>();
  readonly rises = new Map<number, number>();
  readonly draws: { kind: string; low: number; high: number }[] = [];
  latencies: number[] = [];
  readonly host: DeviceHost;
  readonly pic = {
    setLine: (line: number, up: boolean) => {
      if (up && !this.lines.get(line)) this.rises.set(line, (this.rises.get(line) ?? 0) + 1);
      this.lines.set(line, up);
    },
  } as InterruptControllers;
  device!: Device;

  constructor(config: Partial<MachineConfig> = {}, host: Partial<DeviceHost> = {}) {
    this.host = {
      mem: allocateMemory(4 << 20),
      config: { ...DEFAULT_CONFIG, ...config },
      clock: this.clock,
      nondet: {
        draw: (kind: string, _now: number, low: number, high: number) => {
          this.draws.push({ kind, low, high });
          return this.latencies.shift() ?? low;
        },
      },
      log: null,
      disk: null,
      drives: [],
      firmware: null,
      ...host,
    } as unknown as DeviceHost;
  }

  out(port: number, ...values: number[]): void {
    for (const value of values) this.bus.out(port, 1, value);
  }

  in(port: number): number {
    return this.bus.in(port, 1);
  }

  /** Lets what is due until `icount` happen, each at its time. */
  runTo(icount: number): void {
    const { clock, device } = this;
    while (device.nextDeadline() <= icount) {
      clock.icount = Math.max(clock.icount, device.nextDeadline());
      device.onDeadline(clock.icount);
    }
    clock.icount = icount;
  }

  pass(instructions: number): void {
    this.runTo(this.clock.icount + instructions);
  }

  /** The board now, the device's registers as a snapshot has them; `restore` goes back there. */
  save(): { icount: number; bytes: Uint8Array; lines: Map<number, boolean> } {
    const bytes = this.host.mem.u8.slice(DEVICE_STATE, DEVICE_STATE + DEVICE_STATE_BYTES);
    return { icount: this.clock.icount, bytes, lines: new Map(this.lines) };
  }

  restore({ icount, bytes, lines }: ReturnType<Board['save']>): void {
    this.host.mem.u8.set(bytes, DEVICE_STATE);
    this.clock.icount = icount;
    for (const [line, up] of lines) this.lines.set(line, up);
    for (const line of this.lines.keys()) if (!lines.has(line)) this.lines.delete(line);
    this.device.reload?.();
  }
}
