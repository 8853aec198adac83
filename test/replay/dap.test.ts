import { execFile, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDebugFile, builtinKernel } from '../../analysis/cli/options/builtin-guest.ts';
import { kernelFiles } from '../../analysis/cli/options/kernel-files.ts';
import { listenForDap } from '../../analysis/cli/work/debug-dap.ts';
import { Locals } from '../../replayer/dap/locals.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { GuestCode } from '../../replayer/debug/guest-code.ts';
import { Monitor } from '../../replayer/debug/monitor.ts';
import { LineTable } from '../../replayer/dwarf/line-table.ts';
import { elfSections } from '../../replayer/dwarf/sections.ts';
import { serveGdb } from '../../replayer/gdb/server.ts';
import { GdbStub } from '../../replayer/gdb/stub.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import { HIJACK, type HijackTrace, hijackTrace } from './timeline-fixture.ts';

/** The Debug Adapter Protocol, by the client with which VS Code's own adapters are tested. */

const guest = join(import.meta.dirname, '../../recorder/guest');
const pmap = join(guest, 'kernel/vm/pmap.c');
let trace: HijackTrace;
let server: Awaited<ReturnType<typeof listenForDap>>;
let client: DebugClient;

beforeAll(async () => {
  trace = await hijackTrace();
  const findings = async () => [
    { icount: HIJACK.icount, title: 'Interrupt hijack', summary: untrusted('a fork') },
  ];
  const { reader } = trace;
  server = await listenForDap({ reader, findings, at: undefined, finding: 1 }, { port: 0 });
  client = new DebugClient('node', '', 'rewind386');
  await client.start(portOf(server));
  await client.initializeRequest();
  const stopped = client.waitForEvent('stopped');
  await Promise.all([client.waitForEvent('initialized'), client.launchRequest({})]);
  await client.configurationDoneRequest();
  expect((await stopped).body.reason).toBe('entry');
});
afterAll(async () => {
  await client.disconnectRequest({});
  server.close();
  trace.remove();
});

const portOf = ({ address }: { readonly address: string }): number => Number(address.split(':')[1]);

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

type Variables = Map<string, DebugProtocol.Variable>;
const opened = async (variable: { readonly variablesReference: number } | undefined): Promise<Variables> => {
  const { variablesReference = 0 } = variable ?? {};
  const { variables } = (await client.variablesRequest({ variablesReference })).body;
  return new Map(variables.map((one) => [one.name, one]));
};
const locals = async (frameId: number): Promise<Variables> => {
  const { scopes } = (await client.scopesRequest({ frameId })).body;
  return await opened(scopes.find(({ name }) => name === 'Locals'));
};
const inFrame = async (expression: string, frameId: number) =>
  (await client.evaluateRequest({ expression, frameId, context: 'hover' })).body;

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

  it('shows through an interrupt what was interrupted', async () => {
    await goTo(String(HIJACK.icount));
    await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'pmap_testbit' }] });
    await move('reverseContinue');
    await client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const stack = await names();
    expect(stack[0]).toBe('pmap_testbit');
    const handler = stack.indexOf('intr14');
    expect(stack.slice(handler + 1, handler + 4)).toEqual(['pte_prot', 'pmap_enter', 'vm_ptpage_wire']);
    expect(stack).toContain('syscall');
    // At the instruction that the interrupt came before, not at a call.
    expect((await frames())[handler + 2]).toMatchObject({
      name: 'pmap_enter+0x10e',
      instructionPointerReference: '0xf0105766',
    });
    expect((await inFrame('va', handler + 3)).result).toBe('4022329344 (0xefbfe000)');
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
      expect(await names()).toContain('vm_fork');
      lines.push((await frames())[0].line);
    }
    expect(new Set(lines).size).toBeGreaterThan(3);
    for (let n = 0; n < 4; n++) {
      expect((await move('stepBack')).reason).toBe('step');
      expect(await names()).toContain('vm_fork');
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
    expect(scopes.map(({ name }) => name)).toEqual(['Locals', 'Registers', 'Segments', 'Paging', 'Run']);
    const { variables } = (
      await client.variablesRequest({ variablesReference: scopes[1].variablesReference })
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

  it('shows parameters and locals of each frame, opens what they point to, and follows paths', async () => {
    await goTo(String(HIJACK.icount));
    const stack = await names();
    expect(stack.slice(0, 3)).toEqual(['pmap_enter', 'vm_ptpage_wire', 'insert_upages']);
    // insert_upages was inlined into vm_fork: a frame of its own, as gdb has it.
    expect(stack[3]).toBe('vm_fork');
    const [, , inlined, outer] = await frames();
    expect([inlined, outer].map(({ source }) => source?.name)).toEqual(['vm_glue.c', 'vm_glue.c']);
    expect(outer.line).toBeGreaterThan(inlined.line);
    // What is stored is npte; the parameters are in no register any more.
    const top = await locals(0);
    expect(top.get('npte')?.value).toBe(`${HIJACK.value} (0x${HIJACK.value.toString(16)})`);
    expect(top.get('va')?.value).toBe('<optimized out>');
    expect(top.get('m')?.value).toMatch(/^0xf0147b90 <vm_page_array\+0x/);
    expect(top.get('m')?.type).toBe('vm_page_t');
    // Of the caller by its frame base.
    const caller = await locals(1);
    expect(caller.get('va')).toMatchObject({ value: '4022329344 (0xefbfe000)', variablesReference: 0 });
    const pmap = caller.get('pmap');
    // On the heap, where no symbol is.
    expect(pmap?.value).toBe('0xf1002d00');
    expect(pmap?.type).toBe('pmap_t');
    const members = await opened(pmap);
    expect([...members.keys()]).toEqual(['pm_pdir', 'pm_pdirpa', 'pm_pdirpage']);
    const pdir = await inFrame('pmap->pm_pdir', 1);
    expect(pdir.result).toBe(members.get('pm_pdir')?.value);
    expect(await inFrame('*pmap', 1)).toMatchObject({ type: 'struct pmap' });
    expect((await inFrame('&pmap->pm_pdir', 1)).result).toMatch(/^0xf1002d0/);
  });

  it('sets and watches variables that are in memory', async () => {
    await goTo(String(HIJACK.icount));
    const { scopes } = (await client.scopesRequest({ frameId: 1 })).body;
    const { variablesReference } = scopes[0];
    const info = (await client.dataBreakpointInfoRequest({ variablesReference, name: 'va' })).body;
    expect(info.description).toMatch(/^va: 4 bytes at linear 0xefbf/);
    const top = (await client.scopesRequest({ frameId: 0 })).body.scopes[0].variablesReference;
    const none = (await client.dataBreakpointInfoRequest({ variablesReference: top, name: 'npte' })).body;
    expect(none).toEqual({ dataId: null, description: 'npte is not in memory' });
    await client.setDataBreakpointsRequest({
      breakpoints: [{ dataId: info.dataId as string, accessType: 'write' }],
    });
    expect((await move('reverseContinue')).reason).toBe('data breakpoint');
    expect(await icount()).toBeLessThan(HIJACK.icount);
    await client.setDataBreakpointsRequest({ breakpoints: [] });

    await goTo(String(HIJACK.icount));
    const again = (await client.scopesRequest({ frameId: 1 })).body.scopes[0].variablesReference;
    await client.setVariableRequest({ variablesReference: again, name: 'va', value: '0x1000' });
    expect((await inFrame('va', 1)).result).toBe('4096 (0x1000)');
    const registers = (await client.scopesRequest({ frameId: 0 })).body.scopes[0].variablesReference;
    await expect(
      client.setVariableRequest({ variablesReference: registers, name: 'npte', value: '1' }),
    ).rejects.toThrow(/npte is not in memory: set the register/);
    await evaluate('recording');
    await goTo(String(HIJACK.icount));
    expect((await inFrame('va', 1)).result).toBe('4022329344 (0xefbfe000)');
  });

  it('finds globals, arrays and strings, and says what is none', async () => {
    await goTo(String(HIJACK.icount));
    const process = await inFrame('proc[1]', 0);
    expect(process.type).toBe('struct proc');
    expect((await inFrame('proc[1].p_pid', 0)).result).toMatch(/^\d+$/);
    expect((await inFrame('proc[1].p_comm', 0)).result).toMatch(/^"\w+"$/);
    await expect(inFrame('proc[1].nothing', 0)).rejects.toThrow(/neither a register, a symbol nor/);
    await expect(inFrame('no_such_variable', 0)).rejects.toThrow(/neither a register, a symbol nor/);
    // A register of the machine is not hidden by variables.
    expect(await evaluate('$eax', 'hover')).toBe(`0x${HIJACK.linear.toString(16)}`);
  });

  it('shows other values once the machine has moved', async () => {
    await goTo(String(HIJACK.icount));
    const before = (await locals(1)).get('pmap');
    await goTo(String(HIJACK.icount - 500_000));
    await expect(opened(before)).rejects.toThrow(/variables .* are no longer valid: the machine has moved/);
    await goTo(String(HIJACK.icount));
    expect((await locals(1)).get('pmap')?.value).toBe(before?.value);
  });

  it('writes in a what-if run, and leaves the recording alone', async () => {
    await goTo(String(HIJACK.icount));
    const before = await evaluate('$ebx');
    const note = client.waitForEvent('output');
    await client.setVariableRequest({ variablesReference: 1, name: 'ebx', value: '0x1234' });
    expect((await note).body.output).toMatch(/what-if: a separate run/);
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
    for (const [command, given, why] of [
      ['stackTrace', { startFrame: -1 }, 'stackTrace: startFrame: not a whole number from 0 to 10000'],
      ['scopes', {}, 'scopes: frameId: missing'],
      ['scopes', { frameId: 1000 }, 'frame 1000 is no longer valid: the machine has moved'],
      [
        'evaluate',
        { expression: 'pmap', frameId: 1000 },
        'frame 1000 is no longer valid: the machine has moved',
      ],
      ['readMemory', { memoryReference: '0xf0100000', count: -1 }, /count: not a whole number/],
      ['readMemory', { memoryReference: '0xf0100000' }, /count: missing/],
      ['disassemble', { memoryReference: '0xf0100000', instructionCount: 1_000_000 }, /from 0 to 10000/],
      ['setBreakpoints', { breakpoints: [] }, 'setBreakpoints: source: missing'],
      ['setBreakpoints', { source: {}, breakpoints: [{ line: 'x' }] }, /line: not a whole number/],
      ['setDataBreakpoints', { breakpoints: [{ dataId: 'linear 0xffffffff 8' }] }, /no data to watch/],
      ['variables', { variablesReference: 999 }, /variables 999 are no longer valid/],
    ] as const)
      await expect(client.customRequest(command, given), command).rejects.toThrow(why);
  });
});

describe('the server', () => {
  const answer = async (port: number, text: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    let shown = '';
    socket.on('data', (bytes) => {
      shown += bytes;
    });
    socket.on('error', () => {});
    socket.write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    return shown;
  };

  it('serves one client at a time, and obeys nothing in an HTTP request', async () => {
    const findings = async () => [];
    const { reader } = trace;
    const own = await listenForDap({ reader, findings, at: 1000, finding: undefined }, { port: 0 });
    const evil = JSON.stringify({ seq: 1, type: 'request', command: 'initialize', arguments: {} });
    const message = `Content-Length: ${evil.length}\r\n\r\n${evil}`;
    expect(await answer(portOf(own), `POST / HTTP/1.1\r\n${message}`)).toBe('');
    expect(await answer(portOf(own), `Content-Length: 999999999\r\n\r\n`)).toBe('');
    expect(await answer(portOf(own), `Content-Length: 4\r\n\r\nnull`)).toBe('');
    expect(await answer(portOf(own), `Content-Length: ${'1'.repeat(10_000)}`)).toBe('');
    const other = new DebugClient('node', '', 'rewind386');
    await other.start(portOf(own));
    await other.initializeRequest();
    expect(await answer(portOf(own), message)).toBe('');
    const stopped = other.waitForEvent('stopped');
    await other.launchRequest({});
    await other.configurationDoneRequest();
    await stopped;
    const { result } = (await other.evaluateRequest({ expression: 'when', context: 'repl' })).body;
    expect(result).toContain('icount 1000 of');
    await other.disconnectRequest({});
    own.close();
  });
});

const gdb = spawnSync('gdb', ['--version']).status === 0;

describe.runIf(gdb)('beside gdb', () => {
  /** Of a value as a debugger prints it: its number, or that it has none. */
  const essence = (text: string): string | undefined =>
    text.includes('<optimized out>') ? 'optimized out' : /-?\b(0x[0-9a-f]+|\d+)/.exec(text)?.[0];

  /** `FRAME NAME` and essence, by gdb. */
  async function byGdb(debuggee: Debuggee, count: number): Promise<Map<string, string>> {
    const monitor = new Monitor(debuggee, trace.reader);
    const stub = new GdbStub(debuggee, monitor, join(guest, 'images/kernel.debug'));
    const server = await serveGdb(stub, { port: 0 });
    const script = Array.from({ length: count }, (_, n) => [
      `frame ${n}`,
      `echo \\n@${n}\\n`,
      'info args',
      'info locals',
      'echo \\n@\\n',
    ]).flat();
    const commands = ['set print elements 4', `target remote ${server.address}`, ...script];
    const output = await new Promise<string>((resolve) => {
      const args = ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])];
      execFile('gdb', args, { timeout: 50_000 }, (_, stdout) => resolve(stdout));
    });
    server.close();
    const found = new Map<string, string>();
    let frame = '';
    for (const line of output.split('\n')) {
      if (line.startsWith('@')) frame = line.slice(1);
      const [, name, value] = /^(\w+) = ([^{]*)$/.exec(line) ?? [];
      const told = frame && value && essence(value);
      if (told && !found.has(`${frame} ${name}`)) found.set(`${frame} ${name}`, told);
    }
    return found;
  }

  it('shows the same variables in the same frames', async () => {
    const debuggee = new Debuggee(trace.newSession(), {}, () => {});
    const { guest: recorded } = trace.reader.header;
    const shown = new Locals(debuggee, new GuestCode(recorded, kernelFiles(recorded)));
    let compared = 0;
    // The fork, the interrupt, and where else the kernel is at work.
    const places = [HIJACK.icount, HIJACK.interrupt + 120];
    for (let icount = HIJACK.interrupt - 40_000; compared < 120; icount -= 12_347) {
      await debuggee.goto({ icount: places.pop() ?? icount, deliveries: 0 });
      shown.forget();
      const count = Math.min(10, shown.stack.length);
      const ours = new Map<string, string>();
      for (let n = 0; n < count; n++)
        for (const { name, value } of shown.open(shown.scope(n)) ?? []) {
          const told = essence(value);
          if (told) ours.set(`${n} ${name}`, told);
        }
      if (ours.size < 4) continue;
      const theirs = await byGdb(debuggee, count);
      for (const [name, value] of theirs)
        expect(ours.get(name), `${name} at icount ${debuggee.position.icount}`).toBe(value);
      compared += theirs.size;
    }
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
