import type { Frame, Physical } from '../../../../schemas/units.ts';

/** Executes blocks that are executed often (cpu/wasm). All that it has made of them goes with them. */
export interface HotBlocks {
  /**
   * Block `p`, at EIP BLOCK_EIP in CPU_STATE, fits in the `left` instructions that the run still has, and has run as often as its
   * header said. The micro-op with which the interpreter goes on, LEFT and BLOCK_EIP being those of its block; 0, with EIP and
   * icount set, when the loop is to be left.
   */
  hot(p: number, left: number): number;
  /** The number of times that the block that begins at `physical` is to be interpreted first. */
  heatOf(physical: Physical): number;
  /** A store has hit the block that begins at `physical`. It is about to go. */
  changed(physical: Physical): void;
  /** Block `p` is gone. */
  gone(p: number): void;
  /** From now on hot blocks may lead to each other by themselves, or not: then each way to another page is by `BlockCache.find`, which asks. */
  chain(on: boolean): void;
  /** The blocks of a frame are gone. */
  dropped(frame: Frame): void;
  /** All blocks are gone. */
  cleared(): void;
}

/** No block is ever hot. */
export const NO_TIER: HotBlocks = {
  hot: (p) => p,
  heatOf: () => Number.POSITIVE_INFINITY,
  changed() {},
  gone() {},
  chain() {},
  dropped() {},
  cleared() {},
};
