import { defineConfig } from 'vitest/config';

/** Tests of single modules leave nothing behind that others see: they share processes, which import the machine once. */
const MODULES = 'test/{devices,isa,unit}/**/*.test.ts';
/** Those that replace what others import. */
const APART = ['test/isa/no-compiler.test.ts', 'test/unit/unfinished.test.ts'];

const common = {
  setupFiles: ['host/install.ts', 'test/tier.ts'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
};

/** The suite that every commit runs; slower suites live under test/slow (vitest.slow.config.ts). */
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts', 'test/own-cache.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: { ...common, name: 'whole', include: ['test/!(devices|isa|slow|unit)/**/*.test.ts', ...APART] },
      },
      { test: { ...common, name: 'modules', include: [MODULES], exclude: APART, isolate: false } },
    ],
  },
});
