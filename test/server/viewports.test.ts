import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { Viewports } from '../../analysis/server/viewports.ts';
import type { Viewport } from '../../analysis/web/serve-data.ts';
import { type MadeEvent, madeTrace } from '../sql/made-trace.ts';

/** Views of the timeline: whatever is shown, as much as a screen has room for, and nothing miscounted. */

const folder = mkdtempSync(join(tmpdir(), 'r386-views-'));
const trace = join(folder, 'run.r386');
/** A burst of loads of CR3, one every 10 instructions, in a long run: 2^25 instructions. */
const LOADS = 4000;
const FIRST = 10_000_000;
const END = 2 ** 25;
let views: Viewports;

beforeAll(() => {
  const loads = Array.from(
    { length: LOADS },
    (_, n): MadeEvent => ({
      kind: 'control_writes',
      reg: 'cr3',
      icount: FIRST + 10 * n,
      new: 0x1000 * (1 + (n % 3)),
    }),
  );
  // Interrupts of 1 instruction, but for one of 1,000.
  const interrupts = Array.from({ length: 3000 }, (_, n): MadeEvent[] => {
    const at = FIRST + 1_000_000 + 2000 * n;
    const frame = { kind: 'interrupts' as const, id: n + 1, vector: 0x2e, irq: 14 };
    return [
      { ...frame, op: 'deliver', icount: at, seq: LOADS + 2 * n },
      { ...frame, op: 'iret', icount: at + (n === 1234 ? 1000 : 1), seq: LOADS + 2 * n + 1 },
    ];
  }).flat();
  const last: MadeEvent = { kind: 'control_writes', reg: 'cr0', icount: END - 1000, seq: LOADS + 6000 };
  madeTrace(trace, {}, [...loads, ...interrupts, last]);
  views = new Viewports({
    files: [trace],
    openDatabase: (files, options) => TraceDatabase.open(files, options),
  });
});
afterAll(async () => {
  await views.close();
  rmSync(folder, { recursive: true });
});

async function view(from: number | string, to: number | string): Promise<Viewport> {
  const route = new Map(views.routes()).get('GET view');
  const query = new URLSearchParams({ run: '0', from: String(from), to: String(to) });
  const signal = new AbortController().signal;
  const reply = await route?.({ query, body: undefined, nonce: '', signal });
  return JSON.parse(String(reply?.body)) as Viewport;
}

const counted = ({ events }: Viewport, track: string): readonly number[] =>
  events.find((one) => one.track === track)?.counts ?? [];
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

describe('a view', () => {
  it.each([
    ['the whole run', 0, END],
    ['a part of it', FIRST - 500_000, FIRST + 500_000],
    ['less than levels are kept for', FIRST - 1000, FIRST + 10 * LOADS],
  ])('of %s counts every event once, in parts that a screen can show', async (_, from, to) => {
    const shown = await view(from, to);
    const counts = counted(shown, 'CR3 loads');
    expect(sum(counts)).toBe(LOADS);
    expect(counts.length).toBeGreaterThan(500);
    expect(counts.length).toBeLessThan(2100);
    // Each lies where it happened.
    const at = shown.first + shown.part * counts.findIndex((n) => n > 0);
    expect([at <= FIRST, FIRST < at + shown.part]).toEqual([true, true]);
  });

  it('of a few instructions has single events', async () => {
    const { part, first, events } = await view(FIRST, FIRST + 100);
    expect([part, first, events]).toEqual([
      1,
      FIRST,
      [{ track: 'CR3 loads', counts: Array.from({ length: 100 }, (_, n) => (n % 10 === 0 ? 1 : 0)) }],
    ]);
  });

  it('has the longest stretch of each part, and all of them where there is room', async () => {
    const interrupts = async (from: number, to: number) =>
      (await view(from, to)).slices.find(({ track }) => track === 'interrupts')?.slices ?? [];
    const whole = await interrupts(0, END);
    expect(whole.length).toBeGreaterThan(50);
    expect(whole.length).toBeLessThan(2100);
    const longest = FIRST + 1_000_000 + 2000 * 1234;
    expect(whole.filter(({ from, to }) => to - from === 1000).map(({ from }) => from)).toEqual([longest]);
    const near = await interrupts(longest - 10_000, longest + 10_000);
    expect(near.map(({ from }) => from)).toEqual(
      Array.from({ length: 10 }, (_, n) => longest + 2000 * (n - 5)),
    );
    // One that began before the view, too.
    expect((await interrupts(longest + 500, longest + 600)).map(({ from }) => from)).toEqual([longest]);
  });

  it.each([
    ['5', '5'],
    ['7', '5'],
    ['-1', '5'],
    ['x', '5'],
    ['0', '1e300'],
  ])('from %s to %s is refused', async (from, to) => {
    await expect(view(from, to)).rejects.toThrow('a view begins at an icount and ends at a later one');
  });
});

it('comes from the cache the next time', async () => {
  const made: string[] = [];
  const again = new Viewports({
    files: [trace],
    openDatabase: (files, options) =>
      TraceDatabase.open(files, { ...options, onLoad: (table) => made.push(table) }),
  });
  const route = new Map(again.routes()).get('GET view');
  const query = new URLSearchParams({ run: '0', from: '0', to: String(END) });
  await route?.({ query, body: undefined, nonce: '', signal: new AbortController().signal });
  await again.close();
  expect(made).toEqual([]);
});
