import type { Argv } from 'yargs';
import { TIERS, useTier } from '../../../recorder/machine/cpu/wasm/index.ts';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The choice of what executes hot code. */

/** The environment variable that says what `--tier` does, for programs that have no command line of ours. */
const VARIABLE = 'REWIND386_TIER';
/** The execution at which a block is compiled in `lockstep` (work/lockstep.ts): soon, and yet not what runs once. */
const LOCKSTEP_THRESHOLD = 20;

/** `--tier`, which nobody needs who does not work on the compiler (docs/compiler.md): results are the same. */
export const withTier = (cli: Argv): Argv =>
  cli
    .option('tier', { hidden: true, global: true, type: 'string', describe: 'what executes hot code' })
    .middleware(({ tier, _: [command] }) => {
      if (tier === undefined) tierFromEnvironment();
      else if (lockstepThreshold(tier) === undefined) choose('--tier', tier);
      else if (command !== 'replay')
        throw new BadInput(
          `--tier lockstep: not a tier of \`${command}\``,
          'rewind386 replay FILE --tier lockstep',
        );
    }, true);

/** As `--tier`, of the environment; nothing where that says nothing. */
export function tierFromEnvironment(): void {
  const value = process.env[VARIABLE];
  if (value !== undefined && value !== '') choose(VARIABLE, value);
}

/** The execution at which a block is compiled, of `lockstep` and `lockstep:N`; undefined of all others. */
export function lockstepThreshold(tier: unknown): number | undefined {
  const match = /^lockstep(?::([1-9]\d{0,8}))?$/.exec(String(tier));
  return match ? Number(match[1] ?? LOCKSTEP_THRESHOLD) : undefined;
}

/** `interpreter`, `wasm`, or `wasm:N` with the execution of a block at which it is compiled. */
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
  // Processes that this one starts do as it does.
  process.env[VARIABLE] = String(value);
}
