import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { runGuest } from '../guest/built-in.ts';
import { expectAccessible } from './accessible.ts';

/** A minute when idle: a recording, a page, and Chromium. The report page in a real browser, where one is installed: what it says, how it moves, and whether everybody can use it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-report-'));
const trace = join(folder, 'run.r386');
const found = spawnSync('which', ['chromium', 'chromium-browser', 'google-chrome'], { encoding: 'utf8' });
const [executablePath] = found.stdout.split('\n');
let browser: Browser | undefined;
/** Tests share a page, unless they need another: it takes seconds to load. */
let shared: ReturnType<typeof open> | undefined;

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

/** The shared page, at its start and the whole run in view. */
async function openShared(): ReturnType<typeof open> {
  shared ??= open();
  const { page, errors } = await shared;
  await page.waitForSelector('.finding');
  await page.locator('.timeline canvas').focus();
  await page.keyboard.press('0');
  return { page, errors };
}

const range = (page: Page) => page.locator('.range').textContent();

describe.skipIf(!executablePath)('in chromium', () => {
  it('tells the story, and asks for nothing', async () => {
    const { page, errors } = await openShared();
    await page.waitForSelector('.finding');
    expect(await page.locator('.verdict').textContent()).toMatch(/^2 errors, 9 warnings/);
    expect(await page.locator('.finding.error').first().textContent()).toMatch(
      /Interrupt hijack \(class 1\).*pmap_testbit.* sets the window/s,
    );
    expect(errors).toEqual([]);
  });

  it('goes to a finding, and moves by keys, wheel and drag', async () => {
    const { page, errors } = await openShared();
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
    const canvas = page.locator('.timeline canvas');
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
    expect(await page.locator('.about').textContent()).toMatch(/^process: .+icount [\d,]+/);
    expect(errors).toEqual([]);
  });

  it('tells the story backwards, and leads from each step into the timeline', async () => {
    const { page } = await openShared();
    const steps = page.locator('.story li');
    expect(await steps.first().textContent()).toMatch(/panic: pmap_enter.*rewind386 debug/);
    await page.getByRole('button', { name: 'Show icount 22,712,123 in the timeline' }).click();
    expect(await range(page)).toMatch(/^icount 22,71[12],\d{3} to 22,712,\d{3} of/);
  });

  it('goes down to one instruction, with its source line and stack, and from an event to its causes', async () => {
    const { page, errors } = await openShared();
    await page.getByRole('button', { name: 'Show in the timeline: finding 1', exact: true }).click();
    const about = page.locator('.about');
    const canvas = page.locator('.timeline canvas');
    await canvas.focus();
    // Tracks in order; the first events of the view are chosen.
    const choose = async (track: string) => {
      for (let n = 0; n < 20; n++) {
        await page.keyboard.press('ArrowDown');
        if ((await about.locator('.title').textContent())?.startsWith(track)) return;
      }
      throw new Error(`no track ${track}`);
    };
    await choose('instructions');
    expect(await about.textContent()).toMatch(/pmap\.c:\d+.*Stack: \d+ frames.*vm_fork/s);
    await choose('page-table writes');
    // The hijacking store to the slot of the alternate map, made inside the handler.
    // The directory is adopted first, entry by entry.
    for (let n = 0; n < 80; n++) {
      if (/PDE of ffc00000: 005c7000/.test((await about.textContent()) ?? '')) break;
      await page.keyboard.press('ArrowRight');
    }
    expect(await about.textContent()).toMatch(/PDE of ffc00000: 005c7000.*pmap_testbit/s);
    const cause = about.getByRole('button', {
      name: /inside IRQ 14 \(intr14\), which interrupted pmap_enter\+0x10e/,
    });
    await cause.click();
    expect(await about.locator('.title').textContent()).toBe('interrupts: IRQ 14 intr14');
    await page.keyboard.press('Escape');
    for (let n = 0; n < 20; n++) await page.keyboard.press('w');
    expect(await range(page)).toMatch(/^icount ([\d,]+) to ([\d,]+) of/);
    const [, from, to] = /icount ([\d,]+) to ([\d,]+)/.exec((await range(page)) ?? '') ?? [];
    expect(Number(to.replaceAll(',', '')) - Number(from.replaceAll(',', ''))).toBe(1);
    expect(errors).toEqual([]);
  });

  it('shows each instruction of the hijack in two lanes', async () => {
    const { page } = await openShared();
    await page.locator('#finding-1 summary').click();
    const rows = page.locator('#finding-1 .each tbody tr');
    await expect.poll(() => rows.count()).toBeGreaterThan(750);
    const used = rows.filter({ hasText: '22,712,557' });
    expect(await used.locator('td').nth(1).textContent()).toMatch(/pmap_enter\+0x15d.*mov %ebx,\(%eax\)/);
    const switched = rows.filter({ hasText: '22,712,123' });
    expect(await switched.locator('td').nth(3).textContent()).toMatch(/pmap_testbit\+0x4f/);
    expect(await switched.locator('td').nth(2).textContent()).toMatch(/005c7000/);
  });

  it('maps an address space, and tells by what it differs from another instant', async () => {
    const { page, errors } = await openShared();
    const tables = page.locator('.page-tables');
    expect(await tables.textContent()).toMatch(/other frame.*005c8000 rw kernel.*005f6000 rw kernel/s);
    await tables.getByRole('spinbutton', { name: 'icount', exact: true }).fill('9000000');
    await page.keyboard.press('Tab');
    await expect.poll(() => tables.locator('option').count()).toBeGreaterThan(3);
    expect(await tables.textContent()).toMatch(/pages in \d+ regions/);
    expect(errors).toEqual([]);
  });

  it('asks the editor that shows it for the debugger', async () => {
    const page = await (browser as Browser).newPage();
    await page.addInitScript(() => {
      const asked: unknown[] = [];
      Object.assign(globalThis, {
        asked,
        acquireVsCodeApi: () => ({ postMessage: (message: unknown) => asked.push(message) }),
      });
    });
    await page.goto(`file://${join(folder, 'run.html')}`);
    await page.getByRole('button', { name: 'Debug at icount 22,712,557' }).first().click();
    expect(await page.evaluate(() => (globalThis as unknown as { asked: unknown[] }).asked)).toEqual([
      { debugAt: 22_712_557 },
    ]);
  });

  it('has no instructions with --no-replay, and all else', async () => {
    const other = join(folder, 'no-replay.html');
    await runCli('report', trace, '--no-replay', '-o', other);
    const { page } = await open();
    await page.goto(`file://${other}`);
    expect(await page.locator('.finding').count()).toBe(11);
    expect(await page.locator('.finding summary').count()).toBe(0);
  });

  it('axe finds nothing, light and dark, on a screen and on a telephone', async () => {
    const { page } = await open({ bypassCSP: true });
    await page.waitForSelector('.finding');
    await expectAccessible(page);
  });
});
