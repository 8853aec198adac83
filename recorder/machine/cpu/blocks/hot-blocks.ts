import type { Frame, Physical } from '../../../../schemas/units.ts';

/** An executor of hot blocks (cpu/wasm). Code made from a block is dropped with it. */
export interface HotBlocks {
  /**
   * Block `p`, at EIP BLOCK_EIP in CPU_STATE, fits in the `left` remaining instructions of the run, and its count of entries has run out.
   * Returns the micro-op with which the interpreter continues, with LEFT and BLOCK_EIP of its block; or 0, with EIP and icount set, to
   * leave the loop.
   */
  hot(p: number, left: number): number;
  /** The number of interpreted executions before the block at `physical` becomes hot. */
  heatOf(physical: Physical): number;
  /** Called when a store has hit the block at `physical`, before it is dropped. */
  changed(physical: Physical): void;
  /** Called when block `p` is dropped. */
  gone(p: number): void;
  /**
   * Allows or forbids direct transitions between hot blocks; if forbidden, each transition to another page goes through
   * `BlockCache.find`, which checks stops and probes.
   */
  chain(on: boolean): void;
  /** Called when the blocks of a frame are dropped. */
  dropped(frame: Frame): void;
  /** Called when all blocks are dropped. */
  cleared(): void;
}

/** An executor for which no block is ever hot. */
export const NO_TIER: HotBlocks = {
  hot: (p) => p,
  heatOf: () => Number.POSITIVE_INFINITY,
  changed() {},
  gone() {},
  chain() {},
  dropped() {},
  cleared() {},
};
