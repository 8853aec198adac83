import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildMachine } from '../../recorder/machine/build.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { browserBundle } from '../replay/browser-bundle.ts';

/** The bundle of the replayer in a real browser, where one is installed. */

const TRACE = resolve(import.meta.dirname, '../golden/0.2.0-typed-and-injected.r386');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));

const browser = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);

it('verifies a golden trace as Node does', async (context) => {
  if (!browser) return context.skip(`none of ${BROWSERS.join(', ')} is installed`);
  const { code } = await browserBundle();
  const page = join(folder, 'page.html');
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><pre id="out"></pre>
<script>${code.replaceAll('</script', '<\\/script')}</script>
<script>
const trace = Uint8Array.from(atob('${readFileSync(TRACE).toString('base64')}'), (c) => c.charCodeAt(0));
rewind386.verifyTrace(trace).then(JSON.stringify, String).then((text) => {
  document.getElementById('out').textContent = text;
});
</script>`,
  );
  // Virtual time ends when the page waits for nothing any more.
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=10000000'];
  const { stdout } = spawnSync(
    browser,
    [...options, `--user-data-dir=${join(folder, 'profile')}`, '--dump-dom', `file://${page}`],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const [, said] = /<pre id="out">(.*?)<\/pre>/s.exec(stdout) ?? [];
  expect(JSON.parse(said ?? '')).toEqual(
    JSON.parse(JSON.stringify(await replay({ path: TRACE, build: buildMachine }))),
  );
});
