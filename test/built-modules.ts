import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'vitest/config';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = /^(analysis|host|recorder|replayer|schemas)\/.*\.ts$/;

/**
 * Suites get the modules that `npm run build` has made (test/build.ts) in place of their sources: Node loads them as they are, and
 * compute-bound tests take a fifth less time than by what Vite makes of the sources. Stack traces name files of dist/.
 */
export const builtModules: Plugin = {
  name: 'built-modules',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer?.startsWith(join(ROOT, 'test/')) || !source.startsWith('.')) return;
    const path = relative(ROOT, join(dirname(importer), source));
    if (!SOURCE.test(path)) return;
    const id = join(ROOT, 'dist', path.replace(/\.ts$/, '.js'));
    // Modules of the pages are built into them alone.
    if (existsSync(id)) return { id, external: true };
  },
};

/** The rest of a project of built modules. */
export const BUILT = {
  setupFiles: ['dist/host/install.js', 'test/tier.ts'],
  server: { deps: { external: [/\/dist\//] } },
};

/** A project that imports sources. */
export const SOURCES = { setupFiles: ['host/install.ts', 'test/tier.ts'] };
