// Makes the pictures of the report page in docs/ from a real run, in the system's Chromium: docs/report.png, docs/report-hijack.png.
// usage: npm run build && node scripts/report-pictures.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'r386-pictures-'));
const tool = (...args) =>
  execFileSync(process.execPath, [join(root, 'bin/rewind386.js'), ...args], { cwd: folder });
try {
  try {
    tool('record', '--kernel', 'buggy', '--workload', 'ftpd', '--seed', '117', '-q', '-o', 'buggy.r386');
  } catch (error) {
    // Status 1: the guest panics, as it should.
    if (error.status !== 1) throw error;
  }
  tool('report', 'buggy.r386');
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1000, height: 1200 }, colorScheme: 'light' });
  await page.goto(`file://${join(folder, 'buggy.html')}`);
  await page.waitForSelector('.finding');
  await page.getByRole('button', { name: 'Show in the timeline: finding 1', exact: true }).click();
  await page.waitForTimeout(300);
  // From the buttons above the timeline to the words below it, and no more.
  const above = await page.locator('.toolbar').first().boundingBox();
  const below = await page.locator('.about').boundingBox();
  const clip = { x: 0, y: above.y - 8, width: 1000, height: below.y + below.height + 8 - (above.y - 8) };
  await page.screenshot({ path: join(root, 'docs/report.png'), clip });
  await page
    .locator('.steps')
    .first()
    .screenshot({ path: join(root, 'docs/report-hijack.png') });
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}
