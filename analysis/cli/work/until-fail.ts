import { rmSync } from 'node:fs';
import { checkTraces } from './check-report.ts';
import { endingOf } from './guest-ending.ts';

/** `record --until-fail N`: seed after seed, until the recording of one shows a failure. */

/** A recording, made at the path that was asked for. */
export interface Attempt {
  /** Ended by Ctrl-C: nothing can be said of it. */
  readonly interrupted: boolean;
  /** False when it has no events that could be checked. */
  readonly checkable: boolean;
}

export interface SeedSearch {
  readonly first: bigint;
  readonly tries: number;
  readonly output: string;
  readonly record: (seed: bigint) => Promise<Attempt>;
  /** Of a seed that did not fail. */
  readonly onGood: (seed: bigint) => void;
}

export interface SearchResult {
  readonly failed: bigint | undefined;
  readonly interrupted: boolean;
  /** Runs that came to their end. */
  readonly runs: number;
}

/** Leaves the first recording that fails, or none. */
export async function untilFail({ first, tries, output, ...search }: SeedSearch): Promise<SearchResult> {
  for (let runs = 0; runs < tries; runs++) {
    const seed = first + BigInt(runs);
    const { interrupted, checkable } = await search.record(seed);
    if (!interrupted && (endingOf(output).failed || (checkable && (await hasError(output)))))
      return { failed: seed, interrupted: false, runs: runs + 1 };
    rmSync(output, { force: true });
    if (interrupted) return { failed: undefined, interrupted, runs };
    search.onGood(seed);
  }
  return { failed: undefined, interrupted: false, runs: tries };
}

/** Also a run that ended well may have gone astray on the way. */
async function hasError(path: string): Promise<boolean> {
  const { findings } = await checkTraces([path]);
  return findings.some(({ check }) => check.severity === 'error');
}
