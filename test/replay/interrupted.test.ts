import { execFile, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GdbFiles } from '../../analysis/cli/work/gdb-files.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import { interruptFrames } from '../../replayer/debug/interrupt-frames.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { unwind } from '../../replayer/debug/unwind.ts';
import { serveGdb } from '../../replayer/gdb/server.ts';
import { INTERRUPTED, interruptedKernel } from './interrupted-kernel.ts';
import { type TinyDebuggee, tinyDebuggee } from './tiny-debuggee.ts';

let tiny: TinyDebuggee;
const monitor = (line: string) => tiny.monitor.run(line);

/** In `work`, behind its prologue. */
async function goToWork(): Promise<void> {
  await monitor('goto 0');
  const stop = { breakpoints: [INTERRUPTED.work + 3], watches: [] };
  expect((await tiny.debuggee.continueForward(stop, () => false)).kind).toBe('hit');
}

beforeAll(async () => {
  tiny = await tinyDebuggee(interruptedKernel());
  await goToWork();
});
afterAll(() => tiny.remove());

const STACK = ['work+0x3', 'handler+0x6', 'body+0x5', 'flat+0x14'];

it('goes out of a handler in assembly to what it interrupted, and names the caller of what does not return', async () => {
  const code = new GuestCode(tiny.reader.header.guest);
  const frames = unwind(tiny.debuggee, code);
  expect(frames.map(({ registers, pc }) => code.nameAt(registers[8] ?? 0, pc))).toEqual(STACK);
  expect(frames.map(({ interrupted }) => interrupted)).toEqual([false, false, true, false]);
  const text = await monitor('bt');
  expect(text.match(/[a-z]+\+0x[0-9a-f]+/g)).toEqual(STACK);
  expect(text).toMatch(/handler.*\n {4}<interrupted>\n#2 .* body/);
});

it('looks no further than a stack, and not around the end of memory', () => {
  const { machine } = tiny.debuggee;
  const [delivery] = interruptFrames(machine, cpuOf(machine).register(4));
  expect(interruptFrames(machine, delivery)).toEqual([delivery]);
  for (const esp of [delivery + 1, 0xfffff000, 0xffffffff, -1, 0])
    expect(interruptFrames(machine, esp)).toEqual([]);
});

it('shows the descriptor tables', async () => {
  expect(await monitor('info gdt')).toMatch(
    /^gdt base [0-9a-f]{8} limit 0017: 2 entries\n0008 {2}code 32 rx accessed base 00000000 limit ffffffff DPL 0\n0010 {2}data 32 rw accessed base 00000000 limit ffffffff DPL 0\n$/,
  );
  const handler = INTERRUPTED.handler.toString(16).padStart(8, '0');
  expect(await monitor('info idt')).toBe(
    `idt base ${/base (\w+)/.exec(await monitor('info idt'))?.[1]} limit 0187: 1 entries\n30  interrupt gate 32 0008:${handler} handler DPL 0\n`,
  );
  expect(await monitor('info tss')).toMatch(/no task register was loaded|^tr /);
});

it('goes to icounts as people write them', async () => {
  expect(await monitor('goto 0.01k')).toContain('icount 10 of');
  expect(await monitor('goto 0xc')).toContain('icount 12 of');
  expect(await monitor('goto 100M')).toBe(`the run ends at icount ${tiny.reader.endIcount}\n`);
  for (const wrong of ['goto 1T', 'goto -1', 'goto 1/x', 'goto 1.5', 'goto'])
    expect(await monitor(wrong), wrong).toMatch(
      wrong === 'goto 1.5' ? /icount 2 of/ : /goto takes an icount/,
    );
  await goToWork();
});

const hasGdb = spawnSync('gdb', ['--version']).status === 0;

describe.runIf(hasGdb)('gdb', () => {
  it('goes the same way by what its script defines', async () => {
    const files = new GdbFiles(tiny.reader.header);
    const server = await serveGdb(tiny.stub, { port: 0 });
    const script = files.script(server.address);
    const output = await new Promise<string>((resolve) => {
      const args = ['-nx', '-batch', '-x', script, '-ex', 'bt', '-ex', 'up 2', '-ex', 'p $pc'];
      execFile('gdb', args, { timeout: 50_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    server.close();
    files.remove();
    expect(
      [...output.matchAll(/^#\d .* in (\w+) \(\)$/gm)].map(([, name]) => name).slice(0, 4),
      output,
    ).toEqual(['work', 'handler', 'body', 'flat']);
    expect(output).toContain('<body+5>');
  });
});
