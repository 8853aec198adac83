import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/builtin-guest.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import type { Position, Watch } from '../../recorder/machine/stops.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { Timeline } from '../../replayer/timeline/timeline.ts';
import { TraceReader } from '../../replayer/trace-reader.ts';
import { hashWordsHex, ladderRow } from '../../schemas/ladder.ts';
import { runGuest } from '../guest/built-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-timeline-'));
const file = join(folder, 'run.r386');
let reader: TraceReader;

beforeAll(async () => {
  await runGuest({ kernel: 'buggy', workload: 'ftpd', seed: 117, output: file });
  reader = TraceReader.open(file);
});

afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const newSession = () => new ForwardSession(reader, { build: buildMachine, builtinDisk });

const state = ({ machine }: { machine: ForwardSession['machine'] }) =>
  Object.entries(ladderRow(machine.icount, machine.hashes()).hashes).map(
    ([name, hash]) => `${name} ${hashWordsHex(hash)}`,
  );

/** The PTE through which the interrupted fork stores, by the alternate map, and where it does. */
const HIJACKED: Watch = {
  space: 'linear',
  first: 0xfffbfef8,
  last: 0xfffbfefb,
  reads: false,
  writes: true,
};
const HIJACK = 22_712_557;

describe('the timeline', () => {
  it('is the straight run at every icount it goes to, in whatever order', async () => {
    const timeline = new Timeline(newSession(), { spacing: 1 << 20 });
    const targets = [9_000_001, 3_123_457, 12_345_678, 9_000_000, 500, 12_345_677, 0, 8_999_999];
    const sorted = [...targets].sort((a, b) => a - b);
    const straight = newSession();
    const expected = new Map<number, string[]>();
    for (const icount of sorted) {
      straight.run(icount);
      expected.set(icount, state(straight));
    }
    for (const icount of targets) {
      await timeline.seek({ icount, deliveries: 0 });
      expect(timeline.position).toEqual({ icount, deliveries: 0 });
      expect(state(timeline)).toEqual(expected.get(icount));
    }
  });

  it('steps back over every boundary it stepped forward to: instructions, interrupts, exceptions, halts', async () => {
    const timeline = new Timeline(newSession());
    const windows = [22_711_840, 22_712_550, await haltIn(timeline, 2_000_000)];
    for (const from of windows) {
      await timeline.seek({ icount: from, deliveries: 0 });
      const forward: { position: Position; state: string[] }[] = [];
      for (let n = 0; n < 40; n++) {
        forward.push({ position: timeline.position, state: state(timeline) });
        timeline.stepForward();
      }
      for (const { position, state: before } of forward.reverse()) {
        expect(await timeline.stepBack()).toBe(true);
        expect(timeline.position).toEqual(position);
        expect(state(timeline)).toEqual(before);
      }
    }
  });

  it('passes deliveries and halted time in single steps', async () => {
    const timeline = new Timeline(newSession());
    await timeline.seek({ icount: 22_711_849, deliveries: 0 });
    const handlerOfIrq = timeline.machine.cpu.eip;
    timeline.stepForward();
    expect(timeline.position).toEqual({ icount: 22_711_849, deliveries: 1 });
    expect(timeline.machine.cpu.eip).not.toBe(handlerOfIrq);
    const halt = await haltIn(timeline, 2_000_000);
    await timeline.seek({ icount: halt, deliveries: 0 });
    timeline.stepForward();
    expect(timeline.machine.cpu.halted).toBe(true);
    timeline.stepForward();
    expect(timeline.position.icount).toBeGreaterThan(halt + 1);
    expect(timeline.position.deliveries).toBe(1);
    // The middle of halted time is a place to go to; the step before it is the HLT's.
    await timeline.seek({ icount: timeline.position.icount - 1, deliveries: 0 });
    await timeline.stepBack();
    expect(timeline.position).toEqual({ icount: halt + 1, deliveries: 0 });
    await timeline.stepBack();
    expect(timeline.position).toEqual({ icount: halt, deliveries: 0 });
  });

  it('runs back to the store that the finding names, and forward to it again', async () => {
    const timeline = new Timeline(newSession());
    await timeline.seek({ icount: timeline.end, deliveries: 0 });
    const watch = { breakpoints: [], watches: [HIJACKED] };
    const back = await timeline.continueBack(watch);
    expect(back).toMatchObject({ kind: 'hit', hit: { kind: 'write', position: { icount: HIJACK } } });
    expect(timeline.position).toEqual({ icount: HIJACK, deliveries: 0 });
    const store = timeline.machine.cpu.eip;
    const earlier = await timeline.continueBack(watch);
    expect(earlier.kind).toBe('hit');
    expect(timeline.position.icount).toBeLessThan(HIJACK);
    expect((await timeline.continueForward(watch)).kind).toBe('hit');
    expect((await timeline.continueForward(watch)).kind).toBe('hit');
    expect(timeline.position).toEqual({ icount: HIJACK + 1, deliveries: 0 });
    // A breakpoint there, from before and from after.
    const breakpoint = { breakpoints: [store], watches: [] };
    await timeline.continueBack(breakpoint);
    expect(timeline.position).toEqual({ icount: HIJACK, deliveries: 0 });
    await timeline.continueBack(breakpoint);
    expect(timeline.position.icount).toBeLessThan(HIJACK);
    expect(timeline.machine.cpu.eip).toBe(store);
    await timeline.continueForward(breakpoint);
    expect(timeline.position).toEqual({ icount: HIJACK, deliveries: 0 });
  });

  it('finds the same stops forward and backward, and changes nothing by looking', async () => {
    const timeline = new Timeline(newSession(), { spacing: 1 << 20 });
    const begin = { icount: 22_600_000, deliveries: 0 };
    const conditions = { breakpoints: [], watches: [HIJACKED] };
    await timeline.seek(begin);
    const forward: number[] = [];
    while ((await timeline.continueForward(conditions)).kind === 'hit')
      forward.push(timeline.position.icount - 1);
    const plain = newSession();
    plain.run(plain.end);
    expect(state(timeline)).toEqual(state(plain));
    const backward: number[] = [];
    for (;;) {
      await timeline.continueBack(conditions);
      if (timeline.position.icount < begin.icount) break;
      backward.push(timeline.position.icount);
    }
    expect(forward.length).toBeGreaterThan(2);
    expect(backward.reverse()).toEqual(forward);
  });

  it('keeps within its budget by spacing checkpoints out', async () => {
    const timeline = new Timeline(newSession(), { spacing: 1 << 20, budget: 12 << 20 });
    await timeline.build();
    expect(timeline.checkpoints.spacing).toBeGreaterThan(1 << 20);
    await timeline.seek({ icount: HIJACK, deliveries: 0 });
    const straight = newSession();
    straight.run(HIJACK);
    expect(state(timeline)).toEqual(state(straight));
  });
});

/** icount of a HLT that is executed after `from`. */
async function haltIn(timeline: Timeline, from: number): Promise<number> {
  for (let icount = from; ; icount += 2000) {
    await timeline.seek({ icount, deliveries: 0 });
    if (timeline.machine.cpu.halted && timeline.machine.awakeUntil < icount)
      return timeline.machine.awakeUntil - 1;
  }
}
