import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PREAMBLE_BYTES, TRAILER_BYTES } from '../../schemas/trace/framing.ts';
import { runCli } from './run-cli.ts';

/** `replay` of a trace with a changed byte: exit 3, where, in what, and the next command, wherever the byte lies. */

const folder = mkdtempSync(join(tmpdir(), 'r386-damage-'));
const trace = join(folder, 'run.r386');
const changed = join(folder, 'changed.r386');
let whole: Buffer;

beforeAll(async () => {
  await runCli('record', '-q', '-n', '200000', '-o', trace);
  whole = readFileSync(trace);
});
afterAll(() => rmSync(folder, { recursive: true }));

function replayChanged(at: number) {
  const bytes = Buffer.from(whole);
  bytes[at] ^= 1 << (at & 7);
  writeFileSync(changed, bytes);
  return runCli('replay', changed);
}

it('is a divergence, in header, image, inputs, ladder and index alike', async () => {
  const end = whole.length - TRAILER_BYTES;
  const step = Math.floor((end - PREAMBLE_BYTES) / 40);
  for (let at = PREAMBLE_BYTES; at < end; at += step) {
    const { status, stderr } = await replayChanged(at);
    expect(status, `byte ${at} of ${whole.length}: ${stderr[0]}`).toBe(3);
    expect(stderr[0], `byte ${at}`).toMatch(/: DIVERGENCE at icount [\d,]+ in \w+/);
    expect(stderr.at(-1), `byte ${at}`).toMatch(/^next: rewind386 /);
  }
  // Some forty replays: on a busy machine they take a while.
}, 240_000);

it('is told where only the way to the index is lost, and every fact still agrees', async () => {
  for (let at = whole.length - TRAILER_BYTES; at < whole.length; at++) {
    const { status, stdout } = await replayChanged(at);
    expect(status, `byte ${at}`).toBe(0);
    expect(stdout.join('\n'), `byte ${at}`).toMatch(/torn trace: /);
  }
});

it('tells of a trace without a readable header only what it is', async () => {
  writeFileSync(changed, 'not a trace at all');
  expect(await runCli('replay', changed)).toMatchObject({ status: 2 });
});
