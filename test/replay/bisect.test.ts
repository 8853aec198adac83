import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { describeBisection } from '../../analysis/cli/work/bisect.ts';
import { buildMachine, type MachineBuilder } from '../../recorder/machine/build.ts';
import { Machine } from '../../recorder/machine/machine.ts';
import type { Mmu } from '../../recorder/machine/mmu/mmu.ts';
import type { MachineCpu, MachineParts } from '../../recorder/machine/parts.ts';
import { STANDARD_PARTS } from '../../recorder/machine/standard-parts.ts';
import { type Bisection, bisect } from '../../replayer/bisect/bisect.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runGuest } from '../guest/built-in.ts';
import { random } from '../unit/trace-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
afterAll(() => rmSync(folder, { recursive: true }));
const TRACE = join(folder, 'run.r386');

beforeAll(async () => {
  await runGuest({
    kernel: 'buggy',
    workload: 'ftpd',
    seed: 5,
    output: TRACE,
    instructions: 3_000_000,
    ladderInterval: 500_000,
  });
});

/** A build of the machine with parts that are broken. */
const broken =
  (parts: Partial<MachineParts>): MachineBuilder =>
  (options, { image, commandLine: cmdline, modules, name }) => {
    const machine = new Machine(options, { ...STANDARD_PARTS, ...parts });
    machine.loadMultiboot(image, { cmdline, modules }, name);
    return machine;
  };

/** A processor that does something more than its instruction at one icount. */
const brokenCpu = (at: number, harm: (cpu: MachineCpu, mmu: Mmu) => void): MachineBuilder =>
  broken({
    createCpu: (...parts) => {
      const cpu = STANDARD_PARTS.createCpu(...parts);
      const run = cpu.run.bind(cpu);
      const attach = cpu.attachMmu.bind(cpu);
      let mmu: Mmu;
      cpu.attachMmu = (given) => {
        mmu = given;
        attach(given);
      };
      cpu.run = (until, single) => {
        if (cpu.icount < at && until > at) return run(at, single);
        if (cpu.icount === at && until > at) harm(cpu, mmu);
        return run(until, single);
      };
      return cpu;
    },
  });

async function bisected(build: MachineBuilder): Promise<Bisection> {
  const found = await bisect({ path: TRACE, build, builtinDisk });
  expect(found).toBeDefined();
  return found as Bisection;
}

function told(found: Bisection): string {
  const reader = TraceReader.open(TRACE);
  const { header } = reader;
  reader.close();
  return describeBisection(TRACE, header, found).join('\n');
}

describe('a machine that is not deterministic', () => {
  it('in a register at one instruction: pinned to it, with both values', async () => {
    const next = random(7);
    const AT = 1_234_567;
    // EBP is seldom written: what is wrong in it stays.
    const found = await bisected(brokenCpu(AT, (cpu) => cpu.poke(5, next())));
    expect(found.pinned).toMatchObject({ agree: AT, differ: AT + 1, parts: ['cpu'] });
    expect(found.pinned?.differences).toEqual([
      { part: 'cpu', place: 'ebp', values: [expect.any(String), expect.any(String)] },
    ]);
    expect(found.events).toHaveLength(20);
    const text = told(found);
    expect(text).toMatch(
      /NOT DETERMINISTIC at icount 1,234,567: executions from the same state differ after this/,
    );
    expect(text).toMatch(/cpu, ebp: [0-9a-f]{8} in one execution, [0-9a-f]{8} in another/);
    expect(text).toContain('--until 1234567');
  });

  it('in memory, now and then: pinned to instruction and page, and which execution is the recorded one', async () => {
    let time = 0;
    const AT = 2_100_001;
    // Right every third time; wrong in the first replay, which shows it.
    const found = await bisected(
      brokenCpu(AT, (_cpu, mmu) => {
        if (time++ % 3 !== 2) mmu.poke(0x9f010, 4, 0xdead0000 + time);
      }),
    );
    expect(found.pinned).toMatchObject({ agree: AT, differ: AT + 1, parts: ['ram'] });
    expect(found.pinned?.differences).toMatchObject([
      { part: 'ram', place: 'page 0009f000, physical 0009f010' },
    ]);
  });

  it('in one execution only of several: the right one is told by the recording', async () => {
    let time = 0;
    const found = await bisected(
      brokenCpu(1_234_567, (cpu) => {
        if (time++ % 2 === 0) cpu.poke(5, 0x1234);
      }),
    );
    expect(found.pinned).toMatchObject({ agree: 1_234_567, differ: 1_234_568 });
    expect(found.pinned?.asRecorded).toBeDefined();
    expect(told(found)).toContain('(as recorded)');
  });

  it('in a device: pinned to the IN instruction that reads it', async () => {
    const next = random(11);
    const FROM = 1_000_000;
    const found = await bisected(
      broken({
        createDevices: (host) => {
          const devices = STANDARD_PARTS.createDevices(host);
          const read = devices.bus.in.bind(devices.bus);
          devices.bus.in = (port, size) => {
            const value = read(port, size);
            // The drive's status register: its index bit, which no driver looks at.
            return port === 0x1f7 && host.clock.icount >= FROM ? value ^ ((next() & 1) << 1) : value;
          };
          return devices;
        },
      }),
    );
    expect(found.pinned?.agree).toBeGreaterThanOrEqual(FROM);
    expect((found.pinned?.differ ?? 0) - (found.pinned?.agree ?? 0)).toBe(1);
    expect(found.pinned?.differences).toMatchObject([{ part: 'cpu', place: 'eax' }]);
    expect(told(found)).toMatch(/: in .*%al/);
  });
});

it('a machine that is another one, and deterministic: the stretch and the parts', async () => {
  const found = await bisected((options, boot) =>
    buildMachine({ ...options, config: { ...options.config, tlbEntries: 64 } }, boot),
  );
  expect(found.pinned).toBeUndefined();
  expect(found.parts).toContain('tlb');
  expect(told(found)).toMatch(/this machine is deterministic, but differs from the one that recorded/);
});

it('a recording that replays has nothing to bisect', async () => {
  expect(await bisect({ path: TRACE, build: buildMachine, builtinDisk })).toBeUndefined();
});
