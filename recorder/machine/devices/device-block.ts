import { DEVICE_STATE, DEVICE_STATE_BYTES, type MachineMemory } from '../layout.ts';
import { MachineError } from '../machine-error.ts';
import { DEVICES, type DeviceName } from './device-table.ts';

/** Device registers as blocks of the machine's memory, with views. */

/** One share of DEVICE_STATE: a device's registers, as words, doubles and bytes of the machine's memory. */
export interface DeviceBlock {
  readonly offset: number;
  readonly bytes: number;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly u8: Uint8Array;
}

export function deviceBlock(mem: MachineMemory, name: DeviceName): DeviceBlock {
  const { from, bytes } = DEVICES[name].block;
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
