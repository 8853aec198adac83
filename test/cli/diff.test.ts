import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** `diff`: where two runs part. */

const folder = mkdtempSync(join(tmpdir(), 'r386-diff-'));
const path = (name: string) => join(folder, `${name}.r386`);
const [run, again, masked, stores] = ['run', 'again', 'masked', 'stores'].map(path);
const kernel = join(import.meta.dirname, '../guests/post/post.elf');

beforeAll(async () => {
  await runCli('record', kernel, '-q', '-n', '600k', '-o', run);
  await runCli('record', kernel, '-q', '-n', '600k', '-o', again);
  await runCli('replay', run, '--cli', '400000:599000', '-o', masked);
  await runCli('replay', run, '--detail', 'stores', '-o', stores);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('says that equal runs are equal', async () => {
  const { status, stdout } = await runCli('diff', run, again);
  expect([status, stdout]).toEqual([0, [`${run} and ${again} have the same inputs and the same events`]]);
});

it('names the first input and the first event that differ, and what follows', async () => {
  const { status, stdout } = await runCli('diff', run, masked);
  expect(status).toBe(1);
  const text = stdout.join('\n');
  expect(text).toMatch(
    /the first different input is at icount 400,000\n {2}a: none more\n {2}b: icount=400000 hold_interrupts=1/,
  );
  const [, at] =
    /the first different event \(interrupts\) is at icount ([\d,]+)\n {2}a: icount=4\d{5} /.exec(text) ?? [];
  expect(Number(at?.replaceAll(',', ''))).toBeGreaterThan(400_000);
  expect(text).toMatch(/events from there to icount [\d,]+ whose numbers differ:\nkind +code +process +a +b/);
  expect(stdout.at(-1)).toBe(`next: rewind386 debug ${masked} --at 400000`);
});

it('has the same as JSON, by the events themselves', async () => {
  const { stdout } = await runCli('diff', run, masked, '--json');
  const { event, input, following } = JSON.parse(stdout.join('\n'));
  expect([event.kind, input.icount]).toEqual(['interrupts', 400_000]);
  expect(event.a.icount).toBeLessThan(event.b.icount);
  expect(following[0]).toMatchObject({
    kind: expect.any(String),
    a: expect.any(Number),
    b: expect.any(Number),
  });
});

it('leaves out what one of them alone records', async () => {
  const { status, stdout } = await runCli('diff', run, stores);
  expect(status).toBe(0);
  expect(stdout[0]).toBe('not compared, because only one of them records it: stores');
});

it('refuses what is no trace', async () => {
  const { status, stderr } = await runCli('diff', run, kernel);
  expect([status, stderr[0]]).toEqual([2, expect.stringContaining(kernel)]);
});
