import { MAX_RAM_BYTES } from '../../schemas/trace/limits.ts';

/**
 * The layout of the machine's one WebAssembly.Memory. Its byte offsets are defined only here. `STATE` areas are part of a snapshot and of
 * the state hash; `DERIVED` areas are not, because they can be rebuilt from them.
 */

/** STATE: registers, flags, segment caches, control registers (fields: cpu/state.ts). 4 KB. */
export const CPU_STATE = 0x0000;
export const CPU_STATE_BYTES = 0x1000;

/** STATE: TLB entries and replacement state (fields: mmu/tlb.ts). 44 KB. */
export const TLB_STATE = 0x5000;
export const TLB_STATE_BYTES = 0xb000;

/** STATE: per-frame facts, indexed by frame number up to MAX_FRAMES (fields: mmu/frames.ts). 1 MB. */
export const FRAME_STATE = 0x10000;
export const FRAME_STATE_BYTES = 0x100000;

/** STATE: device registers, a block for each device (devices/device-block.ts). 512 KB. */
export const DEVICE_STATE = 0x110000;
export const DEVICE_STATE_BYTES = 0x80000;

/** DERIVED: which TLB entries are valid, and what they were filled from (mmu/tlb.ts). 64 KB. */
export const TLB_DERIVED = 0x200000;
export const TLB_DERIVED_BYTES = 0x10000;

/** DERIVED: where compiled code is, by physical address (cpu/wasm/entry-table.ts). 128 KB. */
export const COMPILED_ENTRIES = 0x210000;
export const COMPILED_ENTRIES_BYTES = 0x20000;

/** DERIVED: why accesses are checked individually, a word (`FastPath.attention`), for compiled code (cpu/wasm/fill.ts). 4 KB. */
export const ATTENTION = 0x230000;

/** DERIVED: how many events are buffered (events/row-buffers.ts). 4 KB. */
export const EVENT_STATE = 0x231000;

/** DERIVED: one u32 per linear page, the fast path of the TLB (mmu/fast-path.ts). 4 MB. */
export const FAST_PATH = 0x400000;
export const FAST_PATH_BYTES = 0x400000;

/** STATE: guest RAM; physical address p lives at RAM + p. Page aligned. */
export const RAM = 0x800000;

export const MAX_FRAMES = MAX_RAM_BYTES >>> 12;

/**
 * The images of read-only memory lie after RAM, in a machine that has any: the BIOS as it appears below 4 GB, right
 * aligned, then the option ROMs of C0000-DFFFF. They belong to the construction of the machine, not to snapshots. Their frame numbers
 * continue those of RAM, so that code is decoded there as in RAM (mmu/rom.ts).
 */
export const BIOS_ROM_BYTES = 0x40000;
export const OPTION_ROM_BYTES = 0x20000;
export const ROM_BYTES = BIOS_ROM_BYTES + OPTION_ROM_BYTES;

/** DERIVED: decoded code (cpu/blocks/block-cache.ts), last. Here its zeros cost nothing, unlike those of a typed array that reuses memory. */
const DECODED_BYTES = 0x800000;

/** Views of the machine's memory. Never grown, so the views stay valid for the machine's life. */
export interface MachineMemory {
  readonly memory: WebAssembly.Memory;
  readonly ramBytes: number;
  /** Of read-only memory after RAM: 0 or ROM_BYTES. */
  readonly romBytes: number;
  /** DERIVED: of buffered rows of events, which follow; 0 in a machine that records none (events/row-buffers.ts). */
  readonly eventBytes: number;
  readonly decoded: Int32Array;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly view: DataView;
}

const WASM_PAGE = 0x10000;

/** `eventBytes`: for rows of events (`bytesForRows`). */
export function allocateMemory(ramBytes: number, romBytes = 0, eventBytes = 0): MachineMemory {
  const decodedAt = (RAM + ramBytes + romBytes + eventBytes + 3) & -4;
  const pages = Math.ceil((decodedAt + DECODED_BYTES) / WASM_PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const buffer = memory.buffer;
  return {
    memory,
    ramBytes,
    romBytes,
    eventBytes,
    decoded: new Int32Array(buffer, decodedAt, DECODED_BYTES / 4),
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    view: new DataView(buffer),
  };
}
