// Bundles the browser code of analysis/web into dist/analysis/web: one script for a page that loads nothing.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/analysis/web');
mkdirSync(out, { recursive: true });
await build({
  input: join(root, 'analysis/web/report.ts'),
  platform: 'browser',
  output: { file: join(out, 'report.js'), format: 'iife', minify: true },
});
copyFileSync(join(root, 'analysis/web/report.css'), join(out, 'report.css'));
