import { BadInput } from '../../../schemas/bad-input.ts';
import type { Firmware } from '../device.ts';
import { BIOS_ROM_BYTES, type MachineMemory, OPTION_ROM_BYTES, RAM } from '../layout.ts';

/** Boot by firmware: a BIOS and option ROM in memory, and the processor at its reset vector. */

const GRANULE = 0x10000;
const MIN_BIOS = 0x10000;
/** Every option ROM begins with these two bytes (Plug and Play BIOS Specification 1.0A, 3.1). */
const OPTION_ROM_SIGNATURE = [0x55, 0xaa];

/** Copies the images of BIOS and option ROM to the machine's ROM area, after RAM (layout.ts). Throws BadInput. */
export function loadFirmware(mem: MachineMemory, { bios, vgaBios }: Firmware): void {
  if (bios.length < MIN_BIOS || bios.length > BIOS_ROM_BYTES || bios.length % GRANULE !== 0)
    throw new BadInput(
      `the BIOS has ${bios.length} bytes; a BIOS has 64 to 256 KB, in multiples of 64 KB`,
      'give one made for a PC, such as SeaBIOS: --bios FILE',
    );
  if (
    vgaBios.length > OPTION_ROM_BYTES ||
    OPTION_ROM_SIGNATURE.some((byte, i) => (vgaBios[i] ?? byte) !== byte)
  )
    throw new BadInput(
      `the VGA BIOS (${vgaBios.length} bytes) is not an option ROM, which begins with 55 AA and has at most 128 KB`,
      'give one made for a VGA, such as SeaVGABIOS: --vga-bios FILE',
    );
  const at = RAM + mem.ramBytes;
  mem.u8.fill(0xff, at, at + BIOS_ROM_BYTES + OPTION_ROM_BYTES);
  mem.u8.set(bios, at + BIOS_ROM_BYTES - bios.length);
  mem.u8.set(vgaBios, at + BIOS_ROM_BYTES);
}
