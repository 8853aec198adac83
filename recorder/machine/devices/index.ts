import type { Device, DeviceHost, DeviceSet, Drive } from '../device.ts';
import { ATA_CHANNELS, AtaChannel } from './ata-channel.ts';
import { AtaDisk } from './ata-disk.ts';
import type { AtaDrive } from './ata-drive.ts';
import { AtapiCdrom } from './atapi-cdrom.ts';
import { PortBus } from './bus.ts';
import { CoprocessorError } from './coprocessor.ts';
import { DiskOverlay } from './disk-overlay.ts';
import { DmaControllers } from './dma8237.ts';
import { FloppyController } from './floppy82077.ts';
import { FirmwareConfiguration } from './fw-cfg.ts';
import { KeyboardController } from './keyboard8042.ts';
import { HiddenRam, PciHost } from './pci-host.ts';
import { InterruptControllers } from './pic8259.ts';
import { Timer } from './pit8254.ts';
import { Printer } from './printer.ts';
import { RealTimeClock } from './rtc.ts';
import { SystemPorts } from './system-ports.ts';
import { SerialPort } from './uart16550.ts';
import { Vga } from './vga.ts';

/** Creates the devices of a PC and connects them, by the machine's configuration. */

/** The blocks of the drives by unit: first channel's master and slave, second channel's. */
const ATA_BLOCKS = ['ata', 'ata1', 'ata2', 'ata3'] as const;

/** The name of a drive's medium. */
const nameOf = ({ kind, unit }: Pick<Drive, 'kind' | 'unit'>): string => `${kind}${unit}`;

/** The devices of a PC, wired to its bus. Devices due at one instant act in this order. */
export function createDevices(host: DeviceHost): DeviceSet {
  const bus = new PortBus();
  const disk = host.disk ? new DiskOverlay(host.disk) : null;
  const media = new Map(
    host.drives
      .filter(({ kind }) => kind !== 'cdrom')
      .map((drive) => [nameOf(drive), new DiskOverlay(drive.image)]),
  );
  const pic = new InterruptControllers(host, bus);
  const timer = new Timer(host, bus, pic);
  const uart = new SerialPort(host, bus, pic);
  const rtc = new RealTimeClock(host, bus, pic);
  const dma = new DmaControllers(host, bus);
  const floppy = new FloppyController(
    ...([host, bus, pic, dma] as const),
    [0, 1].map((unit) => media.get(nameOf({ kind: 'floppy', unit }))),
  );
  const ata = ATA_BLOCKS.map((block, unit): AtaDrive | undefined => {
    const cd = host.drives.find((drive) => drive.kind === 'cdrom' && drive.unit === unit);
    if (cd) return new AtapiCdrom(host, bus, block, cd.image);
    const contents = unit === 0 ? disk : media.get(nameOf({ kind: 'disk', unit }));
    return contents ? new AtaDisk(host, bus, block, contents) : undefined;
  });
  // Before chipset revision 31 a channel without drives did not exist; every read returned ones.
  const pulledDown = host.config.chipsetRevision >= 31;
  for (const [n, place] of ATA_CHANNELS.entries())
    new AtaChannel(place, bus, pic, [ata[2 * n], ata[2 * n + 1]], pulledDown);
  const system = new SystemPorts(host, bus, timer);
  // Recordings without a coprocessor do not have this device.
  const coprocessor = host.config.fpu ? new CoprocessorError(host, bus, pic) : undefined;
  const keyboard = new KeyboardController(host, bus, pic, system);
  const vga = new Vga(host, bus);
  const drives = ata.filter((drive) => drive !== undefined);
  const devices: Device[] = [pic, timer, uart, rtc, ...drives, system, keyboard, vga, dma, floppy];
  if (coprocessor) devices.push(coprocessor);
  if (host.config.printer) devices.push(new Printer(host, bus, pic));
  const chipset = host.firmware ? new PciHost(host, bus, system) : null;
  if (host.firmware && chipset)
    devices.push(new FirmwareConfiguration(host, host.firmware, bus), new HiddenRam(host), chipset);
  return {
    bus,
    pic,
    ...(coprocessor ? { coprocessor } : {}),
    devices,
    acceptInput({ kind, value }) {
      if (kind === 'serial_byte') uart.receive(value);
      else if (kind === 'key_scancode') keyboard.key(value);
      else if (kind === 'inject_irq') pic.inject(value & 15);
      else if (kind === 'hold_interrupts') pic.hold(value !== 0);
    },
    get exitCode() {
      return system.exitCode;
    },
    get resetRequested() {
      return system.resetRequested;
    },
    resetDone() {
      system.resetDone();
      chipset?.processorReset();
    },
    media: [...media].map(([name, overlay]) => ({
      name,
      hash: () => overlay.hash(),
      save: () => overlay.save(),
      restore: (contents) => overlay.restore(contents),
    })),
    diskHash: () => disk?.hash() ?? null,
    saveDisk: () => disk?.save() ?? new Map(),
    restoreDisk: (contents) => disk?.restore(contents),
  };
}
