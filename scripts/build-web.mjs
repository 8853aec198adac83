// Bundles the browser code of analysis/web into dist/analysis/web: one script for a page that loads nothing, and what `serve` serves.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const web = (name) => join(root, 'analysis/web', name);
const out = join(root, 'dist/analysis/web');
mkdirSync(out, { recursive: true });

const bundle = (input, file, format) =>
  build({ input: web(input), platform: 'browser', output: { file: join(out, file), format, minify: true } });

await bundle('report.ts', 'report.js', 'iife');
copyFileSync(web('report.css'), join(out, 'report.css'));

const [served] = (await bundle('serve/main.ts', 'serve.js', 'es')).output;
const styles = [
  join(root, 'node_modules/uplot/dist/uPlot.min.css'),
  web('report.css'),
  web('serve/serve.css'),
];
writeFileSync(join(out, 'serve.css'), styles.map((path) => readFileSync(path, 'utf8')).join('\n'));
copyFileSync(web('serve/icon.svg'), join(out, 'icon.svg'));

// The licences of what is bundled go with it.
const packages = new Set(
  served.moduleIds.flatMap(
    (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replaceAll('\\', '/'))?.[0] ?? [],
  ),
);
const licences = [...packages].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
});
writeFileSync(join(out, 'serve-licences.txt'), licences.join(`\n${'-'.repeat(72)}\n\n`));
