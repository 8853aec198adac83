import type { Device, DeviceHost, DeviceSet } from '../device.ts';
import { AtaChannel } from './ata.ts';
import { PortBus } from './bus.ts';
import { CoprocessorError } from './coprocessor.ts';
import { DiskOverlay } from './disk-overlay.ts';
import { FirmwareConfiguration } from './fw-cfg.ts';
import { KeyboardController } from './keyboard8042.ts';
import { HiddenRam, PciHost } from './pci-host.ts';
import { InterruptControllers } from './pic8259.ts';
import { Timer } from './pit8254.ts';
import { RealTimeClock } from './rtc.ts';
import { SystemPorts } from './system-ports.ts';
import { SerialPort } from './uart16550.ts';
import { Vga } from './vga.ts';

/** The devices of a PC, wired to its bus. The order is that in which those due at one instant act. */
export function createDevices(host: DeviceHost): DeviceSet {
  const bus = new PortBus();
  const disk = host.disk ? new DiskOverlay(host.disk) : null;
  const pic = new InterruptControllers(host, bus);
  const timer = new Timer(host, bus, pic);
  const uart = new SerialPort(host, bus, pic);
  const rtc = new RealTimeClock(host, bus, pic);
  const ata = new AtaChannel(host, bus, pic, disk);
  const system = new SystemPorts(host, bus, timer);
  // What was recorded without a coprocessor had no such device either.
  const coprocessor = host.config.fpu ? new CoprocessorError(host, bus, pic) : undefined;
  const keyboard = new KeyboardController(host, bus, pic, system);
  const vga = new Vga(host, bus);
  const devices: Device[] = [pic, timer, uart, rtc, ata, system, keyboard, vga];
  if (coprocessor) devices.push(coprocessor);
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
    media: [],
    diskHash: () => disk?.hash() ?? null,
    saveDisk: () => disk?.save() ?? new Map(),
    restoreDisk: (contents) => disk?.restore(contents),
  };
}
