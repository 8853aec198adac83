import type { ShortPath } from '../../mmu/short-path.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { BlockRunner } from '../blocks/block-runner.ts';
import type { Core } from '../core.ts';
import { createHostCalls } from './host-calls.ts';
import { createRuntime } from './runtime.ts';
import { DEFAULT_THRESHOLD, WasmTier } from './tier.ts';

/** The second tier: its construction and selection. */

export type { TierCounts } from './tier.ts';

/** The compiler of hot blocks, for one CPU; `threshold` executions make a block hot. */
export function createWasmTier(
  core: Core,
  blocks: BlockCache,
  memory: ShortPath,
  enter: BlockRunner['enter'],
  threshold: number,
): WasmTier {
  const runtime = createRuntime(core.mem, () => createHostCalls(core, memory), memory.fillFacts);
  return new WasmTier(core, blocks, enter, runtime, { threshold, recordsStores: memory.recordsStores });
}

export const TIERS = ['interpreter', 'wasm'] as const;
export type TierName = (typeof TIERS)[number];

export const DEFAULT_TIER: TierName = 'wasm';

/** The default for new machines; it is not part of a trace. */
let chosen = DEFAULT_THRESHOLD;

/** Selects the tier; `threshold`: the execution count at which a block is compiled. */
export function useTier(name: TierName, threshold = DEFAULT_THRESHOLD): void {
  chosen = name === 'wasm' ? threshold : 0;
}

export const defaultThreshold = (): number => chosen;
