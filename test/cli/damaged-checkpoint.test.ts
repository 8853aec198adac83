import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { StoreIndex } from '../../analysis/db/store-index.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { restoreRecorded } from '../../replayer/trace/restore-recorded.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { runGuest } from '../guest/built-in.ts';
import { rewrite } from '../replay/rewrite.ts';
import { runCli } from './run-cli.ts';

/** Every command that goes to an instant by a checkpoint of the trace that is not what it should be: exit 3, and what to do. */

const folder = mkdtempSync(join(tmpdir(), 'r386-checkpoint-'));
const trace = join(folder, 'run.r386');
/** A byte of its second checkpoint changed, and no checksum put right. */
const flipped = join(folder, 'flipped.r386');
/** Whole frames, but another state. */
const forged = join(folder, 'forged.r386');
const EVERY = 1 << 20;
const LATE = 2 * EVERY + 100_000;
/** A word that is hidden in the index before LATE. */
let hidden = 0;

beforeAll(async () => {
  const run = { kernel: 'buggy', workload: 'ftpd', seed: 3, instructions: 2_300_000 } as const;
  await runGuest({ ...run, ladderInterval: EVERY, output: trace, checkpoints: { every: EVERY } });
  const reader = TraceReader.open(trace);
  const { offset } = reader.checkpoints[1];
  reader.close();
  const bytes = readFileSync(trace);
  bytes[offset + 500] ^= 1;
  writeFileSync(flipped, bytes);
  rewrite(trace, forged, {
    checkpoint: (checkpoint) => {
      if (checkpoint.icount !== 2 * EVERY) return checkpoint;
      return { ...checkpoint, words: checkpoint.words.map((byte, at) => (at === 1000 ? byte ^ 4 : byte)) };
    },
  });
  const index = await StoreIndex.open(trace, { build: buildMachine, builtinDisk, note() {} });
  for (let at = 0; hidden === 0 && at < index.ramBytes; at += 4096) {
    const found = index.look(at, 4096, LATE).find(({ last }) => last.kind === 'hidden');
    if (found) hidden = found.physical;
  }
  index.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

it('a checkpoint with an area of another size is damage, not a mistake of the tool', async () => {
  const reader = TraceReader.open(trace);
  const { machine } = ForwardSession.open(reader, { build: buildMachine, builtinDisk });
  reader.close();
  const snapshot = machine.snapshot();
  const areas = new Map([...snapshot.areas, ['cpu', { bytes: 127, pages: [new Uint8Array(127)] }] as const]);
  expect(() => restoreRecorded(machine, { ...snapshot, areas })).toThrow(TraceDamage);
  expect(() => restoreRecorded(machine, { ...snapshot, areas })).toThrow(/cpu has 127 bytes/);
});

describe.each([
  ['flipped', flipped, 'trace', /checkpoint 2 of 2: its checksum does not match/],
  ['forged', forged, '(cpu|ram|tlb|checkpoint)', /./],
])('a trace with a %s checkpoint', (_, file, subsystem, actual) => {
  const expectDivergence = async (...argv: string[]) => {
    const { status, stdout, stderr } = await runCli(...argv);
    expect(status, argv.join(' ')).toBe(3);
    expect(stdout).toEqual([]);
    expect(stderr[0]).toMatch(new RegExp(`: DIVERGENCE at icount 2,097,152 in ${subsystem}$`));
    expect(stderr[1]).toMatch(/^ {2}recorded: /);
    expect(stderr[2]).toMatch(/^ {2}replayed: /);
    expect(stderr[2]).toMatch(actual);
    expect(stderr.at(-1)).toMatch(/^next: rewind386 replay /);
  };

  it('ends debug --at', () => expectDivergence('debug', file, '--at', String(LATE)));

  it('ends screen --at', () => expectDivergence('screen', file, '--at', String(LATE)));

  it('ends who-wrote, which executes to make its index', async () => {
    expect(hidden).toBeGreaterThan(0);
    const question = [`0x${hidden.toString(16)}`, '--before', String(LATE)];
    expect((await runCli('who-wrote', trace, ...question)).status).toBe(0);
    await expectDivergence('who-wrote', file, ...question);
  });

  it('does not keep screen from an instant before it', async () => {
    expect((await runCli('screen', file, '--at', String(EVERY + 5))).status).toBe(0);
  });
});
