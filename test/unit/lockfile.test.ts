import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

/** `npm ci` installs what was tested, on any platform: each package by version and hash. */
const root = resolve(import.meta.dirname, '../..');

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const { '': _, ...locked } = packages;

it('has a SHA-512 for each package', () => {
  const without = Object.keys(locked).filter(
    (name) => !/^sha512-[\w+/]{86}==$/.test(locked[name].integrity ?? ''),
  );
  expect(without).toEqual([]);
});

it('has the packages of every platform, not only of the one that wrote it', () => {
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'])
    expect(Object.keys(locked)).toContain(`node_modules/@duckdb/node-bindings-${platform}`);
  const missing = Object.values(locked).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => !locked[`node_modules/${name}`]),
  );
  expect(missing).toEqual([]);
});

it('has exactly the versions that package.json asks for', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    expect([name, locked[`node_modules/${name}`]?.version]).toEqual([name, version]);
});
