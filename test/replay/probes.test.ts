import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { record } from '../../recorder/capture/session.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { useTier } from '../../recorder/machine/cpu/tier-choice.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { EVENT_KIND_NAMES, type EventBatch, type EventKind } from '../../schemas/events.ts';
import type { TraceFacts, TraceProbe } from '../../schemas/trace/facts.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { AFTER_SUM, AFTER_TWICE, callKernel, SUM, TWICE } from './call-kernel.ts';
import { queryRows } from './query-rows.ts';

/** Probes: which calls, values and returns they record, in a recording and in a replay, and that both replay. */

const folder = mkdtempSync(join(tmpdir(), 'r386-probes-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => useTier('interpreter'));
let traces = 0;
const newTrace = () => join(folder, `${++traces}.r386`);

const probe = (
  name: string,
  address: number,
  values: Record<string, string>,
  isFunction = true,
): TraceProbe => ({
  ...{ name: untrusted(name), address, isFunction },
  values: Object.entries(values).map(([value, expression]) => ({
    name: untrusted(value),
    expression: untrusted(expression),
  })),
});
const SUM_PROBE = probe('sum', SUM, { n: 'u32(esp+4)' });
const TWICE_PROBE = probe('twice', TWICE, { n: 'u32(esp+4)', low: 'u8(esp+4)', nowhere: 'u32(0xf0000000)' });

async function recorded(
  rounds: number,
  facts: readonly TraceFacts[] = [],
  ladderInterval = 1000,
): Promise<string> {
  const output = newTrace();
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'calls',
    boot: { kind: 'multiboot', name: 'calls', image: callKernel(rounds), commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    ladderInterval,
    instructions: 1e6,
    output,
    facts,
  });
  return output;
}

async function replayed(path: string, facts: TraceFacts): Promise<string> {
  const output = newTrace();
  const result = await replay({
    path,
    build: buildMachine,
    facts,
    output: (header) => new TraceWriter(output, header),
  });
  expect(result.divergence).toBeUndefined();
  return output;
}

const verifies = async (path: string) =>
  expect((await replay({ path, build: buildMachine })).divergence).toBeUndefined();

const SHAPE = `SELECT name, call_id, nesting, caller, value0 AS n, result FROM tracepoint_hits ORDER BY seq`;

describe('probes of functions', () => {
  const deep = [5, 4, 3, 2, 1, 0].map((n, depth) => ({
    ...{ name: 'sum', call_id: depth + 1, nesting: depth, n, result: (n * (n + 1)) / 2 },
    caller: depth === 0 ? AFTER_SUM : SUM + 15,
  }));
  const doubled = [3, 2, 1].map((n, round) => ({
    ...{ name: 'twice', call_id: round + 1, nesting: 0, n, result: 2 * n, caller: AFTER_TWICE },
  }));

  it('have each call with arguments, result and how deep it is', async () => {
    const file = await recorded(3, [{ from: 0, probes: [SUM_PROBE, TWICE_PROBE] }]);
    expect(await queryRows(file, SHAPE)).toEqual([...deep, ...doubled]);
    await verifies(file);
  });

  it('have them by a replay of a run that was recorded without', async () => {
    const file = await replayed(await recorded(3), { from: 0, probes: [SUM_PROBE, TWICE_PROBE] });
    expect(await queryRows(file, SHAPE)).toEqual([...deep, ...doubled]);
    await verifies(file);
  });

  it('tell the stack at an instant', async () => {
    const file = await recorded(3, [{ from: 0, probes: [SUM_PROBE, TWICE_PROBE] }]);
    const stackAt = async (icount: string) =>
      await queryRows(
        file,
        `SELECT level::INTEGER AS level, name, arguments['n'] AS n FROM stack_at((${icount}))`,
      );
    const frames = (...ns: number[]) => ns.map((n, level) => ({ level, name: 'sum', n }));
    expect(await stackAt('SELECT icount FROM calls WHERE call_id = 3 AND probe = 1')).toEqual(
      frames(3, 4, 5),
    );
    expect(await stackAt('SELECT icount - 1 FROM calls WHERE call_id = 3 AND probe = 1')).toEqual(
      frames(4, 5),
    );
    expect(await stackAt('SELECT returned_icount FROM calls WHERE call_id = 5 AND probe = 1')).toEqual(
      frames(2, 3, 4, 5),
    );
    expect(await stackAt('SELECT icount + 1 FROM calls WHERE call_id = 2 AND probe = 2')).toEqual([
      { level: 0, name: 'twice', n: 2 },
    ]);
    expect(await stackAt('SELECT returned_icount FROM calls WHERE call_id = 2 AND probe = 2')).toEqual([]);
  });

  it('name their values, of which one may be nowhere', async () => {
    const file = await recorded(1, [{ from: 0, probes: [TWICE_PROBE] }]);
    expect(
      await queryRows(
        file,
        'SELECT arguments::VARCHAR AS arguments, instructions::INTEGER AS length FROM calls',
      ),
    ).toEqual([{ arguments: '{n=1, low=1, nowhere=NULL}', length: 3 }]);
  });

  it('are beside those of the trace, which stay as they are', async () => {
    const first = await recorded(2, [{ from: 0, probes: [TWICE_PROBE] }]);
    const both = await replayed(first, { from: 0, probes: [SUM_PROBE, TWICE_PROBE] });
    expect(
      await queryRows(both, 'SELECT probe, count(*)::INTEGER AS n FROM calls GROUP BY probe ORDER BY probe'),
    ).toEqual([
      { probe: 1, n: 2 },
      { probe: 2, n: 6 },
      { probe: 3, n: 2 },
    ]);
    await verifies(both);
  });

  it('begin where they are asked to', async () => {
    const whole = await recorded(4, [{ from: 0, probes: [TWICE_PROBE] }]);
    const [third] = (await queryRows(
      whole,
      'SELECT icount::INTEGER AS icount FROM calls WHERE call_id = 3',
    )) as [{ icount: number }];
    const file = await replayed(await recorded(4), { from: third.icount, probes: [TWICE_PROBE] });
    expect(await queryRows(file, 'SELECT value0 AS n FROM tracepoint_hits ORDER BY seq')).toEqual([
      { n: 2 },
      { n: 1 },
    ]);
    await verifies(file);
  });

  it('see a place within a function, which returns nothing', async () => {
    const inside = probe('inside', SUM + 10, { pushed: 'u32(esp)', sum: 'eax+ecx*0' }, false);
    const file = await recorded(1, [{ from: 0, probes: [inside] }]);
    expect(
      await queryRows(file, 'SELECT value0 AS pushed, caller, result FROM tracepoint_hits LIMIT 2'),
    ).toEqual([
      { pushed: 4, caller: null, result: null },
      { pushed: 3, caller: null, result: null },
    ]);
    expect(await queryRows(file, 'FROM calls')).toEqual([]);
  });
});

describe('what probes record', () => {
  const facts = { from: 0, probes: [SUM_PROBE, TWICE_PROBE] };

  it('does not depend on the tier, nor on where the run is cut', async () => {
    const file = await recorded(400, [facts]);
    const sql =
      'SELECT icount, seq, probe, call_id, esp, value0, result, returned_icount FROM tracepoint_hits ORDER BY seq';
    const expected = await queryRows(file, sql);
    expect(expected).toHaveLength(406);
    expect(await queryRows(await recorded(400, [facts], 7), sql)).toEqual(expected);
    useTier('wasm', 3);
    await verifies(file);
    expect(await queryRows(await recorded(400, [facts], 1_000_000), sql)).toEqual(expected);
  });

  it('goes on from a snapshot within calls as it did before', async () => {
    const reader = TraceReader.open(await recorded(3, [facts]));
    const made: number[][] = [];
    const sink = { flush: (batch: EventBatch) => made.push(...hitsOf(batch)) };
    const session = ForwardSession.open(reader, { build: buildMachine, sink });
    session.run(20);
    session.machine.log?.flush();
    const before = made.length;
    const checkpoint = session.save();
    const rest = () => {
      session.run(1e6);
      session.machine.log?.flush();
      return made.splice(before);
    };
    const first = rest();
    expect(first.some(([kind]) => kind === EVENT_KIND_NAMES.indexOf('call_returns'))).toBe(true);
    session.restore(checkpoint);
    expect(rest()).toEqual(first);
    reader.close();
  });
});

const hitsOf = ({ tables }: EventBatch): number[][] =>
  (['call_entries', 'call_returns'] as EventKind[]).flatMap((kind) =>
    Array.from({ length: tables[kind].count }, (_, row) => [
      EVENT_KIND_NAMES.indexOf(kind),
      ...tables[kind].columns.map((column) => column[row]),
    ]),
  );

it('has no rows without probes', async () => {
  const file = await recorded(3);
  for (const table of ['probes', 'call_entries', 'call_returns', 'tracepoint_hits', 'calls'])
    expect(await queryRows(file, `FROM ${table}`)).toEqual([]);
});
