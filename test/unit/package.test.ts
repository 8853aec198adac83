import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';

/** The npm package: what messages name and debuggers show is in it. */

const ROOT = resolve(import.meta.dirname, '../..');
let packed: Set<string>;

beforeAll(() => {
  const json = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(json) as { files: { path: string }[] }[];
  packed = new Set(files.map(({ path }) => path));
}, 60_000);

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    return statSync(join(ROOT, path)).isDirectory() ? filesBelow(path) : [path];
  });
}

it('holds each page of the documentation that a source names', () => {
  const sources = ['analysis', 'recorder', 'replayer', 'schemas', 'bin'].flatMap(filesBelow);
  const named = sources
    .filter((path) => /\.(?:ts|js|sql|proto)$/.test(path))
    .flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(?<![\w/])docs\/[\w-]+\.md\b/g)].map(
        ([page]) => page,
      ),
    );
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((page) => !packed.has(page))).toEqual([]);
});

it('holds every source of the guest, whose lines gdb shows, and no object file', () => {
  const sources = ['boot', 'kernel', 'user'].flatMap((folder) => filesBelow(`recorder/guest/${folder}`));
  const written = sources.filter((path) => /\.[chS]$/.test(path));
  expect(written.length).toBeGreaterThan(40);
  expect(written.filter((path) => !packed.has(path))).toEqual([]);
  expect([...packed].filter((path) => /\.o$|\/obj\//.test(path))).toEqual([]);
});

it('holds the extension for VS Code', () => {
  expect([...packed]).toContain('dist/editors/rewind386.vsix');
});

it('holds no test and nothing larger than it must', () => {
  expect([...packed].filter((path) => /^(?:test|scripts|node_modules)\//.test(path))).toEqual([]);
  expect([...packed].filter((path) => path.endsWith('/disk.img') || path.endsWith('.events'))).toEqual([]);
});
