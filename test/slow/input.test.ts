import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { runCli } from '../cli/run-cli.ts';
import { multibootElf } from '../replay/tiny-kernel.ts';

/** Keys that people type, by every way there is, arrive, are recorded, and are replayed. */

const folder = mkdtempSync(join(tmpdir(), 'r386-input-'));
const path = (name: string) => join(folder, name);
const kernel = path('echo.elf');

/** Prompts with `>`, echoes what COM1 receives, prompts again after each newline, and leaves at a `q`. */
const ECHO = [
  ...[0xba, 0xf8, 0x03, 0x00, 0x00], //         mov edx, 3f8h
  ...[0xb0, 0x3e, 0xee], //             prompt: mov al, '>'; out dx, al
  ...[0xb2, 0xfd, 0xec, 0xa8, 0x01], // receive: mov dl, fdh; in al, dx; test al, 1
  ...[0x74, 0xf9], //                           jz receive
  ...[0xb2, 0xf8, 0xec, 0xee], //               mov dl, f8h; in al, dx; out dx, al
  ...[0x3c, 0x0a, 0x74, 0xee], //               cmp al, '\n'; je prompt
  ...[0x3c, 0x71, 0x75, 0xed], //               cmp al, 'q'; jne receive
  ...[0x31, 0xc0, 0xe6, 0xf4, 0xeb, 0xfe], //   xor eax, eax; out f4h, al; jmp $
];

beforeAll(() => writeFileSync(kernel, multibootElf(ECHO)));
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;

/** Records the kernel with `options` for at most 20 million instructions; the trace must replay. */
async function recorded(...options: string[]) {
  const trace = path(`${++runs}.r386`);
  const result = await runCli('record', kernel, '-q', '-n', '20M', ...options, '-o', trace);
  expect((await runCli('replay', trace)).status).toBe(0);
  const reader = TraceReader.open(trace);
  try {
    return { ...result, trace, inputs: [...reader.inputs()].filter(({ kind }) => kind !== 'rtc_start') };
  } finally {
    reader.close();
  }
}

async function script(...lines: string[]) {
  const name = path(`${runs}.script`);
  writeFileSync(name, lines.join('\n'));
  return recorded('--script', name);
}

describe('--type', () => {
  it('types from an icount on, as fast as the line allows', async () => {
    const { inputs, stdout } = await recorded('--type', 'ab\\nq@1M');
    expect(inputs.map(({ value }) => String.fromCharCode(value)).join('')).toBe('ab\nq');
    expect(inputs[0].icount).toBe(1_000_000);
    expect(inputs[3].icount - inputs[0].icount).toBeGreaterThan(30_000);
    expect(stdout[1]).toMatch(/exit code 0x0/);
  });

  it('types at the keyboard in scan codes', async () => {
    const { inputs } = await recorded('--type', 'aB@1M', '--type-to', 'keyboard');
    expect(inputs.map(({ kind }) => kind)).toEqual(Array(6).fill('key_scancode'));
    expect(inputs.map(({ value }) => value)).toEqual([0x1e, 0x9e, 0x2a, 0x30, 0xb0, 0xaa]);
  });
});

describe('--script', () => {
  it('answers what the guest says', async () => {
    const { inputs, stdout } = await script(
      '# a dialogue',
      'expect ">"',
      'send "hello\\n"',
      'expect "hello\\n>"',
      'wait 1M',
      'send "q"',
    );
    expect(inputs.map(({ value }) => String.fromCharCode(value)).join('')).toBe('hello\nq');
    const newline = inputs.findIndex(({ value }) => value === 10);
    expect(inputs[newline + 1].icount - inputs[newline].icount).toBeGreaterThan(1_000_000);
    expect(stdout[1]).toMatch(/exit code 0x0/);
  });

  it('gives the same trace each time', async () => {
    const lines = ['expect ">"', 'send "x\\n"', 'expect "x\\n>"', 'send "q"'];
    const [first, second] = [await script(...lines), await script(...lines)];
    expect(readFileSync(first.trace).equals(readFileSync(second.trace))).toBe(true);
  });

  it('ends the recording in order at quit', async () => {
    const { status, stdout } = await script('expect ">"', 'quit');
    expect(status).toBe(0);
    expect(stdout[1]).toMatch(/interrupted/);
    // There, not where next a state is hashed.
    expect(Number(/: ([\d,]+) instructions/.exec(stdout[0])?.[1].replaceAll(',', ''))).toBeLessThan(
      1_000_000,
    );
  });

  it('gives up with status 1 and says what it waited for; the trace is whole', async () => {
    const { status, stderr } = await script('timeout 2M', 'expect "login:"');
    expect(status).toBe(1);
    expect(stderr[0]).toMatch(/script:2: the console did not say "login:" in 2000000 .* last said ">"/);
  });

  it.each([
    ['expect login', /:1: expect needs a text in quotes/],
    ['send "a"\nshout "b"', /:2: "shout" is not a statement/],
    ['wait soon', /wait soon: not a count/],
  ])('refuses %j in words', async (text, message) => {
    writeFileSync(path('bad.script'), text);
    const { status, stderr } = await runCli(
      'record',
      kernel,
      '--script',
      path('bad.script'),
      '-o',
      path('no'),
    );
    expect(status).toBe(2);
    expect(stderr[0]).toMatch(message);
  });
});

it('--interactive without a terminal says what to use instead', async () => {
  const { status, stderr } = await runCli('record', kernel, '--interactive', '-o', path('no.r386'));
  expect(status).toBe(2);
  expect(stderr.join(' ')).toMatch(/needs a terminal.*--script/);
});
