import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runGuest } from '../guest/built-in.ts';
import { expectAccessible } from './accessible.ts';

/** The live page in a real browser, where one is installed (half a minute): SQL, its answers, what is kept, and whether everybody can use it. */

const folder = mkdtempSync(join(tmpdir(), 'r386-live-'));
/** A name that would be markup. */
const trace = join(folder, '<img src=x onerror=alert(1)>.r386');
const found = spawnSync('which', ['chromium', 'chromium-browser', 'google-chrome'], { encoding: 'utf8' });
const [executablePath] = found.stdout.split('\n');
/** Longer than a loaded machine takes for the facts of a page. */
const FACTS_MS = 180_000;
const servers: ChildProcess[] = [];
let browser: Browser | undefined;
let server: ChildProcess;
let url: string;
/** Tests share a page, unless they need another: it takes seconds to load. */
let shared: ReturnType<typeof open> | undefined;

const bin = resolve(import.meta.dirname, '../../bin/rewind386.js');

function begin(...files: readonly string[]): Promise<{ server: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [bin, 'serve', ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  return new Promise((done, failed) => {
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text;
      const address = /http:\S+/.exec(said)?.[0];
      if (address) done({ server: child, url: address });
    });
    child.on('exit', () => failed(new Error(said)));
  });
}

/** Ctrl-C: the exit status of a server, or the signal that it died of. */
function endOf(server: ChildProcess): Promise<readonly [number | null, string | null]> {
  const ended = new Promise<readonly [number | null, string | null]>((done) =>
    server.on('exit', (status, signal) => done([status, signal])),
  );
  server.kill('SIGINT');
  return ended;
}

beforeAll(async () => {
  const plain = join(folder, 'run.r386');
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: plain });
  copyFileSync(plain, trace);
  ({ server, url } = await begin(trace));
  if (executablePath) browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}, 120_000);
afterEach(async () => {
  const { page, errors } = (await shared) ?? {};
  const kept = page?.context();
  // Those that the test asked for.
  errors?.splice(0);
  for (const context of browser?.contexts() ?? []) if (context !== kept) await context.close();
});
afterAll(async () => {
  await browser?.close();
  expect(await endOf(server)).toEqual([0, null]);
  for (const one of servers) one.kill();
  rmSync(folder, { recursive: true });
});

async function open(
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; errors: string[] }> {
  const page = await (browser as Browser).newPage(options);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/^Applying inline style/.test(message.text()))
      errors.push(message.text());
  });
  // Chromium itself styles text that is put into an editor as a paste is; whatever else is refused is ours.
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ target, violatedDirective, sample }) => {
      if (!(target instanceof Element && target.closest('.cm-content')))
        setTimeout(() => Promise.reject(new Error(`policy: ${violatedDirective} ${sample}`)));
    }),
  );
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:'))
      errors.push(`asks for ${request.url()}`);
  });
  await page.goto(url);
  // Facts of a trace are made when they are first asked for.
  await page.waitForSelector('.finding', { timeout: FACTS_MS });
  await page.waitForSelector('.cm-content');
  return { page, errors };
}

/** The shared page, the whole run in view. */
async function openShared(): ReturnType<typeof open> {
  shared ??= open();
  const { page, errors } = await shared;
  await page.locator('.timeline canvas').focus();
  await page.keyboard.press('0');
  return { page, errors };
}

/** Writes SQL and runs it, by the keyboard alone. */
async function ask(page: Page, sql: string): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}

const range = (page: Page) => page.locator('.range').first().textContent();
const rows = (page: Page) => page.locator('.results .rows .row');
const status = (page: Page) => page.locator('.console [role=status]').textContent();

describe.skipIf(!executablePath)('in chromium', () => {
  it('shows nothing without the token', async () => {
    const page = await (browser as Browser).newPage();
    const refused = await page.goto(url.replace(/\/[^/]+\/$/, `/${'x'.repeat(43)}/`));
    expect(refused?.status()).toBe(403);
    expect(await page.locator('body').textContent()).toMatch(/^rewind386: open the address/);
  });

  it('shows names of files as text, and the story', async () => {
    const { page, errors } = await openShared();
    expect(await page.locator('h1').textContent()).toBe(trace);
    expect(await page.locator('h1 img').count()).toBe(0);
    expect(await page.locator('.verdict').textContent()).toMatch(/^2 errors, 9 warnings/);
    expect(errors).toEqual([]);
  });

  it('answers SQL, and its icounts lead into the timeline, by the keyboard alone', async () => {
    const { page, errors } = await openShared();
    const all = await range(page);
    await ask(page, 'SELECT icount, irq FROM interrupts WHERE irq = 14 ORDER BY icount');
    await expect.poll(() => status(page)).toMatch(/^[\d,]+ rows, [\d,]+ ms$/);
    // From the editor over Run and the forms of the answer to the answer.
    for (let n = 0; n < 12 && !(await page.locator('.results:focus').count()); n++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    const cell = await page.locator('.results .active').textContent();
    await page.keyboard.press('Enter');
    expect(await range(page)).not.toBe(all);
    expect(await page.locator('.pin.cursor').textContent()).toBe(Number(cell).toLocaleString('en-US'));
    expect(await page.locator('.timeline canvas:focus').count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it('asks for what is in view, as fine as the screen shows it', async () => {
    const { page, errors } = await openShared();
    const view = page.waitForResponse((response) => response.url().includes('/view?run=0&'));
    await page.getByRole('textbox', { name: 'Icount' }).fill('7300000');
    await page.keyboard.press('Enter');
    const { part, slices } = await (await view).json();
    expect(part).toBeLessThan(256);
    expect(slices.map(({ track }: { track: string }) => track)).toContain('process');
    expect(errors).toEqual([]);
  });

  it('says in one line what is wrong with SQL, and marks the place', async () => {
    const { page } = await openShared();
    await ask(page, 'SELECT icount,\n  nonsense FROM interrupts');
    const alert = page.locator('.answer [role=alert]');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^SQL error at line 2, column 3: Binder Error: .*"nonsense"/);
    expect(await page.locator('.cm-lintRange-error').textContent()).toBe('nonsense');
    await ask(page, 'SELECT 1');
    await expect.poll(() => status(page)).toMatch(/^1 row,/);
    expect(await page.locator('.cm-lintRange-error').count()).toBe(0);
  });

  it('stops a question that takes too long', async () => {
    const { page } = await openShared();
    await ask(page, 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b');
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => status(page)).toBe('stopped');
    await ask(page, 'SELECT 1');
    await expect.poll(() => status(page)).toMatch(/^1 row,/);
  });

  it('completes tables, columns, functions and symbols', async () => {
    const { page } = await openShared();
    const first = async (sql: string, typed: string) => {
      await ask(page, sql);
      await page.keyboard.type(typed);
      const option = page.locator('.cm-tooltip-autocomplete li[aria-selected]');
      await option.waitFor();
      const text = await option.textContent();
      await page.keyboard.press('Escape');
      return text;
    };
    expect(await first('SELECT * FROM ', 'paging_wri')).toMatch(/paging_writes/);
    expect(await first('SELECT * FROM interrupts WHERE ', 'iret_ic')).toMatch(/iret_icount/);
    expect(await first('SELECT ', 'interrupt_te')).toMatch(/interrupt_text.*\(irq, vector, source\)/);
    expect(await first('SELECT ', 'pmap_testb')).toMatch(/pmap_testbit.*0x[0-9a-f]{8}/);
  });

  it('has the selection as current_range', async () => {
    const { page, errors } = await openShared();
    const count = async () => {
      await ask(page, 'SELECT to_icount - from_icount AS n FROM current_range');
      await expect.poll(() => status(page)).toMatch(/^1 row,/);
      return Number(await rows(page).first().textContent());
    };
    const whole = await count();
    await page.locator('.timeline canvas').focus();
    for (const key of ['w', 'w', 'r']) await page.keyboard.press(key);
    const part = await count();
    expect([part > 0, part < whole / 2]).toEqual([true, true]);
    const box = await page.locator('.timeline canvas').boundingBox();
    if (!box) throw new Error('no canvas');
    await page.locator('.timeline canvas').scrollIntoViewIfNeeded();
    const y = ((await page.locator('.timeline canvas').boundingBox())?.y ?? 0) + 60;
    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + 300, y);
    await page.mouse.down();
    await page.mouse.move(box.x + 400, y, { steps: 3 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    const dragged = await count();
    expect([dragged > 0, dragged < part / 5]).toEqual([true, true]);
    await page.getByRole('button', { name: 'Clear the selection' }).click();
    expect(await count()).toBe(whole);
    expect(errors).toEqual([]);
  });

  it('shows many rows, sorts them, draws them, and gives them as a file', async () => {
    const { page, errors } = await openShared();
    await ask(page, 'SELECT range AS n, (range * 7919) % 50000 AS mixed FROM range(50000)');
    await expect.poll(() => status(page)).toMatch(/^50,000 rows/);
    expect(await rows(page).count()).toBeLessThan(80);
    await page.locator('.results').focus();
    await page.keyboard.press('Control+End');
    await expect.poll(() => rows(page).last().textContent()).toBe('4999942081');
    // A click while the table still scrolls.
    await page.getByRole('columnheader', { name: 'mixed' }).hover();
    await page.mouse.down();
    const scrolled = rows(page).first();
    const before = await scrolled.textContent();
    await page.locator('.results').evaluate((table) => table.scrollTo(0, 20_000));
    await expect.poll(() => scrolled.textContent()).not.toBe(before);
    await page.mouse.up();
    await page.locator('.results').focus();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('[aria-sort=ascending]').textContent()).toBe('mixed ▲');
    await expect.poll(() => page.locator('#cell-1-1').textContent()).toBe('1');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download as CSV' }).click();
    const csv = readFileSync(await (await download).path(), 'utf8');
    expect(csv.split('\n').slice(0, 2)).toEqual(['n,mixed', '0,0']);
    await page.getByRole('button', { name: 'Chart' }).click();
    expect(await page.locator('.plot').getAttribute('aria-label')).toBe('Chart of mixed by n, 50000 points');
    expect(await page.locator('.plot canvas').count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it('keeps queries and bookmarks beside the trace', async () => {
    const { page } = await openShared();
    await ask(page, 'SELECT 42');
    await page.getByRole('textbox', { name: 'Name of the query' }).fill('the answer');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Icount' }).fill('22,712,557');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Bookmark', exact: true }).click();
    await page.keyboard.type('the store');
    await page.keyboard.press('Enter');
    await page.locator('.bookmarks li').waitFor();
    expect(readdirSync(`${trace}.notes`).sort()).toEqual(['bookmarks.json', 'the answer.sql']);
    const { page: later } = await open();
    await later.getByRole('button', { name: 'the answer', exact: true }).click();
    expect(await later.locator('.cm-content').textContent()).toBe('SELECT 42');
    await later.getByRole('button', { name: 'the store: icount 22,712,557' }).click();
    expect(await later.locator('.pin.cursor').textContent()).toBe('22,712,557');
    for (const name of ['query the answer', 'bookmark the store'])
      await later.getByRole('button', { name: `Delete the ${name}` }).click();
    await expect.poll(() => later.locator('.bookmarks li, .saved li').count()).toBe(0);
    expect(existsSync(join(`${trace}.notes`, 'the answer.sql'))).toBe(false);
  });

  it('starts a debugger at the cursor', async () => {
    const { page } = await openShared();
    await page.getByRole('textbox', { name: 'Icount' }).fill('300000');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Debug here' }).click();
    const command = await page.locator('.debuggers code').textContent({ timeout: 60_000 });
    const script = readFileSync(/^gdb -x (\S+)$/.exec(command ?? '')?.[1] ?? '', 'utf8');
    const [, port] = /target (?:extended-)?remote 127\.0\.0\.1:(\d+)/.exec(script) ?? [];
    // Where a processor is, as gdb asks for it: 'g', checksum 67.
    const reply = await new Promise<string>((done, failed) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('$g#67'));
      socket.on('error', failed);
      let said = '';
      socket.on('data', (text) => {
        said += text;
        if (/#[0-9a-f]{2}$/.test(said)) socket.end(() => done(said));
      });
    });
    expect(reply).toMatch(/^\+\$[0-9a-f]{100,}#/);
    await page.getByRole('button', { name: 'End the gdb server at icount 300,000' }).click();
    await expect.poll(() => page.locator('.debuggers code').count()).toBe(0);
    await expect.poll(() => existsSync(/^gdb -x (\S+)$/.exec(command ?? '')?.[1] ?? '')).toBe(false);
  });

  it('executes the run again on request, and shows its instructions in the same place', async () => {
    const { page, errors } = await openShared();
    await page.locator('.timeline canvas').focus();
    await page.keyboard.press('w');
    const before = await range(page);
    expect(await page.locator('.finding details').count()).toBe(0);
    await page.getByRole('button', { name: 'Execute the run again' }).click();
    await page.locator('.finding details').first().waitFor({ timeout: FACTS_MS });
    expect(await range(page)).toBe(before);
    expect(await page.getByRole('button', { name: 'Execute the run again' }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('axe finds nothing, light and dark, on a screen and on a telephone', async () => {
    const { page } = await open({ bypassCSP: true });
    await expectAccessible(page, async () => {
      await ask(page, 'SELECT icount, irq, NULL AS nothing FROM interrupts');
      await rows(page).first().waitFor();
    });
    await page.getByRole('button', { name: 'Chart' }).click();
    await expectAccessible(page, async () => {
      await ask(page, 'SELECT nonsense');
      await page.locator('.answer [role=alert]').waitFor();
    });
  });

  it('shows two traces, and where they differ', async () => {
    const [first, other] = [join(folder, 'run.r386'), join(folder, 'other.r386')];
    await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 118, scale: 2, output: other });
    const two = await begin(first, other);
    const page = await (browser as Browser).newPage({ bypassCSP: true });
    await page.goto(two.url);
    await page.waitForSelector('.parting', { timeout: FACTS_MS });
    expect(await page.locator('.parting h2').textContent()).toBe(`${first} and ${other} differ`);
    const [, icount] = /at icount ([\d,]+)/.exec((await page.locator('.parting').textContent()) ?? '') ?? [];
    await page.getByRole('button', { name: 'Show in both' }).first().click();
    expect(await page.locator('.pin.difference').count()).toBe(2);
    expect(await page.locator('.pin.cursor').allTextContents()).toEqual([icount, icount]);
    const ranges = () => page.locator('.range').allTextContents();
    const stretch = (text: string) => text.replace(/ of .*/, '');
    await page.keyboard.press('s');
    const together = await ranges();
    expect(stretch(together[0])).toBe(stretch(together[1]));
    await page.getByRole('checkbox', { name: 'the timelines move together' }).uncheck();
    await page.locator('.timeline canvas').first().focus();
    await page.keyboard.press('w');
    const apart = await ranges();
    expect([apart[1], apart[0] === together[0]]).toEqual([together[1], false]);
    await expectAccessible(page);
    expect(await endOf(two.server)).toEqual([0, null]);
  });
});
