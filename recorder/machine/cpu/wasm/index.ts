import type { ShortPath } from '../../mmu/short-path.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { BlockRunner } from '../blocks/block-runner.ts';
import type { Core } from '../core.ts';
import { createHostCalls } from './host-calls.ts';
import { createRuntime } from './runtime.ts';
import { DEFAULT_THRESHOLD, WasmTier } from './tier.ts';

/** The second tier, for whoever puts a processor together or chooses it. */

export type { TierCounts } from './tier.ts';

/** The compiler of hot blocks, for one CPU; `threshold` executions make a block hot. */
export function createWasmTier(
  core: Core,
  blocks: BlockCache,
  memory: ShortPath,
  enter: BlockRunner['enter'],
  threshold: number,
): WasmTier {
  const runtime = createRuntime(core.mem, () => createHostCalls(core, memory));
  return new WasmTier(core, blocks, enter, runtime, { threshold });
}

export const TIERS = ['interpreter', 'wasm'] as const;
export type TierName = (typeof TIERS)[number];

export const DEFAULT_TIER: TierName = 'wasm';

/** Of machines that are made from now on and are not told otherwise. A trace knows nothing of it. */
let chosen = DEFAULT_THRESHOLD;

/** Chooses the tier; `threshold`: the execution of a block at which it is compiled. */
export function useTier(name: TierName, threshold = DEFAULT_THRESHOLD): void {
  chosen = name === 'wasm' ? threshold : 0;
}

export const defaultThreshold = (): number => chosen;
