import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceDatabase } from '../../analysis/db/trace-database.ts';
import { APTD_OP, CONTROL_REGISTER, INTERRUPT_OP, STACK_SWITCH_REASON } from '../../schemas/events.ts';
import { type MadeEvent, madeTrace } from './made-trace.ts';

/** Findings of a kernel that has nothing to do: FreeBSD 2 idles under whatever directory is loaded. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
let number = 0;

async function ask(events: readonly MadeEvent[], sql: string) {
  const profile = { recursiveSlot: 959, alternateSlot: 1023 };
  const db = await TraceDatabase.open([madeTrace(join(folder, `${number++}.r386`), profile, events)], {
    cache: false,
  });
  try {
    return (await db.query(sql)).getRowsJson();
  } finally {
    db.close();
  }
}

const HOME = 0x10000;
const MINE = 0x20001;
const OTHER = 0x30001;
const AWAY = 0x40000;

const set = (new_: number, more: Partial<MadeEvent> = {}): MadeEvent =>
  ({ kind: 'aptd_switches', op: APTD_OP.indexOf('write'), cr3: HOME, new: new_, ...more }) as MadeEvent;
const load = (from: number, to: number): MadeEvent => ({
  ...{ kind: 'control_writes', reg: CONTROL_REGISTER.indexOf('cr3'), cr3: from, old: from, new: to },
});
const stack = (more: Partial<MadeEvent>): MadeEvent =>
  ({ kind: 'stack_switches', reason: STACK_SWITCH_REASON.indexOf('load'), cr3: HOME, ...more }) as MadeEvent;
const interrupt = (op: string): MadeEvent => ({
  ...{
    kind: 'interrupts',
    op: INTERRUPT_OP.indexOf(op as 'iret'),
    id: 1,
    irq: 14,
    vector: 46,
    cr3: HOME,
    depth: 0,
  },
});
/** A handler that leaves another directory in the slot. */
const HANDLER = [interrupt('deliver'), set(OTHER, { frame_id: 1, depth: 1 }), interrupt('iret')];

describe('latent-hijack', () => {
  const found = async (...before: MadeEvent[]) =>
    (await ask([...before, ...HANDLER], 'SELECT interrupt_id FROM latent_hijack')).length;

  it('finds the handler that changed the slot of code that was still at it', async () => {
    expect(await found(set(MINE))).toBe(1);
  });

  it('is silent when that code has left, by its stack or its directory', async () => {
    expect(await found(set(MINE), stack({ old_esp: 0x1000, new_esp: 0x9000 }))).toBe(0);
    // The idle loop's stack is the same page in both directories: nothing but CR3 tells.
    expect(await found(set(MINE), load(HOME, AWAY), load(AWAY, HOME))).toBe(0);
  });

  it('is not misled by a load of CR3 before, or of the value that it has', async () => {
    expect(await found(load(AWAY, HOME), set(MINE))).toBe(1);
    expect(await found(set(MINE), load(HOME, HOME))).toBe(1);
  });
});

describe('directory_owners', () => {
  const seen = (cr3: number, proc: number, pid: number): MadeEvent => ({
    ...{ kind: 'contexts', cr3, proc, pid, comm0: proc === 0 ? 0 : 0x6873 },
  });
  const owners = async (...events: MadeEvent[]) =>
    ask(events, 'SELECT hex32(dir), process_text(pid, comm) FROM directory_owners ORDER BY dir, from_icount');

  it('calls the one directory idle that runs while there is no process', async () => {
    expect(await owners(seen(HOME, 0, 0), seen(AWAY, 0xf0001000, 5))).toEqual([
      ['00010000', 'idle'],
      ['00040000', 'sh[5]'],
    ]);
  });

  it('none where the kernel clears its pointer before each load of CR3', async () => {
    expect(await owners(seen(HOME, 0, 0), seen(AWAY, 0, 0))).toEqual([]);
    expect(
      await owners(seen(HOME, 0, 0), seen(HOME, 0xf0001000, 5), seen(AWAY, 0, 0), seen(HOME, 0, 0)),
    ).toEqual([['00010000', 'sh[5]']]);
  });
});
