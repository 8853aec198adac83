import { spawnSync } from 'node:child_process';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDebugFile, builtinKernel } from '../../analysis/cli/builtin-guest.ts';
import { serveDap } from '../../analysis/cli/commands/debug-dap.ts';
import { LineTable } from '../../replayer/dwarf/line-table.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { HIJACK, type HijackTrace, hijackTrace } from './timeline-fixture.ts';

/** The Debug Adapter Protocol, by the client with which VS Code's own adapters are tested. */

const guest = join(import.meta.dirname, '../../recorder/guest');
const pmap = join(guest, 'kernel/vm/pmap.c');
let trace: HijackTrace;
let server: Server;
let client: DebugClient;

beforeAll(async () => {
  trace = await hijackTrace();
  const findings = async () => [{ icount: HIJACK.icount, title: 'Interrupt hijack', summary: 'a fork' }];
  server = createServer((socket) => {
    const { reader } = trace;
    void serveDap({ reader, findings, at: undefined, finding: 1, input: socket, output: socket }).then(() =>
      socket.end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new DebugClient('node', '', 'rewind386');
  await client.start((server.address() as AddressInfo).port);
  await client.initializeRequest();
  const stopped = client.waitForEvent('stopped');
  await Promise.all([client.waitForEvent('initialized'), client.launchRequest({})]);
  await client.configurationDoneRequest();
  expect((await stopped).body.reason).toBe('entry');
});
afterAll(async () => {
  await client.disconnectRequest({});
  await new Promise((resolve) => server.close(resolve));
  trace.remove();
});

const thread = { threadId: 1 };

/** Sends a request that moves the machine, and waits for the stop. */
async function move(
  command: 'continue' | 'reverseContinue' | 'next' | 'stepIn' | 'stepOut' | 'stepBack',
  granularity: 'line' | 'instruction' = 'line',
): Promise<DebugProtocol.StoppedEvent['body']> {
  const stopped = client.waitForEvent('stopped', 20_000);
  await client.customRequest(command, { ...thread, granularity });
  return (await stopped).body;
}

const frames = async () => (await client.stackTraceRequest(thread)).body.stackFrames;
const names = async () => (await frames()).map(({ name }) => name.replace(/\+.*/, ''));
const evaluate = async (expression: string, context = 'repl') =>
  (await client.evaluateRequest({ expression, context })).body.result;
const icount = async () => Number(/icount (\d+)/.exec(await evaluate('when'))?.[1]);
const goTo = async (where: string) => {
  const stopped = client.waitForEvent('stopped');
  await evaluate(`goto ${where}`);
  await stopped;
};

describe('a session', () => {
  it('begins at the finding, with the stack of the fork that is hijacked', async () => {
    const [top, ...callers] = await frames();
    expect(top.name).toBe(HIJACK.symbol);
    expect(top.source?.path).toBe(pmap);
    expect(callers.map(({ name }) => name.replace(/\+.*/, ''))).toEqual(
      expect.arrayContaining(['vm_fork', 'syscall']),
    );
    expect((await client.threadsRequest()).body.threads[0].name).toContain('ftpd[7]');
  });

  it('goes back from the end to the store, by a data breakpoint on the hijacked entry', async () => {
    await goTo(String(trace.reader.endIcount));
    const info = await client.dataBreakpointInfoRequest({ name: `0x${HIJACK.linear.toString(16)}` });
    await client.setDataBreakpointsRequest({
      breakpoints: [{ dataId: info.body.dataId as string, accessType: 'write' }],
    });
    expect((await move('reverseContinue')).reason).toBe('data breakpoint');
    expect(await icount()).toBe(HIJACK.icount);
    expect((await frames())[0].name).toBe(HIJACK.symbol);
    await client.setDataBreakpointsRequest({ breakpoints: [] });
  });

  it('steps instructions forward and back to the same place', async () => {
    await goTo(String(HIJACK.icount));
    await move('stepBack', 'instruction');
    expect(await icount()).toBe(HIJACK.icount - 1);
    await move('stepIn', 'instruction');
    expect(await icount()).toBe(HIJACK.icount);
  });

  it('steps over lines, calls and back over returns', async () => {
    const { breakpoints } = (
      await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'vm_fork' }, { name: 'nowhere' }] })
    ).body;
    expect(breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    // A fork that goes well: the hijacked one ends in a panic.
    await goTo(String(HIJACK.icount - 500_000));
    expect((await move('reverseContinue')).reason).toBe('function breakpoint');
    expect((await names())[0]).toBe('vm_fork');
    await client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const lines: number[] = [];
    for (let n = 0; n < 8; n++) {
      expect((await move('next')).reason).toBe('step');
      expect((await names())[0]).toBe('vm_fork');
      lines.push((await frames())[0].line);
    }
    expect(new Set(lines).size).toBeGreaterThan(3);
    for (let n = 0; n < 4; n++) {
      expect((await move('stepBack')).reason).toBe('step');
      expect((await names())[0]).toBe('vm_fork');
    }
  });

  it('steps out to the caller', async () => {
    await goTo(String(HIJACK.icount));
    const [, caller] = await frames();
    await move('stepOut');
    const [top] = await frames();
    expect(top.name).toBe(caller.name);
  });

  it('stops at lines, in both directions', async () => {
    await goTo(String(HIJACK.icount));
    const [{ line }] = await frames();
    const set = await client.setBreakpointsRequest({
      source: { path: pmap },
      breakpoints: [{ line }, { line: 1_000_000 }],
    });
    expect(set.body.breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    expect((await move('reverseContinue')).reason).toBe('breakpoint');
    const before = await icount();
    expect(before).toBeLessThan(HIJACK.icount);
    expect((await frames())[0].line).toBe(line);
    expect((await move('continue')).reason).toBe('breakpoint');
    expect(await icount()).toBe(HIJACK.icount);
    await client.setBreakpointsRequest({ source: { path: pmap }, breakpoints: [] });
  });

  it('says where the recording ends and begins', async () => {
    await goTo(String(HIJACK.icount));
    expect((await move('continue')).description).toMatch(/^end of the recording/);
    await goTo('1000');
    expect((await move('reverseContinue')).description).toMatch(/^start of the recording/);
    expect(await icount()).toBe(0);
  });

  it('shows registers, memory and instructions', async () => {
    await goTo(String(HIJACK.icount));
    const { scopes } = (await client.scopesRequest({ frameId: 0 })).body;
    expect(scopes.map(({ name }) => name)).toEqual(['Registers', 'Segments', 'Paging', 'Run']);
    const { variables } = (
      await client.variablesRequest({ variablesReference: scopes[0].variablesReference })
    ).body;
    const eax = variables.find(({ name }) => name === 'eax')?.value;
    expect(eax).toBe(`0x${HIJACK.linear.toString(16)}`);
    expect(await evaluate('$eax', 'hover')).toBe(eax);
    const entry = await evaluate('*$eax');
    const memory = await client.customRequest('readMemory', { memoryReference: eax, count: 4 });
    expect(Buffer.from(memory.body.data, 'base64').readUInt32LE()).toBe(Number(entry));
    const { instructions } = (
      await client.disassembleRequest({ memoryReference: '$eip', instructionOffset: -2, instructionCount: 4 })
    ).body as DebugProtocol.DisassembleResponse['body'] & object;
    expect(instructions[2].instruction).toBe('mov %ebx,(%eax)');
    expect(instructions[2].address).toBe(await evaluate('$eip'));
  });

  it('writes in a what-if run, and leaves the recording alone', async () => {
    await goTo(String(HIJACK.icount));
    const before = await evaluate('$ebx');
    const note = client.waitForEvent('output');
    await client.setVariableRequest({ variablesReference: 1, name: 'ebx', value: '0x1234' });
    expect((await note).body.output).toMatch(/what if/);
    await move('stepIn', 'instruction');
    expect(await evaluate('*$eax')).toBe('0x00001234');
    await evaluate('recording');
    await goTo(String(HIJACK.icount));
    expect(await evaluate('$ebx')).toBe(before);
  });

  it('refuses what makes no sense, in words', async () => {
    await expect(evaluate('nonsense here', 'hover')).rejects.toThrow(/neither a register, a symbol nor/);
    await expect(evaluate('*0')).rejects.toThrow(/not mapped/);
    expect(await evaluate('nonsense')).toMatch(/unknown command/);
  });
});

const addr2line = spawnSync('addr2line', ['--version']).status === 0;

it.runIf(addr2line)('finds the lines that addr2line finds', () => {
  const file = join(guest, 'images/kernel.debug');
  const table = new LineTable(elfSections(builtinDebugFile(builtinKernel()) as Uint8Array));
  const addresses = Array.from({ length: 2800 }, (_, n) => 0xf0100100 + n * 13);
  const { stdout } = spawnSync('addr2line', ['-e', file], {
    input: addresses.map((address) => address.toString(16)).join('\n'),
    encoding: 'utf8',
  });
  const theirs = stdout
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/ \(discriminator.*/, '')
        .replace(/^\.\//, '')
        .replace('??:0', '??:?'),
    );
  const ours = addresses.map((address) => {
    const found = table.at(address);
    return found ? `${found.file}:${found.line}` : '??:?';
  });
  const different = ours.flatMap((line, n) =>
    line === theirs[n] ? [] : [`${addresses[n].toString(16)} ${line} ${theirs[n]}`],
  );
  expect(different).toEqual([]);
});
