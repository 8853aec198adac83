import { afterAll, beforeAll, it } from 'vitest';
import { type TinyDebuggee, tinyDebuggee } from '../replay/tiny-debuggee.ts';
import { random } from '../unit/trace-fixture.ts';
import { fuzzDap } from './dap-messages.ts';
import { fuzzStub } from './gdb-packets.ts';

/** A small part of test/slow/debuggers.test.ts. */

let tiny: TinyDebuggee;
beforeAll(async () => {
  tiny = await tinyDebuggee();
});
afterAll(() => tiny.remove());

it('the gdb stub answers packets of every kind', async () => {
  await fuzzStub(tiny, 500, random(20261129));
});

it('the debug adapter answers messages of every kind', async () => {
  await fuzzDap(tiny, 500, random(20261130));
});
