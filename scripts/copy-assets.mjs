// Copies what the compiler does not emit but the built program reads at run time, and keeps the paths alike:
// dist/ mirrors the source tree, so `new URL('./x', import.meta.url)` finds the same file in both.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const assets = [
  'schemas',
  'analysis/sql',
  'analysis/check',
  'analysis/bundle',
  'analysis/export',
  'recorder/guest/images',
  'recorder/guest/profile.json',
  'firmware',
];
/** SQL of which every file of a folder counts: one that is no more must not stay. */
const SQL = /\.sql$/;
const wanted = /\.(proto|sql|json|elf|debug|gz|img|bin)$/;

for (const asset of assets) {
  const from = join(root, asset);
  if (!existsSync(from)) continue;
  const to = join(root, 'dist', asset);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, {
    recursive: true,
    filter: (path) => !path.includes('.', path.lastIndexOf('/')) || wanted.test(path),
  });
}

for (const file of readdirSync(join(root, 'dist/analysis'), { recursive: true }).filter((name) =>
  SQL.test(name),
))
  if (!existsSync(join(root, 'analysis', file))) rmSync(join(root, 'dist/analysis', file));
