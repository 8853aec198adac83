import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Machine } from '../../recorder/machine/machine.ts';
import type { MachineCpu, MachineParts } from '../../recorder/machine/parts.ts';
import { STANDARD_PARTS } from '../../recorder/machine/standard-parts.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runGuest } from '../guest/built-in.ts';
import { rewrite } from '../replay/rewrite.ts';
import { runCli } from './run-cli.ts';

/** `replay --bisect` at the command line, in a build of the tool whose machine is not deterministic. */

/** The fault in the machine of the build under test; nothing while it records. */
const build = vi.hoisted(() => ({
  harm: undefined as ((cpu: MachineCpu) => void) | undefined,
  at: 0,
  tlbEntries: 0,
}));

vi.mock('../../recorder/machine/build.ts', async (original) => {
  const { buildMachine } = await original<typeof import('../../recorder/machine/build.ts')>();
  const mocked: typeof buildMachine = (options, boot) => {
    const { harm, tlbEntries } = build;
    if (tlbEntries) return buildMachine({ ...options, config: { ...options.config, tlbEntries } }, boot);
    if (!harm) return buildMachine(options, boot);
    const parts: MachineParts = {
      ...STANDARD_PARTS,
      createCpu: (...args) => harmed(STANDARD_PARTS.createCpu(...args), harm),
    };
    const machine = new Machine(options, parts);
    machine.loadMultiboot(boot.image, { cmdline: boot.commandLine, modules: boot.modules }, boot.name);
    return machine;
  };
  return { buildMachine: mocked };
});

/** A processor to which something happens after `build.at` instructions. */
function harmed(cpu: MachineCpu, harm: (cpu: MachineCpu) => void): MachineCpu {
  const run = cpu.run.bind(cpu);
  cpu.run = (until, single) => {
    if (cpu.icount < build.at && until > build.at) return run(build.at, single);
    if (cpu.icount === build.at && until > build.at) harm(cpu);
    return run(until, single);
  };
  return cpu;
}

const folder = mkdtempSync(join(tmpdir(), 'r386-bisect-'));
const trace = join(folder, 'run.r386');
const RUNG = 1 << 19;

beforeAll(async () => {
  const run = { kernel: 'buggy', workload: 'ftpd', seed: 5, instructions: 3_000_000 } as const;
  await runGuest({ ...run, ladderInterval: RUNG, checkpoints: { every: 2 * RUNG }, output: trace });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  build.harm = undefined;
  build.tlbEntries = 0;
});

it('names instruction, register, both values and the last 20 events of a nondeterminism', async () => {
  build.at = 1_234_567;
  let value = 0x1000;
  // EBP is seldom written: what is wrong in it stays.
  build.harm = (cpu) => cpu.poke(5, value++);
  const { status, stdout, stderr } = await runCli('replay', trace, '--bisect');
  expect(status).toBe(3);
  expect(stdout).toEqual([]);
  const [seen, recorded, replayed, pinned, code, parts, difference, ...rest] = stderr;
  expect(seen).toMatch(/: DIVERGENCE seen at icount [\d,]+ in [\w:]+$/);
  expect(recorded).toMatch(/^ {2}recorded: /);
  expect(replayed).toMatch(/^ {2}replayed: /);
  expect(pinned).toMatch(
    /^NOT DETERMINISTIC at icount 1,234,567: executions from the same state differ after/,
  );
  expect(code).toMatch(/^ {2}[0-9a-f]{8}( \w+(\+0x[0-9a-f]+)?)?: [a-z]+( .+)?$/);
  expect(parts).toBe('  different: cpu');
  expect(difference).toMatch(
    /^ {2}cpu, ebp: 000010[0-9a-f]{2} in one execution, 000010[0-9a-f]{2} in another$/,
  );
  const events = rest.slice(rest.indexOf('the last 20 recorded events up to there:') + 1, -1);
  expect(events).toHaveLength(20);
  for (const event of events) expect(event).toMatch(/^ {2}\d+ \w+ at [\w+]+: \w+=/);
  expect(stderr.at(-1)).toBe(`next: rewind386 replay ${trace} --until 1234567`);
});

it('shows both values of another machine where the trace has a checkpoint', async () => {
  build.tlbEntries = 64;
  const { status, stderr } = await runCli('replay', trace, '--bisect');
  expect(status).toBe(3);
  const text = stderr.join('\n');
  expect(text).toMatch(
    /always with the same result: this machine is deterministic, but differs from the one that recorded/,
  );
  expect(text).toMatch(
    /at the recording's checkpoint, icount 1,048,576:\n {2}\w+, .*: [0-9a-f]{8} in every execution, [0-9a-f]{8} recorded/,
  );
  expect(text).not.toContain('not known');
});

it('says of a damaged file that the file differs, and executes nothing', async () => {
  const reader = TraceReader.open(trace);
  const { offset } = reader.chunks[0];
  reader.close();
  const damaged = join(folder, 'damaged.r386');
  const bytes = readFileSync(trace);
  bytes[offset + 20_000] ^= 4;
  writeFileSync(damaged, bytes);
  const { status, stderr } = await runCli('replay', damaged, '--bisect');
  expect(status).toBe(3);
  expect(stderr[0]).toMatch(/: DIVERGENCE at icount /);
  expect(stderr.join('\n')).toMatch(/chunk 1( of \d+)?: (its checksum does not match|does not unpack)/);
  expect(stderr.at(-1)).toMatch(/^nothing to bisect: the file differs/);
});

it('says of a recorded event that no execution makes that the state agrees', async () => {
  const forged = join(folder, 'forged.r386');
  let changed = 0;
  rewrite(trace, forged, {
    chunk: (chunk) => {
      const table = chunk.tables.get('control_writes');
      const column = table?.columns.at(-1);
      if (column && table && table.count > 5 && changed++ === 0) column[5] ^= 0x1000;
      return chunk;
    },
  });
  const { status, stderr } = await runCli('replay', forged, '--bisect');
  expect(status).toBe(3);
  expect(stderr[0]).toMatch(/ in events:control_writes$/);
  expect(stderr[3]).toMatch(/no execution of this machine makes the recorded event$/);
});
