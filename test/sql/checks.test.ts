import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runChecks } from '../../analysis/check/checks.ts';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import {
  IN_WINDOW,
  interrupt,
  iret,
  load,
  type MadeUpEvent,
  ONE,
  OTHER,
  recursiveEntry,
  slot,
  store,
  writeMadeUp,
} from './made-up-trace.ts';

/** Each numbered check fires on the shortest story of its class, and is silent on the same story told right. */

const folder = mkdtempSync(join(tmpdir(), 'r386-checks-'));
afterAll(() => rmSync(folder, { recursive: true }));

let traces = 0;

/** The classes of what is found, each once. */
async function classesOf(events: readonly MadeUpEvent[]): Promise<string[]> {
  const path = join(folder, `${++traces}.r386`);
  writeMadeUp(path, events);
  const db = await TraceDatabase.open([path], { cache: false });
  try {
    return [...new Set((await runChecks(db)).map(({ check }) => check.class))];
  } finally {
    db.close();
  }
}

const DIRECTORY = 0x1000;
const ELSEWHERE = 0x2000;
const stale = (fresh: number): MadeUpEvent => ({
  kind: 'tlb_events',
  op: 'stale_use',
  access: 'write',
  linear: 0x400000,
  used: 0x8067,
  fresh,
});
const fault = (cr2: number, cpl = 0): MadeUpEvent => ({
  kind: 'exceptions',
  vector: 14,
  cr2,
  cpl,
  handler: 1,
});

it.each<[string, string[], MadeUpEvent[]]>([
  [
    'a handler switches the map under its user',
    ['1'],
    [slot('write', ONE), interrupt, slot('write', OTHER, 1), iret, store(OTHER)],
  ],
  [
    'a handler puts it back',
    [],
    [slot('write', ONE), interrupt, slot('write', OTHER, 1), slot('write', ONE, 1), iret, store(ONE)],
  ],
  [
    'a handler leaves it changed, and nobody uses it',
    ['2'],
    [slot('write', ONE), interrupt, slot('write', OTHER, 1), iret],
  ],
  ['a handler looks only', [], [slot('write', ONE), interrupt, slot('check', ONE, 1), iret]],
  [
    'another process runs between the slot and its use',
    ['4'],
    [
      slot('write', ONE),
      load(DIRECTORY, ELSEWHERE),
      { ...load(ELSEWHERE, DIRECTORY), cr3: ELSEWHERE },
      store(ONE),
    ],
  ],
  [
    'the slot is looked at again',
    [],
    [
      slot('write', ONE),
      load(DIRECTORY, ELSEWHERE),
      { ...load(ELSEWHERE, DIRECTORY), cr3: ELSEWHERE },
      slot('check', ONE),
      store(ONE),
    ],
  ],
  ['the TLB has the old map', ['6'], [slot('write', ONE), slot('write', OTHER), store(OTHER, ONE)]],
  ['the TLB was flushed', [], [slot('write', ONE), slot('write', OTHER), store(OTHER)]],
  [
    'the directory in the slot ended',
    ['8'],
    [recursiveEntry(ONE, ONE | 3), slot('write', ONE), recursiveEntry(ONE, 0), store(ONE)],
  ],
  ['the directory in the slot lives', [], [recursiveEntry(ONE, ONE | 3), slot('write', ONE), store(ONE)]],
  ['a store by an entry that is gone', ['10'], [stale(0)]],
  ['a store by an entry that leads to another frame', ['10'], [stale(0x9067)]],
  ['a store by an entry that says the same', [], [stale(0x8067)]],
  ['the kernel faults in the window', ['17'], [slot('write', ONE), fault(IN_WINDOW)]],
  ['it faults elsewhere', [], [slot('write', ONE), fault(0x400000)]],
  ['a program faults there', [], [slot('write', ONE), fault(IN_WINDOW, 3)]],
])('%s: %j', async (_, classes, events) => {
  expect(await classesOf(events)).toEqual(classes);
});
