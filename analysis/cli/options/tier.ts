import type { Argv } from 'yargs';
import { TIERS, type TierName, useTier } from '../../../recorder/machine/cpu/wasm/index.ts';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The choice of what executes hot code. */

/** The environment variable that says what `--tier` does, for programs that have no command line of ours. */
const VARIABLE = 'REWIND386_TIER';

/** `--tier`, which nobody needs who does not work on the compiler (docs/compiler.md): results are the same. */
export const withTier = (cli: Argv): Argv =>
  cli
    .option('tier', { choices: TIERS, hidden: true, global: true, describe: 'what executes hot code' })
    .middleware(({ tier }) => useTier((tier as TierName | undefined) ?? fromEnvironment()), true);

function fromEnvironment(): TierName {
  const value = process.env[VARIABLE];
  if (value === undefined || value === '') return DEFAULT_TIER;
  const name = TIERS.find((tier) => tier === value);
  if (!name) throw new BadInput(`${VARIABLE}: no tier named ${value}`, `one of ${TIERS.join(', ')}`);
  return name;
}

const DEFAULT_TIER: TierName = 'interpreter';
