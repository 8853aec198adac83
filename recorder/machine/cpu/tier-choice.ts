/** The tier of new machines. It is apart from the compiler: a command that runs no machine does not load one. */

/** The execution of a block at which it is compiled. */
export const DEFAULT_THRESHOLD = 20_000;

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
