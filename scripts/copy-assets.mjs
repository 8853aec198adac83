// Copies what the compiler does not emit but the built program reads at run time, and keeps the paths alike:
// dist/ mirrors the source tree, so `new URL('./x', import.meta.url)` finds the same file in both.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
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
