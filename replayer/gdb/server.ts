import { createServer, type Socket } from 'node:net';
import { BadInput } from '../../schemas/bad-input.ts';
import { type ListenAt, listen } from '../debug/listen.ts';
import { DivergenceFound } from '../trace/divergence.ts';
import { encodePacket, hexOfText, PACKET_SIZE, PacketReader } from './packets.ts';
import { GdbStub } from './stub.ts';

/** Connections of gdb: packets in and out, one client at a time. */

export interface GdbServer {
  /** The address for gdb's `target remote`. */
  readonly address: string;
  /** Text for gdb's console: shown at once while the target runs, otherwise with its next response. */
  say(text: string): void;
  /** Resolves after `close`. Rejects if the recording diverges. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Maximum connections; all but one of them are waiting. */
const MAX_CONNECTIONS = 32;
/** Milliseconds within which a connection must send its first packet. */
const SILENCE_MS = 10_000;
/** Maximum packets waiting for an answer before reading pauses. gdb itself waits for each answer. */
const MAX_WAITING = 64;
/** Maximum characters of text waiting for a gdb. */
const MAX_UNSAID = 1 << 16;

/** Serves one gdb at a time until it is closed. */
export async function serveGdb(stub: GdbStub, at: ListenAt): Promise<GdbServer> {
  let connection: Connection | undefined;
  let waiting = '';
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const server = createServer((socket) => {
    // A connection that does not speak gdb's protocol must not block others.
    const begin = (): boolean => {
      if (connection) return false;
      connection = candidate;
      connection.say(waiting);
      waiting = '';
      return true;
    };
    const leave = (error?: Error): void => {
      if (connection !== candidate) return;
      connection = undefined;
      stub.reset();
      if (!error) return;
      server.close();
      end(error);
    };
    const candidate = new Connection(socket, stub, begin, leave);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listen(server, at);
  return {
    address,
    say: (text) => {
      if (connection) connection.say(text);
      else waiting = (waiting + text).slice(-MAX_UNSAID);
    },
    ended,
    close: () => {
      connection?.close();
      server.close();
      end();
    },
  };
}

/** One gdb connection: packets are answered in order; only an interrupt overtakes. */
class Connection {
  private readonly socket: Socket;
  private readonly stub: GdbStub;
  private readonly reader = new PacketReader();
  private readonly begin: () => boolean;
  private readonly leave: (error?: Error) => void;
  private begun = false;
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;
  private acknowledge = true;
  private lastSent: Uint8Array = new Uint8Array();
  private unsaid = '';
  /** True while gdb accepts console text. */
  private listening = false;
  private over = false;

  /** `begin` is called before the first packet is answered; it returns false while another gdb is served. */
  constructor(socket: Socket, stub: GdbStub, begin: () => boolean, leave: (error?: Error) => void) {
    this.socket = socket;
    this.stub = stub;
    this.begin = begin;
    this.leave = leave;
    socket.setNoDelay(true);
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.on('data', (bytes) => this.take(bytes));
    socket.on('drain', () => this.readOn());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.begun) stub.interrupt();
      this.queue = this.queue.then(() => this.finish());
    });
  }

  say(text: string): void {
    this.unsaid = (this.unsaid + text).slice(-MAX_UNSAID);
    if (this.listening) this.flushConsole();
  }

  close(): void {
    this.socket.destroy();
  }

  private finish(error?: Error): void {
    if (this.over) return;
    this.over = true;
    this.socket.destroy();
    this.leave(error);
  }

  private take(bytes: Uint8Array): void {
    for (const event of this.reader.push(bytes)) {
      if (event.kind === 'packet' && !this.begun) {
        if (!this.begin()) {
          this.socket.destroy();
          return;
        }
        this.begun = true;
        this.socket.setTimeout(0);
      }
      if (event.kind === 'interrupt') this.stub.interrupt();
      else if (event.kind === 'foreign') this.socket.destroy();
      else if (event.kind === 'again') {
        if (this.acknowledge) this.write(this.lastSent);
      } else if (!event.intact) this.write('-');
      else {
        if (this.acknowledge) this.write('+');
        this.waiting++;
        this.queue = this.queue.then(() => this.answer(event.payload));
      }
    }
    if (this.waiting >= MAX_WAITING) this.socket.pause();
  }

  private readOn(): void {
    if (this.waiting < MAX_WAITING && !this.socket.writableNeedDrain) this.socket.resume();
  }

  private async answer(packet: string): Promise<void> {
    this.waiting--;
    if (this.over) return;
    const isCommand = packet.startsWith('qRcmd,');
    this.listening = isCommand || GdbStub.runs(packet);
    if (this.listening) this.flushConsole();
    try {
      const reply = await this.stub.handle(packet);
      if (this.listening) this.flushConsole();
      this.listening = false;
      if (reply === undefined) this.socket.destroySoon();
      else if (isCommand && reply.length > PACKET_SIZE) this.sendOutput(reply);
      else this.send(reply);
      if (packet === 'QStartNoAckMode') this.acknowledge = false;
      if (packet[0] === 'D' || packet.startsWith('vKill')) this.socket.destroySoon();
    } catch (error) {
      this.failed(error as Error);
    }
    this.readOn();
  }

  /** Ends the session on a divergence. Other errors are answered, and gdb continues. */
  private failed(error: Error): void {
    const diverged = error instanceof DivergenceFound;
    if (diverged && this.listening)
      this.send(`O${hexOfText(`rewind386: the replay diverged: ${error.message}\n`)}`);
    this.listening = false;
    if (diverged) this.finish(error);
    else this.send(`E.${error instanceof BadInput ? '' : 'internal error: '}${error.message}`);
  }

  /** Sends the hexadecimal output of a command, which may need several packets. */
  private sendOutput(hex: string): void {
    for (let at = 0; at < hex.length; at += PACKET_SIZE - 2)
      this.send(`O${hex.slice(at, at + PACKET_SIZE - 2)}`);
    this.send('OK');
  }

  private flushConsole(): void {
    if (this.unsaid === '') return;
    this.send(`O${hexOfText(this.unsaid)}`);
    this.unsaid = '';
  }

  private send(payload: string): void {
    if (this.over) return;
    this.lastSent = encodePacket(payload);
    this.write(this.lastSent);
  }

  private write(bytes: Uint8Array | string): void {
    if (!this.socket.write(bytes)) this.socket.pause();
  }
}
