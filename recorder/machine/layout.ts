/**
 * The map of the machine's one WebAssembly.Memory: byte offsets, given here and nowhere else. `STATE` areas are part of
 * a snapshot and of the state hash; `DERIVED` areas can be rebuilt from them (fast paths) and are not.
 */

/** STATE: registers, flags, segment caches, control registers (fields: cpu/state.ts). 4 KB. */
export const CPU_STATE = 0x0000;
export const CPU_STATE_BYTES = 0x1000;

/** STATE: device registers, one 1 KB block a device (fields: each device's own file). 16 KB. */
export const DEVICE_STATE = 0x1000;
export const DEVICE_STATE_BYTES = 0x4000;

/** STATE: TLB entries and replacement state (fields: mmu/tlb.ts). 44 KB. */
export const TLB_STATE = 0x5000;
export const TLB_STATE_BYTES = 0xb000;

/** STATE: per-frame facts, indexed by frame number up to MAX_FRAMES (fields: mmu/frames.ts). 1 MB. */
export const FRAME_STATE = 0x10000;
export const FRAME_STATE_BYTES = 0x100000;

/** DERIVED: which TLB entries are valid, and what they were filled from (mmu/tlb.ts). 64 KB. */
export const TLB_DERIVED = 0x200000;
export const TLB_DERIVED_BYTES = 0x10000;

/** DERIVED: one u32 per linear page, the fast path of the TLB (mmu/fast-path.ts). 4 MB. */
export const FAST_PATH = 0x400000;
export const FAST_PATH_BYTES = 0x400000;

/** STATE: guest RAM; physical address p lives at RAM + p. Page aligned. */
export const RAM = 0x800000;

export const MAX_RAM_BYTES = 256 << 20;
export const MAX_FRAMES = MAX_RAM_BYTES >>> 12;

/** Views of the machine's memory. Never grown, so the views stay valid for the machine's life. */
export interface MachineMemory {
  readonly memory: WebAssembly.Memory;
  readonly ramBytes: number;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly view: DataView;
}

export function allocateMemory(ramBytes: number): MachineMemory {
  const pages = (RAM + ramBytes) >>> 16;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const buffer = memory.buffer;
  return {
    memory,
    ramBytes,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    view: new DataView(buffer),
  };
}
