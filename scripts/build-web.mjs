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

await bundle('serve/main.ts', 'serve.js', 'es');
const styles = [web('report.css'), web('serve/serve.css')];
writeFileSync(join(out, 'serve.css'), styles.map((path) => readFileSync(path, 'utf8')).join('\n'));
copyFileSync(web('serve/icon.svg'), join(out, 'icon.svg'));
