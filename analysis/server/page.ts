import { readFileSync } from 'node:fs';
import { webAsset } from '../report/web-assets.ts';
import type { Reply, Route } from './http-server.ts';

/** The page itself: a few lines of HTML, its script and its styles, all from this server. */

export const pageRoutes: readonly (readonly [string, Route])[] = [
  ['GET ', async ({ nonce }) => ({ type: 'text/html; charset=utf-8', body: shell(nonce) })],
  ['GET serve.js', async () => asset('serve.js', 'text/javascript')],
  ['GET serve.css', async () => asset('serve.css', 'text/css')],
  ['GET icon.svg', async () => asset('icon.svg', 'image/svg+xml')],
];

const asset = (name: string, type: string): Reply => ({
  type: `${type}; charset=utf-8`,
  body: readFileSync(webAsset(name)),
});

const shell = (nonce: string): string =>
  [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>rewind386 serve</title>',
    '<link rel="icon" href="icon.svg">',
    '<link rel="stylesheet" href="serve.css">',
    `<script type="module" src="serve.js" nonce="${nonce}"></script>`,
    '</head>',
    '<body>',
    '<noscript>This page needs JavaScript to draw the trace.</noscript>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
