import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Long runs: many seeds, fuzzing, torn traces at every byte. */
export default defineConfig({
  test: {
    include: ['test/slow/**/*.test.ts'],
    setupFiles: ['host/install.ts', 'test/tier.ts'],
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Of a loaded machine: a poll ends as soon as it sees what it waits for.
    expect: { poll: { timeout: 30_000 } },
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    maxWorkers: 2,
  },
});
