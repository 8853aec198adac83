import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { RewindDebugSession } from '../../replayer/dap/session.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import type { TinyDebuggee } from '../replay/tiny-debuggee.ts';

/** Requests as editors send them, of which the fuzzer makes others. */
const SEEDS: readonly (readonly [command: string, given: Record<string, unknown>])[] = [
  ['initialize', { adapterID: 'rewind386', linesStartAt1: true, pathFormat: 'path' }],
  ['launch', {}],
  ['configurationDone', {}],
  ['setBreakpoints', { source: { path: '/a/b.c' }, breakpoints: [{ line: 3 }, { line: 9 }] }],
  ['setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }],
  ['setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x00100010', offset: 4 }] }],
  ['setInstructionBreakpoints', { breakpoints: [] }],
  ['dataBreakpointInfo', { name: '0x200000', bytes: 4, variablesReference: 1 }],
  ['setDataBreakpoints', { breakpoints: [{ dataId: 'linear 0x00200000 4', accessType: 'write' }] }],
  ['setDataBreakpoints', { breakpoints: [] }],
  ...['continue', 'reverseContinue', 'next', 'stepIn', 'stepOut', 'stepBack', 'pause', 'threads'].map(
    (command) => [command, { threadId: 1, granularity: 'instruction' }] as const,
  ),
  ['stackTrace', { threadId: 1, startFrame: 0, levels: 20 }],
  ['scopes', { frameId: 0 }],
  ['variables', { variablesReference: 1 }],
  ['variables', { variablesReference: 1000 }],
  ['setVariable', { variablesReference: 1, name: 'eax', value: '5' }],
  ['evaluate', { expression: '$eax', frameId: 0, context: 'hover' }],
  ['evaluate', { expression: 'goto 1000', context: 'repl' }],
  ['evaluate', { expression: 'info mem', context: 'repl' }],
  ['evaluate', { expression: 'a.b->c[3]', frameId: 0, context: 'hover' }],
  ['readMemory', { memoryReference: '0x100000', offset: -4, count: 64 }],
  ['writeMemory', { memoryReference: '0x380000', offset: 0, data: 'AAAA' }],
  ['disassemble', { memoryReference: '0x100010', offset: 0, instructionOffset: -20, instructionCount: 50 }],
  ['restart', {}],
  ['source', { sourceReference: 1 }],
  ['cancel', { requestId: 1 }],
  ['completions', { text: 'a', column: 1 }],
  ['nothing', {}],
];
const VALUES: readonly unknown[] = [
  ...[0, 1, -1, 1.5, 1e6, 1e9, 2 ** 32, 2 ** 53, -(2 ** 31), Number.MAX_VALUE, true, null],
  ...[
    '',
    'x',
    '{x}',
    '0x100010',
    '-1',
    'linear 0x00000000 9999999',
    '\u0000\u001b[2J',
    'a'.repeat(5000),
    '__proto__',
  ],
  ...[[], {}, [null], [[]], [{}], { length: 1e9 }, { __proto__: 1 }],
];

/** The arguments with something in them gone, or of another kind. */
function spoilt(value: unknown, next: () => number): unknown {
  if (typeof value !== 'object' || value === null || next() % 4 === 0) return VALUES[next() % VALUES.length];
  const keys = Object.keys(value);
  const key = keys[next() % Math.max(1, keys.length)];
  if (key === undefined) return VALUES[next() % VALUES.length];
  const copy = structuredClone(value) as Record<string, unknown>;
  if (next() % 4 === 0) delete copy[key];
  else copy[key] = spoilt(copy[key], next);
  return copy;
}

/** Runs without end are ended as by the pause button. */
const PATIENCE_MS = 30;

/**
 * Sends `count` requests to a session and awaits the response of each: a success or an error, with no stack trace and no mistake
 * of ours in it.
 */
export async function fuzzDap(tiny: TinyDebuggee, count: number, next: () => number): Promise<void> {
  const { debuggee, monitor, reader } = tiny;
  const code = new GuestCode(reader.header.guest, {
    kernel: undefined,
    debugFile: undefined,
    sources: undefined,
  });
  const session = new RewindDebugSession({ debuggee, monitor, code, enter: async () => {} });
  const [input, output] = [new PassThrough(), new PassThrough()];
  session.start(input, output);
  let seq = 0;
  let answered: (message: Record<string, unknown>) => void = () => {};
  const failures: unknown[] = [];
  let kept = '';
  output.on('data', (bytes: Buffer) => {
    kept += bytes.toString();
    for (let end = kept.indexOf('\r\n\r\n'); end >= 0; end = kept.indexOf('\r\n\r\n')) {
      const length = Number(kept.slice('Content-Length: '.length, end));
      const whole = Buffer.from(kept.slice(end + 4));
      if (whole.length < length) return;
      const message = JSON.parse(whole.toString('utf8', 0, length)) as Record<string, unknown>;
      kept = whole.toString('utf8', length);
      if (message.type === 'response') answered(message);
      // A run that failed.
      else if (JSON.stringify(message).includes('"exception"')) failures.push(message);
    }
  });
  const ask = async (request: unknown): Promise<Record<string, unknown>> => {
    const response = new Promise<Record<string, unknown>>((resolve) => {
      answered = resolve;
    });
    const text = JSON.stringify(request);
    input.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return await response;
  };
  for (let n = 0; n < count; n++) {
    const [command, given] = SEEDS[next() % SEEDS.length];
    const request = {
      seq: ++seq,
      type: 'request',
      command: next() % 50 === 0 ? VALUES[next() % VALUES.length] : command,
      arguments: next() % 3 === 0 ? given : spoilt(given, next),
    };
    const pause = setInterval(() => {
      void input.write(pauseMessage);
    }, PATIENCE_MS);
    const response = await ask(request);
    clearInterval(pause);
    const shown = JSON.stringify([request, response]).slice(0, 600);
    expect(shown).not.toMatch(/internal error|\bat .*\.ts:|_stack\}/);
    if (n % 200 === 199) {
      await ask({
        seq: ++seq,
        type: 'request',
        command: 'evaluate',
        arguments: { expression: 'recording', context: 'repl' },
      });
    }
  }
  expect(failures).toEqual([]);
  input.destroy();
}

const pauseText = JSON.stringify({ seq: 1e9, type: 'request', command: 'pause', arguments: { threadId: 1 } });
const pauseMessage = `Content-Length: ${pauseText.length}\r\n\r\n${pauseText}`;
