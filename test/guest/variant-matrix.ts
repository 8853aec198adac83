import type { GuestRun } from './built-in.ts';

/** The runs of the built-in guest that make each mistake of history, and what `check` finds in each; docs/bug-classes.md has the table. */

export interface VariantRun extends GuestRun {
  readonly variant: string;
  readonly instructions: number;
  /** Findings by class. */
  readonly finds: Readonly<Record<string, number>>;
  /** The exit code, or `stopped` after `instructions`. */
  readonly ends: number | 'stopped';
}

const run = (
  variant: string,
  kernel: GuestRun['kernel'],
  workload: string,
  seed: number,
  millions: number,
  finds: VariantRun['finds'],
  ends: VariantRun['ends'] = 'stopped',
): VariantRun => ({ variant, kernel, workload, seed, instructions: millions * 1e6, finds, ends });

const PANIC = 0x11;
const DOUBLE_FAULT = 0x12;

export const MATRIX: readonly VariantRun[] = [
  run('none', 'fixed', 'ftpd', 1, 20, {}),
  run('save-restore', 'buggy', 'ftpd', 117, 25, {}),
  run('no-fault-wait', 'fixed', 'ftpd', 1, 13, { 2: 2 }),
  run('no-fault-wait', 'fixed', 'ftpd', 3, 13, { 1: 1, 2: 2, panic: 1 }, PANIC),
  run('reads-only', 'fixed', 'ftpd', 1, 13, { 2: 1 }),
  run('one-transfer', 'fixed', 'ftpd', 1, 13, {}),
  run('shared-directory', 'fixed', 'ftpd', 1, 4, { 3: 21, 4: 12 }),
  run('shared-directory', 'buggy', 'ftpd', 1, 12, { 1: 20, 2: 1, 3: 63, 4: 30, 15: 20 }),
  run('pmap-copy', 'fixed', 'ftpd', 1, 5, { 4: 37 }),
  run('pv-reclaim', 'fixed', 'ftpd', 1, 3, { 5: 4, panic: 1 }, PANIC),
  run('no-flush', 'fixed', 'ftpd', 1, 4, { 6: 2 }),
  run('restore-no-flush', 'buggy', 'ftpd', 13, 25, { 6: 1 }),
  run('skip-flush', 'fixed', 'ftpd', 1, 4, { 7: 1, 'bad-exit': 1 }, DOUBLE_FAULT),
  run('target-exits', 'fixed', 'ftpd', 1, 20, { 4: 25, 8: 1 }),
  run('table-gone', 'fixed', 'ftpd', 1, 3, { 9: 1 }),
  run('remove-no-flush', 'fixed', 'pageio', 1, 50, { 10: 1 }),
  run('early-invlpg', 'fixed', 'ftpd', 1, 3, { 11: 1 }),
  run('early-free', 'fixed', 'ftpd', 1, 3, { 12: 2, panic: 1 }, PANIC),
  run('pmap1', 'buggy', 'ftpd', 5, 20, { 13: 1, panic: 1 }, PANIC),
  run('lost-dirty', 'fixed', 'pageio', 1, 30, { 14: 1 }),
];

const END: Readonly<Record<string, string>> = {
  stopped: '',
  [PANIC]: 'panic',
  [DOUBLE_FAULT]: 'double fault',
};

/** Its line in the table of the page. */
export function matrixRow({
  variant,
  kernel,
  workload,
  seed,
  instructions,
  finds,
  ends,
}: VariantRun): string {
  const found = Object.entries(finds).map(([name, count]) => (count === 1 ? name : `${name} (${count})`));
  const cells = [variant, `${kernel}, ${workload}, seed ${seed}`, `${instructions / 1e6} M`];
  return `| ${[...cells, found.join(', ') || 'clean', END[ends] ?? `exit ${ends}`].join(' | ')} |`;
}
