import { defineConfig } from 'vitest/config';

/** The suite that every commit runs; slower suites live under test/slow (vitest.slow.config.ts). */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**', 'node_modules/**'],
    setupFiles: ['host/install.ts', 'test/tier.ts'],
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
