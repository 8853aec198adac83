import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pack } from '../web/packed.ts';
import type { PageData } from '../web/page-data.ts';
import { webAsset } from './web-assets.ts';

/** One page of HTML that needs nothing else: facts, style and script are in it, and it can load nothing from anywhere. */

const asset = (name: string) => readFileSync(webAsset(name), 'utf8');

export function reportPage(data: PageData): string {
  const [script, style] = [asset('report.js'), asset('report.css')];
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script)}'`,
    `style-src 'sha256-${sha256(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>rewind386 report</title>',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<noscript>This page needs JavaScript to draw its contents.</noscript>',
    `<script type="application/json" id="data">${inScript(JSON.stringify(pack(data)))}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** JSON that no parser of HTML takes for the end of a script, or for a comment. */
const inScript = (json: string): string =>
  json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
