import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodePacket, PACKET_SIZE, PacketReader } from '../../replayer/gdb/packets.ts';
import { type GdbServer, serveGdb } from '../../replayer/gdb/server.ts';
import { GdbClient, monitorPacket, textOf } from './gdb-client.ts';
import { type TinyDebuggee, tinyDebuggee } from './tiny-debuggee.ts';

let tiny: TinyDebuggee;
let server: GdbServer;
const folder = mkdtempSync(join(tmpdir(), 'r386-gdb-'));

beforeAll(async () => {
  tiny = await tinyDebuggee();
});
afterAll(() => {
  tiny.remove();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  server = await serveGdb(tiny.stub, { port: 0 });
});
afterEach(() => server.close());

describe('packets', () => {
  it('are taken whole or in pieces, with interrupts between them', () => {
    const reader = new PacketReader();
    const bytes = Buffer.concat([encodePacket('m10,4'), Buffer.from([0x03]), encodePacket('a}b#c')]);
    const events = [...bytes].flatMap((byte) => [...reader.push(Uint8Array.of(byte))]);
    expect(events).toEqual([
      { kind: 'packet', payload: 'm10,4', intact: true },
      { kind: 'interrupt' },
      { kind: 'packet', payload: 'a}]b}\u0003c', intact: true },
    ]);
    expect([...reader.push(Buffer.from('+$g#00-'))]).toEqual([
      { kind: 'packet', payload: 'g', intact: false },
      { kind: 'again' },
    ]);
  });

  it.each([
    'GET / HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.1\r\n\r\n$k#6b',
    'Content-Length: 1',
    '\x03$k#6b',
    '-$?#3f',
    '\x16\x03\x01',
  ])('are none in a connection that begins as no gdb does: %j', (text) => {
    const reader = new PacketReader();
    expect([...reader.push(Buffer.from(text, 'latin1'))]).toEqual([{ kind: 'foreign' }]);
    expect([...reader.push(encodePacket('g'))]).toEqual([]);
  });

  it('have a largest size', () => {
    const largest = 'm'.repeat(PACKET_SIZE);
    expect([...new PacketReader().push(encodePacket(largest))]).toEqual([
      { kind: 'packet', payload: largest, intact: true },
    ]);
    expect([...new PacketReader().push(encodePacket(`${largest}m`))]).toEqual([{ kind: 'foreign' }]);
  });
});

describe('what is no command of the protocol', () => {
  it.each([
    ...['m0,-1', 'm0', 'm', 'mx,1', 'm0,1,2', 'm100000000,1', 'm0x10,1'],
    ...[
      'vCont;',
      'vCont;x',
      'vCont;r1,2',
      'P0',
      'P',
      'P=',
      'P0=',
      'P0=xy',
      'Pffffffff=00',
      'p',
      'pffff',
      'p-1',
    ],
    ...[
      'G1',
      'Gxyz',
      'Z',
      'Z1',
      'Z1,',
      'Z1,0',
      'Z5,0,1',
      'Z-1,0,1',
      'Z1,-1,1',
      'Z2,ffffffff,4',
      'Z2,0,ffffffff',
      'z9,0,0',
    ],
    ...['M0,1:', 'M0,2:00', 'M0,1', 'M:', 'M', 'X0,5:ab', 'X', 'qRcmd,7', 'qRcmd,zz'],
  ])('is answered with an error, and the next is answered too: %s', async (packet) => {
    const client = new GdbClient(server.address);
    expect(await client.ask(packet)).toMatch(/^E(\d|\.(?!internal))/);
    expect(await client.ask('qC')).toBe('QC1');
    client.socket.destroy();
  });

  it.each([
    'calculate',
    'stop',
    'bx',
    'vContinue',
    'c100000',
    'qXfer:features:read:target.xml',
    'qXfer:features:read:target.xml:0,-1',
    'qXfer',
    '',
    '\x00',
    '?\x00é',
  ])('is not supported: %j', async (packet) => {
    const client = new GdbClient(server.address);
    expect(await client.ask(packet)).toMatch(/^(|T05.*)$/);
    client.socket.destroy();
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'info constructor', ''])(
    'is no monitor command: %j',
    async (line) => {
      const client = new GdbClient(server.address);
      expect(textOf(await client.ask(monitorPacket(line)))).toMatch(/^unknown command/);
      client.socket.destroy();
    },
  );
});

describe('the server', () => {
  it('listens on the loopback interface only, and goes on after a client has left, without its breakpoints', async () => {
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const leave of ['D', 'k', 'vKill;1', 'nothing', 'reset']) {
      const client = new GdbClient(server.address);
      const begin = textOf(await client.ask(monitorPacket('goto 100')));
      expect(begin).toContain('icount 100 of');
      expect(await client.ask(`Z0,${(tiny.debuggee.machine.cpu.eip >>> 0).toString(16)},1`)).toBe('OK');
      expect(await client.ask('c')).toMatch(/^T05(?!replaylog)/);
      if (leave === 'nothing') client.socket.end();
      else if (leave === 'reset') client.socket.resetAndDestroy();
      else client.socket.write(encodePacket(leave));
      await client.closed;
      const next = new GdbClient(server.address);
      let end = await next.ask('c');
      // It may still be on its way out.
      for (let again = next; end === undefined; end = await again.ask('c'))
        again = new GdbClient(server.address);
      expect(end, leave).toBe('T05replaylog:end;thread:1;');
      next.socket.destroy();
      await next.closed;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('serves one gdb at a time, and is not held by who says nothing', async () => {
    const silent = connect(Number(server.address.split(':')[1]), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const client = new GdbClient(server.address);
    expect(await client.ask('qC')).toBe('QC1');
    expect(await new GdbClient(server.address).ask('qC')).toBeUndefined();
    expect(await client.ask('qC')).toBe('QC1');
    silent.destroy();
    client.socket.destroy();
  });

  it('obeys no packet in an HTTP request', async () => {
    const { position } = tiny.debuggee;
    const body = Buffer.concat([encodePacket(monitorPacket('goto 7')), encodePacket('P0=00000000')]);
    const head = `POST / HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const client = new GdbClient(server.address);
    client.socket.write(Buffer.concat([Buffer.from(head), body]));
    await client.closed;
    expect(tiny.debuggee.position).toEqual(position);
    expect(tiny.debuggee.isWhatIf).toBe(false);
  });

  it('closes on a packet without end, and does not keep it', async () => {
    const client = new GdbClient(server.address);
    expect(await client.ask('qC')).toBe('QC1');
    const before = process.memoryUsage().arrayBuffers;
    client.socket.write('$');
    const piece = Buffer.alloc(1 << 16, 'a');
    for (let n = 0; n < 64 && !client.socket.closed; n++) {
      client.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.closed;
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });

  it('asks for a damaged packet again, and sends its own again', async () => {
    const client = new GdbClient(server.address);
    let text = '';
    client.socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    const shows = async (whole: string) => {
      while (text !== whole) await new Promise((resolve) => client.socket.once('data', resolve));
    };
    client.socket.write('+$qC#00');
    await shows('-');
    client.socket.write(encodePacket('qC'));
    await shows('-+$QC1#c5');
    client.socket.write('-');
    await shows('-+$QC1#c5$QC1#c5');
    client.socket.destroy();
  });

  it('stops a run on Ctrl-C', async () => {
    const client = new GdbClient(server.address);
    await client.ask(monitorPacket('goto 100'));
    // A what-if run without end: a jump to itself.
    const eip = (tiny.debuggee.machine.cpu.eip >>> 0).toString(16);
    expect(await client.ask(`M${eip},2:ebfe`)).toBe('OK');
    client.socket.write(encodePacket('c'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.socket.write(Uint8Array.of(0x03));
    expect(await client.answer()).toMatch(/^T02/);
    await client.ask(monitorPacket('recording'));
    client.socket.destroy();
  });

  it('listens on a socket file that only its owner can use, and leaves none', async () => {
    const socket = join(folder, 'gdb.sock');
    const own = await serveGdb(tiny.stub, { socket });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(own.address).toBe(socket);
    const client = new GdbClient(socket);
    expect(await client.ask('qC')).toBe('QC1');
    await expect(serveGdb(tiny.stub, { socket })).rejects.toThrow(/cannot listen on .*EADDRINUSE/);
    own.close();
    await own.ended;
    await client.closed;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(existsSync(socket)).toBe(false);
    writeFileSync(socket, 'mine');
    await expect(serveGdb(tiny.stub, { socket })).rejects.toThrow(/cannot listen/);
    expect(statSync(socket).size).toBe(4);
  });
});
