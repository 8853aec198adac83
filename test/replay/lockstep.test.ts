import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { partedReport, tierBuilders } from '../../analysis/cli/work/lockstep.ts';
import { record } from '../../recorder/capture/session.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { DEFAULT_CONFIG, NO_PROFILE } from '../../recorder/machine/config.ts';
import { MICRO_OPS } from '../../recorder/machine/cpu/blocks/micro-op-table.ts';
import { MICRO } from '../../recorder/machine/cpu/blocks/micro-ops.ts';
import { DEFAULT_TIER, useTier } from '../../recorder/machine/cpu/tier-choice.ts';
import { lockstep } from '../../replayer/bisect/lockstep.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { tinyKernel } from './tiny-kernel.ts';

/** Interpreter and compiler side by side: they agree, and a compiler that is wrong is caught at the instruction. */

const folder = mkdtempSync(join(tmpdir(), 'r386-'));
const TRACE = join(folder, 'run.r386');
beforeAll(async () => {
  await record({
    build: buildMachine,
    toolVersion: 'test',
    guestName: 'tiny',
    boot: { kind: 'multiboot', name: 'tiny', image: tinyKernel(400), commandLine: '', modules: [] },
    config: { ...DEFAULT_CONFIG, ramBytes: 4 << 20 },
    profile: NO_PROFILE,
    seed: 1n,
    ladderInterval: 5000,
    instructions: 100_000,
    output: TRACE,
  });
});
afterAll(() => {
  useTier(DEFAULT_TIER);
  rmSync(folder, { recursive: true });
});

function compared(compileAfter: number) {
  const reader = TraceReader.open(TRACE);
  try {
    const { icount } = reader.footer!.final;
    return {
      icount,
      result: lockstep(reader, { builds: tierBuilders(compileAfter), until: icount, step: 1000 }),
    };
  } finally {
    reader.close();
  }
}

it('agree on a run', () => {
  const { icount, result } = compared(5);
  expect(result).toEqual({ icount, parted: undefined });
});

it('a micro-op that is compiled to something else is found, and shown', () => {
  const op = MICRO_OPS[MICRO.OR_I] as { meaning: (typeof MICRO_OPS)[number]['meaning'] };
  const { meaning } = op;
  try {
    // The interpreter is text, made of the table before.
    op.meaning = MICRO_OPS[MICRO.AND_I].meaning;
    const { result } = compared(100);
    const parted = result.parted!;
    // Behind INVLPG compiled code is entered, and only where all of it to the next one fits in the run.
    const executed = parted.instructions.map(({ instruction }) => instruction.split(' ')[0]);
    expect(executed).toEqual(['add', 'dec', 'jne', 'mov', 'shl', 'or', 'mov', 'invlpg']);
    expect(parted.differ - parted.agree).toBe(executed.length);
    expect(parted.parts).toContain('cpu');
    const report = partedReport('run.r386', parted).join('\n');
    expect(report).toMatch(/cpu eax: interpreter \S+3, compiler 0/);
    expect(report).toMatch(/OR_I immediate=3/);
    expect(report).toMatch(/local\.get \$eax\n\s*i32\.const 3\n\s*i32\.and/);
  } finally {
    op.meaning = meaning;
  }
});
