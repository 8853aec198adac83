import { defineConfig } from 'vitest/config';
import { BUILT, builtModules } from './test/built-modules.ts';
import { LongestFirst } from './test/longest-first.ts';

/** Long runs: many seeds, fuzzing, torn traces at every byte. */
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
    projects: [
      {
        plugins: [builtModules],
        test: {
          ...BUILT,
          name: 'slow',
          include: ['test/slow/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // Of a loaded machine: a poll ends as soon as it sees what it waits for.
          expect: { poll: { timeout: 30_000 } },
          pool: 'forks',
        },
      },
    ],
  },
});
