import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';

/** The report page in a real browser, where one is installed: what it says, how it moves, and whether everybody can use it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-report-'));
const trace = join(folder, 'run.r386');
const found = spawnSync('which', ['chromium', 'chromium-browser', 'google-chrome'], { encoding: 'utf8' });
const [executablePath] = found.stdout.split('\n');
let browser: Browser | undefined;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: trace });
  await runCli('report', trace);
  if (executablePath) browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

async function open(
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; errors: string[] }> {
  const page = await (browser as Browser).newPage(options);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) errors.push(`asks for ${request.url()}`);
  });
  await page.goto(`file://${join(folder, 'run.html')}`);
  return { page, errors };
}

const range = (page: Page) => page.locator('.range').textContent();

describe.skipIf(!executablePath)('in chromium', () => {
  it('tells the story, and asks for nothing', async () => {
    const { page, errors } = await open();
    await page.waitForSelector('.finding');
    expect(await page.locator('.verdict').textContent()).toMatch(/^2 errors, 9 warnings/);
    expect(await page.locator('.finding.error').first().textContent()).toMatch(
      /Interrupt hijack \(class 1\).*pmap_testbit.* sets the window/s,
    );
    expect(errors).toEqual([]);
  });

  it('goes to a finding, and moves by keys, wheel and drag', async () => {
    const { page, errors } = await open();
    await page.getByRole('button', { name: 'Show in the timeline: finding 1', exact: true }).click();
    const [, from, to] = /icount ([\d,]+) to ([\d,]+) of/.exec((await range(page)) ?? '') ?? [];
    const number = (text: string) => Number(text.replaceAll(',', ''));
    expect([number(from) < 22_711_807, number(to) > 22_712_557, number(to) - number(from) < 3000]).toEqual([
      true,
      true,
      true,
    ]);
    for (const key of ['w', 'd', 's', 'a']) {
      const before = await range(page);
      await page.keyboard.press(key);
      expect(await range(page), key).not.toBe(before);
    }
    await page.keyboard.press('0');
    const all = await range(page);
    expect(all).toMatch(/^icount 0 to ([\d,]+) of \1$/);
    const canvas = page.locator('canvas');
    const box = await canvas.boundingBox();
    if (!box) throw new Error('no canvas');
    await page.mouse.move(box.x + 600, box.y + 60);
    await page.mouse.wheel(0, -600);
    await expect.poll(() => range(page)).not.toBe(all);
    const zoomed = await range(page);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => range(page)).not.toBe(zoomed);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.about').textContent()).toMatch(/^process: .+\nicount /);
    expect(errors).toEqual([]);
  });

  it.each([
    { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
    { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
    { colorScheme: 'light', viewport: { width: 390, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 390, height: 800 } },
  ] as const)('axe finds nothing: $colorScheme, $viewport.width pixels', async (options) => {
    const { page } = await open({ ...options, bypassCSP: true });
    await page.waitForSelector('.finding');
    await page.addScriptTag({
      content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    });
    const violations = await page.evaluate(async () => {
      const axe = (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe;
      return (await axe.run()).violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
    });
    expect(violations).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(wide, 'scrolls sideways').toBe(false);
  });
});
