import type { Argv } from 'yargs';
import { TIERS, useTier } from '../../../recorder/machine/cpu/tier-choice.ts';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The choice of the execution tier for hot code. */

/** The environment variable with the meaning of `--tier`, for programs without this command line. */
const VARIABLE = 'REWIND386_TIER';
/** The execution count at which `lockstep` compiles a block (work/lockstep.ts): early, but not code that runs once. */
const LOCKSTEP_THRESHOLD = 20;

/** `--tier`, for work on the compiler (docs/compiler.md); results are the same. */
export const withTier = (cli: Argv): Argv =>
  cli
    .option('tier', {
      hidden: true,
      global: true,
      type: 'string',
      describe: 'the execution tier for hot code',
    })
    .middleware(({ tier, _: [command] }) => {
      if (tier === undefined) tierFromEnvironment();
      else if (lockstepThreshold(tier) === undefined) choose('--tier', tier);
      else if (command !== 'replay')
        throw new BadInput(
          `--tier lockstep: not a tier of \`${command}\``,
          'rewind386 replay FILE --tier lockstep',
        );
    }, true);

/** Applies the tier of the environment variable, if it is set. */
export function tierFromEnvironment(): void {
  const value = process.env[VARIABLE];
  if (value !== undefined && value !== '') choose(VARIABLE, value);
}

/** The execution count of `lockstep` and `lockstep:N`; undefined for other tiers. */
export function lockstepThreshold(tier: unknown): number | undefined {
  const match = /^lockstep(?::([1-9]\d{0,8}))?$/.exec(String(tier));
  return match ? Number(match[1] ?? LOCKSTEP_THRESHOLD) : undefined;
}

/** Applies `interpreter`, `wasm` or `wasm:N`, where N is the execution count at which a block is compiled. */
function choose(where: string, value: unknown): void {
  const [name, after] = String(value).split(':', 2);
  const tier = TIERS.find((one) => one === name);
  const isCount = after === undefined || (tier === 'wasm' && /^[1-9]\d{0,8}$/.test(after));
  if (!tier || !isCount)
    throw new BadInput(
      `${where}: no tier named ${value}`,
      `one of ${TIERS.join(', ')}, wasm:N; replay has lockstep too`,
    );
  useTier(tier, after === undefined ? undefined : Number(after));
  // Child processes use the same tier.
  process.env[VARIABLE] = String(value);
}
