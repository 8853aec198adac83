import type { AtaDrive } from './ata-drive.ts';
import type { PortBus } from './bus.ts';
import { DEVICES } from './device-table.ts';
import type { InterruptControllers } from './pic8259.ts';

/** An ATA channel: its ports and interrupt, and the two drives on its cable. */

/** Ports of the two channels of a PC, listed in the table with their masters. */
export const ATA_CHANNELS = [DEVICES.ata, DEVICES.ata2] as const;

const DATA = 0;
const DEVICE = 6;
const COMMAND = 7;
const SLAVE = 0x10;
/** A cable without drives. */
const FLOATING = 0x7f;
const FLOATING_WORDS = 0xff7fff7f;
/** EXECUTE DEVICE DIAGNOSTIC goes to both drives (ATA-3, 8.9). */
const DIAGNOSE = 0x90;

/**
 * Two drives on one cable: both receive writes to the registers, and the selected one answers (ATA-3, 7.2). The drives hold all state.
 */
export class AtaChannel {
  private readonly drives: readonly (AtaDrive | undefined)[];
  private readonly pic: InterruptControllers;
  readonly irq: number;

  constructor(
    place: (typeof ATA_CHANNELS)[number],
    bus: PortBus,
    pic: InterruptControllers,
    drives: readonly [master: AtaDrive | undefined, slave: AtaDrive | undefined],
    pulledDown: boolean,
  ) {
    this.drives = drives;
    this.pic = pic;
    this.irq = place.irqs.channel;
    if (!drives.some((drive) => drive)) {
      if (pulledDown) this.leaveEmpty(place, bus);
      return;
    }
    for (const drive of drives) if (drive) drive.cable = this;
    bus.claim(place.ports.command, {
      in: (port, size) => (port === DATA ? (this.selected?.readData(size) ?? -1) : this.read(port)),
      out: (port, value, size) => {
        if (port === DATA) this.selected?.writeData(value, size);
        else this.write(port, value);
      },
      inMany: (port, size, to, at, most) =>
        port === DATA ? (this.selected?.readMany(size, to, at, most) ?? 0) : 0,
      outMany: (port, size, from, at, most) =>
        port === DATA ? (this.selected?.writeMany(size, from, at, most) ?? 0) : 0,
    });
    bus.claim(place.ports.control, {
      in: () => this.selected?.status ?? 0,
      out: (_port, value) => {
        for (const drive of drives) drive?.control(value);
      },
    });
  }

  /** No drive drives the bus: it floats high except DD7, which the host pulls down so that BSY reads as 0 (ATA-3, table 2). */
  private leaveEmpty({ ports: { command, control } }: (typeof ATA_CHANNELS)[number], bus: PortBus): void {
    const floating = (port: number, value: number) => {
      bus.nothingAt(port);
      return value;
    };
    bus.claim(command, {
      in: (port, size) => floating(command[0] + port, port === DATA && size > 1 ? FLOATING_WORDS : FLOATING),
    });
    bus.claim(control, { in: () => floating(control[0], FLOATING) });
  }

  private get selected(): AtaDrive | undefined {
    const [master, slave] = this.drives;
    return (master ?? slave)?.selectsSlave ? slave : master;
  }

  /** The registers of an absent drive read as zero, except the one that selects (ATA-3, 9.16.1). */
  private read(port: number): number {
    const { selected } = this;
    if (selected) return selected.readRegister(port);
    return port === DEVICE ? (this.drives[0] ? SLAVE : 0) : 0;
  }

  private write(port: number, value: number): void {
    const { drives } = this;
    if (port !== COMMAND) for (const drive of drives) drive?.writeRegister(port, value);
    else if (value === DIAGNOSE) for (const drive of drives) drive?.command(value);
    else this.selected?.command(value);
    if (port === DEVICE) this.drive();
  }

  drive(): void {
    this.pic.setLine(this.irq, this.selected?.interrupting ?? false);
  }
}
