import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { record } from '../../recorder/capture/session.ts';
import { TraceWriter } from '../../recorder/capture/trace-writer.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { useTier } from '../../recorder/machine/cpu/tier-choice.ts';
import { replay } from '../../replayer/verify/replay.ts';
import type { FactKind } from '../../schemas/events.ts';
import { runGuest } from '../guest/built-in.ts';
import { callKernel, TWICE } from './call-kernel.ts';
import { flatKernel } from './flat-kernel.ts';
import { GATE_CALL, gateKernel, SYS, USER_STACK } from './gate-kernel.ts';
import { u32 } from './machine-code.ts';
import { queryRows } from './query-rows.ts';

/** Facts that a replay records when it is asked: instructions, reads, changes of IF, port I/O, system calls. */

const folder = mkdtempSync(join(tmpdir(), 'r386-facts-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => useTier('interpreter'));
let traces = 0;
const newTrace = () => join(folder, `${++traces}.r386`);

async function recorded(
  image: Uint8Array,
  instructions: number,
  profileSource = '',
  eventRevision = DEFAULT_CONFIG.eventRevision,
): Promise<string> {
  const output = newTrace();
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'facts',
    boot: { kind: 'multiboot', name: 'facts', image, commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20, eventRevision },
    profile: NO_PROFILE,
    profileSource,
    seed: 1n,
    ladderInterval: 50,
    instructions,
    output,
  });
  return output;
}

/** The trace with more facts, which must be verified by a replay in either tier. */
async function withFacts(
  path: string,
  kinds: readonly FactKind[],
  { from = 0, stores = false }: { from?: number; stores?: boolean } = {},
): Promise<string> {
  const output = newTrace();
  const { divergence } = await replay({
    path,
    build: buildMachine,
    builtinDisk,
    facts: { from, probes: [], kinds },
    ...(stores ? { detail: 'stores', storesFrom: from } : {}),
    output: (header) => new TraceWriter(output, header),
  });
  expect(divergence).toBeUndefined();
  for (const tier of ['interpreter', 'wasm'] as const) {
    useTier(tier, 3);
    const again = await replay({ path: output, build: buildMachine, builtinDisk });
    expect([tier, again.divergence]).toEqual([tier, undefined]);
  }
  return output;
}

describe('instructions', () => {
  it('have each with the registers before it, its operands and its text', async () => {
    const run = await recorded(callKernel(2), 1000);
    const file = await withFacts(run, ['instructions', 'reads'], { stores: true });
    const [{ length }] = (await queryRows(run, 'SELECT instructions::INTEGER AS length FROM run')) as [
      { length: number },
    ];
    expect(
      await queryRows(
        file,
        'SELECT count(*)::INTEGER AS n, count(DISTINCT icount)::INTEGER AS d FROM instructions',
      ),
    ).toEqual([{ n: length, d: length }]);
    const sql = `SELECT instruction, eax, ecx, reads[1].value AS read, stores[1].new AS stored FROM executed
      WHERE eip BETWEEN ${TWICE} AND ${TWICE + 8} OR instruction = 'push %ecx' ORDER BY seq LIMIT 4`;
    expect(await queryRows(file, sql)).toEqual([
      { instruction: 'push %ecx', eax: 15, ecx: 2, read: null, stored: 2 },
      { instruction: 'mov 0x4(%esp),%eax', eax: 15, ecx: 2, read: 2, stored: null },
      { instruction: 'add %eax,%eax', eax: 2, ecx: 2, read: null, stored: null },
      { instruction: 'ret $0x4', eax: 4, ecx: 2, read: expect.any(Number), stored: null },
    ]);
  });

  it('begin where they are asked to', async () => {
    const file = await withFacts(await recorded(callKernel(3), 1000), ['instructions'], { from: 40 });
    expect(await queryRows(file, 'SELECT min(icount)::INTEGER AS first FROM instructions')).toEqual([
      { first: 40 },
    ]);
  });
});

describe('the ESP of every event', () => {
  const sql = `SELECT count(*)::INTEGER AS rows, count(s.esp)::INTEGER AS known, count(*) FILTER (s.esp = i.esp)::INTEGER AS same,
    count(DISTINCT i.esp)::INTEGER > 2 AS moves FROM stores s JOIN instructions i USING (icount)`;
  const withStores = async (eventRevision: number) =>
    withFacts(await recorded(callKernel(40), 1000, '', eventRevision), ['instructions'], { stores: true });

  it('is that before the instruction, and a replay in either tier makes the same', async () => {
    const [counted] = (await queryRows(await withStores(34), sql)) as [{ rows: number }];
    expect(counted.rows).toBeGreaterThan(50);
    expect(counted).toEqual({ rows: counted.rows, known: counted.rows, same: counted.rows, moves: true });
  });

  it('is NULL in a trace made before it was recorded, which replays as it was', async () => {
    const [counted] = (await queryRows(await withStores(33), sql)) as [{ rows: number }];
    expect(counted).toEqual({ rows: counted.rows, known: 0, same: 0, moves: true });
  });
});

describe('changes of IF and port I/O', () => {
  const body = [
    0xfb, //                            sti
    0xfb, //                            sti: nothing changes
    0xfa, //                            cli
    ...[0x9c, 0x81, 0x0c, 0x24, ...u32(0x200), 0x9d], // pushf; or dword [esp], IF; popf
    ...[0xcd, 0x30], //                 int 30h, through an interrupt gate
    ...[0xb0, 0x41, 0xe6, 0xe9], //     mov al, 'A'; out e9h, al
    ...[0x66, 0xe5, 0x60], //           in ax, 60h
  ];
  const kernel = flatKernel({ body, handlers: { 48: [0xcf] } });

  it('have what changed it, and how it is then', async () => {
    const file = await withFacts(await recorded(kernel, 60), ['if_changes']);
    expect(await queryRows(file, 'SELECT enabled, cause FROM if_changes ORDER BY seq')).toEqual([
      { enabled: 1, cause: 'sti' },
      { enabled: 0, cause: 'cli' },
      { enabled: 1, cause: 'popf' },
      { enabled: 0, cause: 'delivery' },
      { enabled: 1, cause: 'iret' },
    ]);
  });

  it('have direction, port, size and value', async () => {
    const file = await withFacts(await recorded(kernel, 60), ['port_io']);
    expect(await queryRows(file, 'SELECT op, port, size, value FROM port_io ORDER BY seq')).toEqual([
      { op: 'out', port: 0xe9, size: 1, value: 0x41 },
      { op: 'in', port: 0x60, size: 2, value: expect.any(Number) },
    ]);
  });

  it('are not there twice, nor in a trace that did not ask', async () => {
    const run = await recorded(kernel, 60);
    for (const table of ['instructions', 'reads', 'if_changes', 'port_io', 'system_calls'])
      expect(await queryRows(run, `FROM ${table}`)).toEqual([]);
    const file = await withFacts(run, ['port_io']);
    const again = replay({
      path: file,
      build: buildMachine,
      facts: { from: 0, probes: [], kinds: ['port_io'] },
    });
    await expect(again).rejects.toThrow('already has its port_io');
    const both = await withFacts(file, ['if_changes']);
    expect(
      await queryRows(
        both,
        'SELECT (SELECT count(*) FROM port_io)::INTEGER AS p, count(*)::INTEGER AS f FROM if_changes',
      ),
    ).toEqual([{ p: 2, f: 5 }]);
  });
});

it('system calls have number, name, arguments and result', async () => {
  const run = newTrace();
  await runGuest({ kernel: 'fixed', workload: 'ftpd', seed: 1, instructions: 405_000, output: run });
  const file = await withFacts(run, ['system_calls']);
  const sql = `SELECT name, process, arguments[1] AS fd, result = arguments[3] AS whole, returned_icount - icount = instructions AS length
    FROM system_calls LIMIT 1`;
  expect(await queryRows(file, sql)).toEqual([
    { name: 'write', process: 'init[1]', fd: 1, whole: true, length: true },
  ]);
  expect(await queryRows(file, `SELECT count(*)::INTEGER AS n FROM system_calls WHERE name IS NULL`)).toEqual(
    [{ n: 0 }],
  );
});

describe('system calls through a call gate', () => {
  const names = Object.fromEntries(Object.entries(SYS).map(([name, number]) => [String(number), name]));
  const profile = (systemCalls: object): string => JSON.stringify({ name: 'gates', systemCalls });

  it('have number, arguments, result and carry, whichever way they return', async () => {
    const run = await recorded(gateKernel(), 1000, profile({ selector: 7, arguments: 'stack', names }));
    const file = await withFacts(run, ['system_calls']);
    const sql = `SELECT name, number, eip, arguments, result, carry, interrupt_id, vector, selector,
      returned_icount - icount = instructions AS length FROM system_calls`;
    const gate = { eip: GATE_CALL, interrupt_id: null, vector: null, selector: 7 };
    expect(await queryRows(file, sql)).toEqual([
      { ...gate, name: 'write', number: 4, arguments: [1, 0x5000, 12], result: 12, carry: 0, length: true },
      { ...gate, name: 'open', number: 5, arguments: [0x6000, 0, 0], result: 2, carry: 1, length: true },
      { ...gate, name: 'getpid', number: 20, arguments: [0, 0, 0], result: 35, carry: 0, length: true },
      { ...gate, name: 'exit', number: 1, arguments: [0, 0, 0], result: null, carry: null, length: null },
    ]);
    expect(
      await queryRows(
        file,
        "SELECT cpl, user_esp FROM system_call_events WHERE op = 'gate' ORDER BY seq LIMIT 1",
      ),
    ).toEqual([{ cpl: 3, user_esp: USER_STACK - 16 }]);
    expect(
      await queryRows(file, "SELECT DISTINCT cpl, interrupt_id FROM system_call_events WHERE op = 'return'"),
    ).toEqual([{ cpl: 0, interrupt_id: 0 }]);
  });

  it('have the names of a profile that speaks of another gate not at all', async () => {
    const run = await recorded(gateKernel(), 1000, profile({ arguments: 'registers', names }));
    const file = await withFacts(run, ['system_calls']);
    expect(
      await queryRows(file, 'SELECT name, arguments[1] AS first FROM system_calls ORDER BY seq LIMIT 1'),
    ).toEqual([{ name: null, first: 1 }]);
  });
});
