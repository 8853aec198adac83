import { DEVICE_STATE, DEVICE_STATE_BYTES, type MachineMemory } from '../layout.ts';
import { MachineError } from '../machine-error.ts';

/** Registers of devices as blocks of the machine's memory: where each lies, and views of it. */

/** One share of DEVICE_STATE: a device's registers, as words, doubles and bytes of the machine's memory. */
export interface DeviceBlock {
  readonly offset: number;
  readonly bytes: number;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly u8: Uint8Array;
}

/** Offset of each device's block, from DEVICE_STATE: given here and nowhere else. */
const BLOCKS = {
  pic: { from: 0x0000, bytes: 0x400 },
  pit: { from: 0x0400, bytes: 0x400 },
  uart: { from: 0x0800, bytes: 0x400 },
  rtc: { from: 0x0c00, bytes: 0x400 },
  system: { from: 0x1000, bytes: 0x400 },
  ata: { from: 0x1400, bytes: 0x2400 },
  keyboard: { from: 0x3800, bytes: 0x400 },
  coprocessor: { from: 0x3fc0, bytes: 0x40 },
  vga: { from: 0x4000, bytes: 0x800 },
  fwcfg: { from: 0x4800, bytes: 0x100 },
  chipset: { from: 0x4900, bytes: 0x400 },
  dma: { from: 0x5000, bytes: 0x200 },
  floppy: { from: 0x5200, bytes: 0x200 },
  ata1: { from: 0x8000, bytes: 0x2400 },
  ata2: { from: 0xc000, bytes: 0x2400 },
  ata3: { from: 0x10000, bytes: 0x2400 },
  shadow: { from: 0x40000, bytes: 0x40000 },
} as const;

export type BlockName = keyof typeof BLOCKS;

export function deviceBlock(mem: MachineMemory, name: BlockName): DeviceBlock {
  const { from, bytes } = BLOCKS[name];
  if (from + bytes > DEVICE_STATE_BYTES)
    throw new MachineError(`device block ${name} lies outside DEVICE_STATE`);
  const offset = DEVICE_STATE + from;
  return {
    offset,
    bytes,
    words: mem.i32.subarray(offset >>> 2, (offset + bytes) >>> 2),
    doubles: mem.f64.subarray(offset >>> 3, (offset + bytes) >>> 3),
    u8: mem.u8.subarray(offset, offset + bytes),
  };
}
