import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Which layer may import which (docs/ARCHITECTURE.md): schemas <- recorder/machine <- {recorder/capture, replayer} <-
 * analysis. Capture and replayer never import each other.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  schemas: ['schemas'],
  'recorder/machine': ['schemas', 'recorder/machine'],
  'recorder/capture': ['schemas', 'recorder/machine', 'recorder/capture'],
  replayer: ['schemas', 'recorder/machine', 'replayer'],
  analysis: ['schemas', 'recorder/machine', 'recorder/capture', 'replayer', 'analysis'],
};

/** Within the replayer: what gdb and editors share knows of neither, and neither of the other. */
const NEVER_IMPORTS: Record<string, readonly string[]> = {
  'replayer/timeline': ['replayer/debug', 'replayer/gdb', 'replayer/dap', 'replayer/dwarf'],
  'replayer/dwarf': ['replayer/debug', 'replayer/gdb', 'replayer/dap', 'replayer/timeline'],
  'replayer/debug': ['replayer/gdb', 'replayer/dap'],
  'replayer/gdb': ['replayer/dap', 'replayer/dwarf'],
  'replayer/dap': ['replayer/gdb'],
};

const root = resolve(import.meta.dirname, '../..');
const layerOf = (path: string) => Object.keys(MAY_IMPORT).find((layer) => path.startsWith(`${layer}/`));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

function imports(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);
}

describe('import rules', () => {
  for (const [layer, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${layer} imports only ${allowed.join(', ')}`, () => {
      const broken = sources(layer).flatMap((path) =>
        imports(path)
          .filter((target) => target.startsWith('.'))
          .map((target) => relative(root, resolve(root, dirname(path), target)))
          .filter((target) => !allowed.includes(layerOf(target) ?? 'outside'))
          .map((target) => `${path} imports ${target}`),
      );
      expect(broken).toEqual([]);
    });
  }

  for (const [folder, others] of Object.entries(NEVER_IMPORTS)) {
    it(`${folder} imports nothing of ${others.join(', ')}`, () => {
      const broken = sources(folder).flatMap((path) =>
        imports(path)
          .map((target) => relative(root, resolve(root, dirname(path), target)))
          .filter((target) => others.some((other) => target.startsWith(`${other}/`)))
          .map((target) => `${path} imports ${target}`),
      );
      expect(broken).toEqual([]);
    });
  }

  it('the machine reaches no host clock, randomness, file or socket', () => {
    const forbidden = /\bDate\b|Math\.random|performance\.|from 'node:|process\.|setTimeout|crypto\./;
    const broken = sources('recorder/machine').filter((path) => {
      const code = readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      return forbidden.test(code);
    });
    expect(broken).toEqual([]);
  });
});
