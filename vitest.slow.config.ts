import { defineConfig } from 'vitest/config';
import { builtModules } from './test/built-modules.ts';
import { LongestFirst } from './test/longest-first.ts';

/** Suites that execute guests for most of their time, or commands in their own process. */
const EXECUTING = [
  'bios',
  'bug-classes',
  'bundle',
  'compiled-memory',
  'debuggers',
  'differential',
  'discover-windows',
  'explore',
  'explore-search',
  'flipped-bits',
  'grub',
  'inevitable',
  'killed',
  'random-code',
  'seeds',
  'why',
  'x87',
].map((name) => `test/slow/${name}.test.ts`);

const common = {
  testTimeout: 900_000,
  hookTimeout: 900_000,
  // Of a loaded machine: a poll ends as soon as it sees what it waits for.
  expect: { poll: { timeout: 30_000 } },
  pool: 'forks' as const,
};

/** Long runs: many seeds, fuzzing, torn traces at every byte. */
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...common,
          name: 'sources',
          include: ['test/slow/**/*.test.ts'],
          exclude: EXECUTING,
          setupFiles: ['host/install.ts', 'test/tier.ts'],
        },
      },
      {
        plugins: [builtModules],
        test: {
          ...common,
          name: 'built',
          include: EXECUTING,
          setupFiles: ['dist/host/install.js', 'test/tier.ts'],
          server: { deps: { external: [/\/dist\//] } },
        },
      },
    ],
  },
});
