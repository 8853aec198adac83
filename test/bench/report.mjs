// The report page of a trace of many events: the time to make it, first and with tables kept, and how it opens and zooms in Chromium.
// EVENTS=100000000 npm run bench -- report     (default: 10 million)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { fixed, grouped, runScript, table } from './measure.mjs';

const events = Number(process.env.EVENTS ?? 10e6);
const folder = mkdtempSync(join(tmpdir(), 'r386-bench-'));
const file = join(folder, 'run.r386');
const page = join(folder, 'run.html');
process.env.XDG_CACHE_HOME = join(folder, 'cache');
const tool = join(import.meta.dirname, '../../bin/rewind386.js');
/** Frames of one measurement: from the whole run to single instructions and back. */
const FRAMES = 240;

/** Seconds that the tool takes. */
function make() {
  const begin = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, [tool, 'report', file, '--force', '--no-replay'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return Number(process.hrtime.bigint() - begin) / 1e9;
}

/** Opens the page; seconds until the timeline is drawn, and milliseconds of each frame while it zooms. */
async function look(executablePath) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const begin = process.hrtime.bigint();
    await tab.goto(pathToFileURL(page).href);
    await tab.waitForSelector('.timeline canvas');
    await tab.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
    const opened = Number(process.hrtime.bigint() - begin) / 1e9;
    const box = await tab.locator('.timeline canvas').boundingBox();
    const frames = await tab.evaluate(zoom, { frames: FRAMES, x: box.x + box.width * 0.4, y: box.y + 80 });
    return { opened, frames };
  } finally {
    await browser.close();
  }
}

/** In the page: turns the wheel once a frame, in and out again; the time from each frame to the next. */
async function zoom({ frames, x, y }) {
  const canvas = document.querySelector('.timeline canvas');
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let n = 0; n < frames; n++) {
    const deltaY = n < frames / 2 ? -80 : 80;
    canvas.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: x, clientY: y, cancelable: true }));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}

try {
  runScript(join(import.meta.dirname, 'make-report-events.mjs'), [file, String(events)]);
  const [first, cached] = [make(), make()];
  const rows = [
    ['page made, first', `${fixed(first)} s`],
    ['page made, tables kept', `${fixed(cached)} s`],
    ['page', `${grouped(statSync(page).size / 1e3)} KB`],
  ];
  const executablePath = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();
  if (executablePath) {
    const { opened, frames } = await look(executablePath);
    const sorted = [...frames].sort((a, b) => a - b);
    const mean = frames.reduce((sum, time) => sum + time, 0) / frames.length;
    rows.push(['opens in', `${fixed(opened)} s`]);
    rows.push(['frames a second, zooming', fixed(1000 / mean)]);
    rows.push(['slowest of 100 frames', `${fixed(sorted[Math.floor(frames.length * 0.99)])} ms`]);
  } else rows.push(['in Chromium', 'not installed']);
  console.log(`${grouped(events)} events\n`);
  table(['report', 'value'], rows);
} finally {
  rmSync(folder, { recursive: true });
}
