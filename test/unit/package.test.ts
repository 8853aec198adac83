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

it('joins the modules of every program, which then loads few files', () => {
  const programs = ['analysis', 'recorder']
    .flatMap(filesBelow)
    .filter((path) => /(?:cli\/main|-worker)\.ts$/.test(path))
    .map((path) => `dist/${path.replace(/\.ts$/, '.js')}`);
  expect(programs).toContain('dist/analysis/cli/main.js');
  expect(programs).toContain('dist/recorder/capture/writer-worker.js');
  const joined = [...packed].filter((path) => /^dist\/shared-code\/.*\.js$/.test(path));
  const known = new Set([...programs, ...joined]);
  for (const path of known) {
    const code = readFileSync(join(ROOT, path), 'utf8');
    const named = (pattern: RegExp) => [...code.matchAll(pattern)].map(([, name]) => join(path, '..', name));
    const imports = named(/^(?:import|export)\b[^;]*?["'](\.[^"']*)["'];/gm);
    expect(imports.filter((file) => !known.has(file))).toEqual([]);
    // A file beside a module is found from the module's place in dist/.
    const places = named(/new URL\("([^"]*)", import\.meta\.url\)/g);
    expect(places.filter((file) => !packed.has(file))).toEqual([]);
  }
});
