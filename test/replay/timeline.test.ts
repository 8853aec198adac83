import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Position } from '../../recorder/machine/state/stops.ts';
import type { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { Timeline } from '../../replayer/timeline/timeline.ts';
import { hashWordsHex, ladderRow } from '../../schemas/trace/ladder.ts';
import { HIJACK, HIJACKED, type HijackTrace, hijackTrace } from './timeline-fixture.ts';

let trace: HijackTrace;
/** Has been over the whole run. */
let timeline: Timeline;
const WATCH = { breakpoints: [], watches: [HIJACKED] };

beforeAll(async () => {
  trace = await hijackTrace();
  timeline = new Timeline(trace.newSession());
  await timeline.build();
});

afterAll(() => trace.remove());

const state = ({ machine }: { machine: ForwardSession['machine'] }) =>
  Object.entries(ladderRow(machine.icount, machine.hashes()).hashes).map(
    ([name, hash]) => `${name} ${hashWordsHex(hash)}`,
  );

describe('the timeline', () => {
  it('is the straight run at every icount it goes to, in whatever order', async () => {
    const targets = [9_000_001, 3_123_457, 12_345_678, 9_000_000, 500, 12_345_677, 0, 8_999_999];
    const straight = trace.newSession();
    const expected = new Map<number, string[]>();
    for (const icount of [...targets].sort((a, b) => a - b)) {
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
    for (const from of [HIJACK.interrupt - 9, HIJACK.icount - 7, await haltIn(2_000_000)]) {
      await timeline.seek({ icount: from, deliveries: 0 });
      const forward: { position: Position; state: string[] }[] = [];
      for (let n = 0; n < 20; n++) {
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
    await timeline.seek({ icount: HIJACK.interrupt, deliveries: 0 });
    const interrupted = timeline.machine.cpu.eip;
    timeline.stepForward();
    expect(timeline.position).toEqual({ icount: HIJACK.interrupt, deliveries: 1 });
    expect(timeline.machine.cpu.eip).not.toBe(interrupted);
    const halt = await haltIn(2_000_000);
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
    await timeline.seek({ icount: timeline.end, deliveries: 0 });
    const back = await timeline.continueBack(WATCH);
    expect(back).toMatchObject({ kind: 'hit', hit: { kind: 'write', position: { icount: HIJACK.icount } } });
    expect(timeline.position).toEqual({ icount: HIJACK.icount, deliveries: 0 });
    const store = timeline.machine.cpu.eip;
    expect((await timeline.continueBack(WATCH)).kind).toBe('hit');
    expect(timeline.position.icount).toBeLessThan(HIJACK.icount);
    expect((await timeline.continueForward(WATCH)).kind).toBe('hit');
    expect((await timeline.continueForward(WATCH)).kind).toBe('hit');
    expect(timeline.position).toEqual({ icount: HIJACK.icount + 1, deliveries: 0 });
    const breakpoint = { breakpoints: [store], watches: [] };
    await timeline.continueBack(breakpoint);
    expect(timeline.position).toEqual({ icount: HIJACK.icount, deliveries: 0 });
    await timeline.continueBack(breakpoint);
    expect(timeline.position.icount).toBeLessThan(HIJACK.icount);
    expect(timeline.machine.cpu.eip).toBe(store);
    await timeline.continueForward(breakpoint);
    expect(timeline.position).toEqual({ icount: HIJACK.icount, deliveries: 0 });
  });

  it('finds the same stops forward and backward, and changes nothing by looking', async () => {
    const begin = { icount: 22_600_000, deliveries: 0 };
    await timeline.seek({ icount: timeline.end, deliveries: 0 });
    const end = state(timeline);
    await timeline.seek(begin);
    const forward: number[] = [];
    while ((await timeline.continueForward(WATCH)).kind === 'hit') forward.push(timeline.position.icount - 1);
    expect(state(timeline)).toEqual(end);
    const backward: number[] = [];
    for (;;) {
      await timeline.continueBack(WATCH);
      if (timeline.position.icount < begin.icount) break;
      backward.push(timeline.position.icount);
    }
    expect(forward.length).toBeGreaterThan(2);
    expect(backward.reverse()).toEqual(forward);
  });

  it('keeps within its budget by spacing checkpoints out', async () => {
    const small = new Timeline(trace.newSession(), { spacing: 1 << 20, budget: 1 << 20 });
    const atStart = small.machine.keptBytes;
    await small.seek({ icount: 8_000_000, deliveries: 0 });
    expect(small.checkpoints.spacing).toBeGreaterThan(1 << 20);
    expect(small.machine.keptBytes - atStart).toBeLessThan(2 << 20);
    await small.seek({ icount: 7_654_321, deliveries: 0 });
    await timeline.seek({ icount: 7_654_321, deliveries: 0 });
    expect(state(small)).toEqual(state(timeline));
  });
});

/** icount of a HLT that is executed after `from`. */
async function haltIn(from: number): Promise<number> {
  for (let icount = from; ; icount += 2000) {
    await timeline.seek({ icount, deliveries: 0 });
    if (timeline.machine.cpu.halted && timeline.machine.awakeUntil < icount)
      return timeline.machine.awakeUntil - 1;
  }
}
