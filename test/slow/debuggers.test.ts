import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtinDebugFile, builtinKernel } from '../../analysis/cli/options/builtin-guest.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { fuzzDap } from '../fuzz/dap-messages.ts';
import { askAll, spoiltSections } from '../fuzz/dwarf.ts';
import { fuzzStub } from '../fuzz/gdb-packets.ts';
import { type TinyDebuggee, tinyDebuggee } from '../replay/tiny-debuggee.ts';
import { seedFrom } from '../seed.ts';
import { random } from '../unit/trace-fixture.ts';

/** Packets and messages by the hundred thousand: none ends a server, and none makes it keep memory. */
const CASES = Number(process.env.PACKETS ?? 100_000);
const SEED = seedFrom('PACKET_SEED');
const GROWTH = 64 << 20;

let tiny: TinyDebuggee;
beforeAll(async () => {
  tiny = await tinyDebuggee();
});
afterAll(() => tiny.remove());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const held = () => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

it.each([
  ['gdb packets', fuzzStub],
  ['messages of the Debug Adapter Protocol', fuzzDap],
])(`%s (PACKET_SEED=${SEED})`, async (_, fuzz) => {
  const next = random(SEED);
  await fuzz(tiny, CASES / 10, next);
  const before = held();
  await fuzz(tiny, (CASES * 9) / 10, next);
  expect(held() - before).toBeLessThan(GROWTH);
});

it(`debug information that was spoilt (PACKET_SEED=${SEED})`, () => {
  const next = random(SEED);
  const sections = elfSections(builtinDebugFile(builtinKernel()) as Uint8Array);
  const before = held();
  for (let n = 0; n < CASES / 50; n++)
    askAll(spoiltSections(sections, next), [0xf0100100, 0xf01057b5, 0xf0105766, 0xf0103d2f]);
  expect(held() - before).toBeLessThan(GROWTH);
});
