import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinDisk } from '../../analysis/cli/options/builtin-guest.ts';
import { knownLastWriter } from '../../analysis/cli/work/known-last-writer.ts';
import { StoreIndex } from '../../analysis/db/store-index.ts';
import { buildMachine } from '../../recorder/machine/build.ts';
import { Debuggee } from '../../replayer/debug/debuggee.ts';
import { Monitor } from '../../replayer/debug/monitor.ts';
import { cpuOf } from '../../replayer/debug/register.ts';
import { registerNumber, wordOfRegister } from '../../replayer/debug/registers.ts';
import { evaluateAgent } from '../../replayer/gdb/agent-expression.ts';
import { type GdbServer, serveGdb } from '../../replayer/gdb/server.ts';
import { GdbStub } from '../../replayer/gdb/stub.ts';
import {
  HIJACK,
  type HijackFinding,
  type HijackTrace,
  hijackFinding,
  hijackTrace,
} from './timeline-fixture.ts';

const root = join(import.meta.dirname, '../..');
const images = join(root, 'recorder/guest/images');
let trace: HijackTrace;
let debuggee: Debuggee;
let stub: GdbStub;
/** From SQL over the trace. */
let found: HijackFinding;
const notes: string[] = [];

beforeAll(async () => {
  trace = await hijackTrace();
  debuggee = new Debuggee(trace.newSession(), {}, (text) => notes.push(text));
  found = await hijackFinding(trace.file);
  stub = new GdbStub(debuggee, new Monitor(debuggee, trace.reader, { findings: async () => found.findings }));
  await debuggee.goto({ icount: trace.reader.endIcount, deliveries: 0 });
});

afterAll(() => trace.remove());

const monitor = async (line: string) =>
  Buffer.from((await stub.handle(`qRcmd,${Buffer.from(line).toString('hex')}`)) ?? '', 'hex').toString();

describe('the remote protocol', () => {
  it('tells what it can do, and answers nothing to what it does not know', async () => {
    const supported = (await stub.handle('qSupported:swbreak+')) ?? '';
    for (const feature of ['ReverseStep+', 'ReverseContinue+', 'QStartNoAckMode+', 'qXfer:features:read+'])
      expect(supported).toContain(feature);
    expect(await stub.handle('vCont?')).toBe('vCont;c;C;s;S');
    for (const unknown of ['vMustReplyEmpty', 'qTStatus', 'vFile:open:1', 'jfoo'])
      expect(await stub.handle(unknown)).toBe('');
    const xml = (await stub.handle('qXfer:features:read:target.xml:0,ffff')) ?? '';
    for (const name of ['eax', 'eflags', 'st0', 'fop', 'cr0', 'cr2', 'cr3', 'cr4'])
      expect(xml).toContain(`name="${name}"`);
    expect(xml[0]).toBe('l');
    const parts = [await stub.handle('qXfer:features:read:target.xml:0,40')];
    expect(parts[0]).toBe(`m${xml.slice(1, 65)}`);
    expect(await stub.handle('qXfer:threads:read::0,fff')).toContain('ftpd[7]');
  });

  it('reads memory as the guest sees it, or by physical address', async () => {
    const linear = await stub.handle('mf01057b5,8');
    expect(linear).toMatch(/^[0-9a-f]{16}$/);
    expect(await stub.handle('m00000000,4')).toBe('E0e');
    expect(await stub.handle('Qqemu.PhyMemMode:1')).toBe('OK');
    expect(await stub.handle('qqemu.PhyMemMode')).toBe('1');
    expect(await stub.handle('m1057b5,8')).toBe(linear);
    expect(await stub.handle('Qqemu.PhyMemMode:0')).toBe('OK');
  });

  it('goes back to a watched store by linear and by physical address, and to breakpoints', async () => {
    const linear = found.linear.toString(16);
    await stub.handle(`Z2,${linear},4`);
    expect(await stub.handle('bc')).toBe(`T05watch:${linear};thread:1;`);
    expect(await monitor('when')).toContain(`icount ${found.icount} of`);
    expect(await monitor('when')).toContain(found.code);
    await stub.handle(`z2,${linear},4`);
    const physical = debuggee.physical('linear', found.linear);
    await monitor(`goto ${trace.reader.endIcount}`);
    await stub.handle('Qqemu.PhyMemMode:1');
    await stub.handle(`Z2,${physical.toString(16)},4`);
    await stub.handle('Qqemu.PhyMemMode:0');
    await stub.handle('bc');
    expect(debuggee.position).toEqual({ icount: found.icount, deliveries: 0 });
    await stub.handle(`z2,${physical.toString(16)},4`);
    await stub.handle('Z0,f01057b5,1');
    expect(await stub.handle('bs')).toBe('T05thread:1;');
    expect(await stub.handle('vCont;c:1')).toBe('T05swbreak:;thread:1;');
    expect(debuggee.position.icount).toBe(HIJACK.icount);
    await stub.handle('z0,f01057b5,1');
    expect(await stub.handle('c')).toBe('T05replaylog:end;thread:1;');
    expect(await stub.handle('Z9,0,0')).toBe('E16');
  });

  it('knows of monitor commands', async () => {
    expect(await monitor('findings')).toContain(`1  icount ${found.icount}  Interrupt hijack`);
    expect(await monitor('goto finding 1')).toContain(HIJACK.symbol);
    expect(await monitor('info apt')).toMatch(/slot 1023 = 005c7023, directory 005c7000 \(ftpd\[64\]\)/);
    expect(await monitor('info tlb')).toMatch(/^f0105000 -> 00105000 rws/m);
    expect(await monitor('info mem')).toMatch(/^f1114000-f1114fff -> 005c7000 rws 4 KB$/m);
    expect(await monitor('info pmap 5c7')).toContain('directory 005c7000 (ftpd[64])');
    await stub.handle('s');
    expect(await monitor(`last-writer ${HIJACK.linear.toString(16)}`)).toContain(
      `at icount ${HIJACK.icount} by f01057b5 ${HIJACK.symbol}`,
    );
    expect(debuggee.position.icount).toBe(HIJACK.icount + 1);
    // The same word by its physical address, asked for or in physical mode.
    const physical = debuggee.physical('linear', HIJACK.linear).toString(16);
    expect(await monitor(`last-writer phys ${physical}`)).toContain(`at icount ${HIJACK.icount} by`);
    expect(await monitor('last-writer curproc')).toMatch(/ was last written at icount \d+ by .*cpu_switch/);
    expect(await monitor('last-writer curprok')).toContain('no symbol curprok (did you mean curproc?)');
    await monitor('phys on');
    expect(await monitor('last-writer curproc+0x0')).toMatch(/cpu_switch/);
    expect(await monitor(`last-writer ${physical}`)).toContain(`at icount ${HIJACK.icount} by`);
    expect(await monitor('last-writer ff000000')).toBe('ff000000 is beyond RAM\n');
    await monitor('phys off');
    for (const wrong of [
      'goto',
      'goto x',
      'goto 99G',
      'last-writer',
      'last-writer 0',
      'info pmap fffff',
      'dance',
    ])
      expect((await monitor(wrong)).split('\n')).toHaveLength(2);
    expect(await monitor('goto 22.7M')).toMatch(/^icount 22700000 of /);
    expect(await monitor('goto 22,700,001')).toMatch(/^icount 22700001 of /);
    for (const line of (await monitor('help')).split('\n')) expect(line.length).toBeLessThan(110);
  });

  it('names the last writer from the index of stores as by executing', async () => {
    const options = { build: buildMachine, builtinDisk, note: (text: string) => expect.fail(text) };
    const lookUp = knownLastWriter(trace.reader);
    expect(lookUp(0x1000, 4, 1000)).toBeUndefined();
    (await StoreIndex.open(trace.file, options)).close();
    const answers: string[] = [];
    const indexed = new Monitor(debuggee, trace.reader, {
      lastWriter: (physical, bytes, before) => {
        const last = lookUp(physical, bytes, before);
        answers.push(last?.kind ?? 'none');
        return last;
      },
    });
    const stack = () => cpuOf(debuggee.machine).register(4) >>> 0;
    const words = [() => found.linear, stack, () => stack() - 16, () => stack() + 64, () => 0xeffbfffc];
    const compare = async (word: number) => {
      const line = `last-writer ${word.toString(16)}`;
      expect(await indexed.run(line), `${line} at ${debuggee.position.icount}`).toBe(await monitor(line));
    };
    const compareAll = async (place: string) => {
      await monitor(place);
      for (const word of words) await compare(word());
    };
    await compareAll('goto 21003456');
    await compareAll('goto 22712558');
    await monitor('goto 700000');
    await compare(0xf0100000);
    // In the middle of an epoch the index does not know all.
    expect(new Set(answers)).toEqual(new Set(['write', 'never', 'hidden']));
    // After a delivery, and in a what-if run, it is not asked.
    const asked = answers.length;
    await compareAll('goto 22711849/1');
    await stub.handle('P0=44332211');
    await indexed.run(`last-writer ${stack().toString(16)}`);
    expect(answers).toHaveLength(asked);
    await monitor('recording');
  });

  it('leaves the recording for a run of its own when something is written, and comes back', async () => {
    await monitor(`goto ${HIJACK.icount}`);
    const eax = await stub.handle('p0');
    notes.length = 0;
    expect(await stub.handle('P0=44332211')).toBe('OK');
    expect(await stub.handle('p0')).toBe('44332211');
    expect(await stub.handle('Mefbfff00,4:01020304')).toBe('OK');
    expect(await stub.handle('Xefbfff04,2:}\u0003}]')).toBe('OK');
    expect(await stub.handle('mefbfff00,6')).toBe('01020304237d');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/the recording is unchanged/);
    expect(await monitor('when')).toContain('what-if run');
    await stub.handle('s');
    await stub.handle('bs');
    expect(await stub.handle('p0')).toBe('44332211');
    await stub.handle('bs');
    expect(debuggee.isWhatIf).toBe(false);
    expect(debuggee.position.icount).toBe(HIJACK.icount - 1);
    await stub.handle('s');
    expect(await stub.handle('p0')).toBe(eax);
    expect(await stub.handle('m0,0')).toBe('');
    expect(await stub.handle('M00000000,1:00')).toMatch(/^E/);
  });

  it('sets x87 registers and selectors, and refuses what the machine cannot do before it leaves the recording', async () => {
    await monitor(`goto ${HIJACK.icount}`);
    notes.length = 0;
    const set = (name: string, value: string) =>
      stub.handle(`P${registerNumber(name).toString(16)}=${value}`);
    const get = (name: string) => stub.handle(`p${registerNumber(name).toString(16)}`);
    for (const [name, value, why] of [
      ['cs', '33000000', 'E.cs: the segment of selector 0x33 is not code'],
      ['cs', '10000000', 'E.cs: the segment of selector 0x10 is not code'],
      ['cs', '00000000', 'E.cs: no descriptor for selector 0x0'],
      ['ss', '08000000', 'E.ss: the segment of selector 0x8 is not writable data'],
      ['ss', '23000000', 'E.ss: the segment of selector 0x23 is not for CPL 0'],
      ['ds', 'f8ff0000', 'E.ds: no descriptor for selector 0xfff8'],
      ['ds', '00000100', 'E.ds: 0x10000 is not a selector'],
      ['eflags', '02000200', 'E.eflags: the segments are loaded for the current mode'],
      ['cr0', '00000000', 'E.cr0: the segments are loaded for the current mode'],
      ['cr3', '000000f0', "E.cr3: 0xf0000000 is beyond the guest's memory"],
      ['cr4', '00000080', 'E.cr4: this processor does not have bits 0x80000000 of it'],
    ])
      expect(await set(name, value), name).toBe(why);
    expect(await stub.handle('P99=00000000')).toBe('E.there is no register 153');
    // All registers at once: none is changed when one is refused.
    const all = (await stub.handle('g')) ?? '';
    const cs = 10 * 8;
    expect(await stub.handle(`G44332211${all.slice(8, cs)}33000000${all.slice(cs + 8)}`)).toMatch(/^E\.cs/);
    expect(await stub.handle('g')).toBe(all);
    expect(debuggee.isWhatIf).toBe(false);
    expect(notes).toEqual([]);

    // 1.5 in ST0; TOP 5; the register that is then ST1, empty; bits that do not exist.
    expect(await set('st0', '00000000000000c0ff3f')).toBe('OK');
    expect(await set('fstat', '00280000')).toBe('OK');
    expect(await get('st3')).toBe('00000000000000c0ff3f');
    expect(await set('ftag', '30fc0000')).toBe('OK');
    expect(await get('ftag')).toBe('74fd0000');
    expect(await set('fctrl', '7ff30000')).toBe('OK');
    expect(await get('fctrl')).toBe('7f130000');
    expect(await set('fop', 'ffffffff')).toBe('OK');
    expect(await get('fop')).toBe('ff070000');
    for (const name of ['fiseg', 'fioff', 'foseg', 'fooff']) {
      expect(await set(name, '78563412')).toBe('OK');
      expect(await get(name)).toBe(name.endsWith('seg') ? '78560000' : '78563412');
    }
    await monitor('recording');

    // A null DS: the store at hand is #GP.
    expect(await set('ds', '00000000')).toBe('OK');
    expect(await set('fs', '10000000')).toBe('OK');
    expect(await get('fs')).toBe('10000000');
    await stub.handle('s');
    expect(debuggee.position).toEqual({ icount: HIJACK.icount, deliveries: 1 });
    expect(await monitor('when')).toContain('trap');
    await monitor('recording');
  });

  it('comes to the end of a what-if run as to that of the recording', async () => {
    await monitor(`goto ${trace.reader.endIcount - 1000}`);
    expect(await stub.handle('Mefbfff00,1:01')).toBe('OK');
    expect(await stub.handle('c')).toBe('T05replaylog:end;thread:1;');
    expect(await monitor('when')).toContain('what-if run');
    await monitor('recording');
  });

  it('shows that without the interrupted store the run does not end so', async () => {
    await monitor(`goto ${HIJACK.interrupt}`);
    // The interrupt flag off: the interrupt comes when the kernel is done with the alternate map.
    const flags = Buffer.from((await stub.handle('p9')) ?? '', 'hex');
    flags[1] &= ~2;
    expect(await stub.handle(`P9=${flags.toString('hex')}`)).toBe('OK');
    await stub.handle('Z0,f01057b5,1');
    expect(await stub.handle('c')).toContain('swbreak');
    await stub.handle('z0,f01057b5,1');
    expect(await monitor('info apt')).toContain('005f5000');
    await monitor('recording');
    expect(debuggee.isWhatIf).toBe(false);
    // What is written next, with no step in between, leaves the recording anew.
    await stub.handle('P0=44332211');
    await monitor('recording');
    await stub.handle('P0=44332211');
    expect(await monitor('recording')).toContain(`icount ${HIJACK.interrupt} of`);
    await monitor(`goto ${HIJACK.icount}`);
    expect(await monitor('when')).toContain(`icount ${HIJACK.icount} of`);
  });
});

const hasGdb = spawnSync('gdb', ['--version']).status === 0;
if (!hasGdb) console.log('gdb is not installed: the tests with the real gdb are skipped');

describe.skipIf(!hasGdb)('gdb', () => {
  let server: GdbServer;
  const setup = [
    'set pagination off',
    'set architecture i386',
    `file ${join(images, 'kernel.elf')}`,
    `symbol-file ${join(images, 'kernel.debug')}`,
    `directory ${join(root, 'recorder/guest')}`,
  ];
  const gdb = (...commands: string[]) => run(stub, ...setup, 'CONNECT', ...commands);
  const run = async (target: GdbStub, ...script: string[]): Promise<string> => {
    server = await serveGdb(target, { port: 0 });
    const commands = script.map((command) =>
      command === 'CONNECT' ? `target remote ${server.address}` : command,
    );
    const output = await new Promise<string>((resolve) => {
      const args = ['-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])];
      execFile('gdb', args, { timeout: 50_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    server.close();
    return output;
  };

  it('runs back to the store that the SQL finding names, with the source line', async () => {
    await monitor(`goto ${trace.reader.endIcount}`);
    const output = await gdb(
      `watch *(int *) 0x${found.linear.toString(16)}`,
      'reverse-continue',
      'monitor when',
      'info line *$pc',
      'frame',
      'reverse-stepi',
      'monitor when',
      'stepi',
      'stepi',
      'monitor when',
    );
    // Backwards: the value that is there, and the one of before.
    expect(output).toMatch(
      new RegExp(`Hardware watchpoint 1.*\\n+Old value = ${found.value}\\nNew value = (?!${found.value})`),
    );
    expect(output).toContain(`icount ${found.icount} of`);
    expect(output).toContain(`eip f01057b5 ${found.code}`);
    expect(output).toContain('Line 239 of "kernel/vm/pmap.c"');
    expect(output).toContain('*pte = npte;');
    expect(output).toContain(`icount ${found.icount - 1} of`);
    expect(output).toContain(`icount ${found.icount + 1} of`);
  });

  it('stops at breakpoints by name, backwards, shows frames and registers, and writes to a run of its own', async () => {
    await monitor(`goto ${HIJACK.icount}`);
    const output = await gdb(
      'break pmap_testbit',
      'reverse-continue',
      'bt',
      'print $cr3',
      'info registers fctrl',
      'info threads',
      'delete',
      'set var *(char *) $esp = 1',
      'monitor when',
      'monitor recording',
      'maintenance packet Qqemu.PhyMemMode:1',
      'x/1xb 0x100000',
    );
    expect(output).toMatch(/Breakpoint 1, .*pmap_testbit/);
    // Out of the handler into the fork that the interrupt came into.
    expect(output).toMatch(
      / in wdintr .*\n#\d+ +<signal handler called>\n#\d+ .* in pte_prot .*\n#\d+ +pmap_enter /,
    );
    expect(output).toMatch(/ in vm_ptpage_wire \(pmap=0xf1002d00, va=4022329344\)/);
    expect(output).toContain('= 1744896');
    expect(output).toContain('icount');
    expect(output).toContain('what-if run');
    expect(output).toMatch(/0x100000.*:\t0x/);
    await stub.handle('Qqemu.PhyMemMode:0');
  });

  it('finds the program of the guest by itself, and sets its registers', async () => {
    await monitor(`goto ${HIJACK.icount}`);
    const program = join(images, 'kernel.debug');
    const target = new GdbStub(debuggee, new Monitor(debuggee, trace.reader), program);
    const output = await run(
      target,
      'CONNECT',
      'info line *$pc',
      'set $cs = 0x10',
      'monitor when',
      'set $st1 = -2.25',
      'print $st1',
      'set $fs = 0x10',
      'print $fs',
      'monitor when',
      'monitor recording',
      'maintenance flush register-cache',
      'print $st1',
    );
    expect(output).toContain(`Reading symbols from ${program}`);
    expect(output).toContain('Line 239 of "kernel/vm/pmap.c"');
    expect(output).toMatch(/Could not write register "cs".*is not code/);
    expect(output).toContain('$1 = -2.25\n$2 = 16\n$3 = 0\n');
    // Of the refused write nothing was begun.
    expect(output.split('what-if run since')).toHaveLength(2);
  });

  it('has conditions evaluated where the breakpoints are', async () => {
    const end = trace.reader.endIcount;
    const stops: string[][] = [];
    for (const where of ['host', 'target']) {
      await monitor(`goto ${end}`);
      const output = await gdb(
        `set breakpoint condition-evaluation ${where}`,
        'break vm_object_reference if object == 0xf0124e90 || $esp == 1',
        'break pmap_enter if va == 0xefbfe000 && prot == 3 && *(int *) $esp != 5',
        'reverse-continue',
        'monitor when',
        'reverse-continue',
        'monitor when',
        'continue',
        'monitor when',
      );
      stops.push(output.match(/icount \d+ of/g) ?? []);
    }
    expect(stops[0]).toHaveLength(3);
    expect(stops[1]).toEqual(stops[0]);
  });

  it('compiles expressions to what is evaluated as it does itself', async () => {
    await monitor(`goto ${HIJACK.icount}`);
    const expressions = [
      ...[
        '$eax',
        '$eax + 5 > 3 && $ebx != 0',
        '(unsigned char) $eax << 3',
        '-$eax / 7',
        '$eax % 13',
        '!$eax',
        '~$ecx',
      ],
      ...[
        '*(int *) $esp',
        '*(unsigned short *) ($esp + 2)',
        '*(signed char *) ($esp + 7)',
        '((char *) $esp)[3] * 2',
      ],
      ...['proc[1].p_pid', 'proc[0].p_comm[0] == 115', '($edx & 0x200) != 0', '(long long) $eax * 3 >> 2'],
      ...[
        '$eip == 0xf01057b5 ? 7 : 9',
        '(unsigned) -1 > 0',
        '-1 < 0',
        '$cs & 3 || $esp > 0xf0000000',
        '$cr3 >> 12',
      ],
      ...['*(long long *) $esp', '(unsigned int) $esi / 3', '(unsigned int) $esi % 1000', '$edi ^ $esi | 1'],
    ];
    const compiled = new Map<number, Uint8Array>();
    const handle = stub.handle.bind(stub);
    stub.handle = async (packet) => {
      const [, address, code] = /^Z0,([0-9a-f]+),1;X[0-9a-f]+,([0-9a-f]+)/.exec(packet) ?? [];
      if (address !== undefined) compiled.set(Number.parseInt(address, 16), Buffer.from(code, 'hex'));
      return await handle(packet);
    };
    const place = (n: number) => 0xf0100000 + 16 * n;
    const output = await gdb(
      'set breakpoint always-inserted on',
      ...expressions.flatMap((expression, n) => [
        `break *0x${place(n).toString(16)} if ${expression}`,
        `printf "VALUE %lld\\n", (long long) (${expression})`,
      ]),
    );
    stub.handle = handle;
    const values = [...output.matchAll(/^VALUE (-?\d+)$/gm)].map(([, value]) => BigInt(value));
    expect(values, output).toHaveLength(expressions.length);
    const { machine } = debuggee;
    const context = {
      register: (n: number) => wordOfRegister(machine, n),
      read: (address: number, bytes: number) => debuggee.readMemory('linear', address, bytes),
    };
    const evaluated = expressions.map((expression, n) => {
      const code = compiled.get(place(n));
      return [expression, code ? evaluateAgent(code, context) : 'not compiled'];
    });
    expect(evaluated).toEqual(expressions.map((expression, n) => [expression, values[n]]));
  });

  it('is told of both ends of the recording', async () => {
    await monitor('goto 2000');
    const output = await gdb('reverse-continue', 'monitor when', 'stepi', 'monitor when');
    expect(output).toMatch(/No more reverse-execution history/);
    expect(output).toContain('icount 0 of');
    expect(output).toContain('icount 1 of');
  });
});
