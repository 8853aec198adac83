import { defineConfig } from 'vitest/config';
import { BUILT, builtModules, SOURCES } from './test/built-modules.ts';

/** Suites that replace what modules import, which Vite can do in sources only. */
const APART = [
  'test/cli/bisect.test.ts',
  'test/cli/internal-error.test.ts',
  'test/isa/no-compiler.test.ts',
  'test/replay/writer-thread.test.ts',
  'test/unit/store-index-lane.test.ts',
  'test/unit/unfinished.test.ts',
];

const common = { testTimeout: 60_000, hookTimeout: 120_000, pool: 'forks' as const };

/** The suite that every commit runs; slower suites live under test/slow (vitest.slow.config.ts). */
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    maxWorkers: 2,
    projects: [
      {
        plugins: [builtModules],
        test: {
          ...common,
          ...BUILT,
          name: 'built',
          include: ['test/!(slow)/**/*.test.ts'],
          exclude: APART,
          // Suites leave nothing behind that others see: they share processes, which import the product once.
          isolate: false,
        },
      },
      { test: { ...common, ...SOURCES, name: 'sources', include: APART } },
    ],
  },
});
