import type { ShortPath } from '../../mmu/short-path.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { BlockRunner } from '../blocks/block-runner.ts';
import type { Core } from '../core.ts';
import { createHostCalls } from './host-calls.ts';
import { createRuntime } from './runtime.ts';
import { WasmTier } from './tier.ts';

/** The second tier: its construction. */

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
