import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { BadInput } from '../../schemas/bad-input.ts';
import { DivergenceFound } from '../divergence.ts';
import { encodePacket, hexOfText, PacketReader } from './packets.ts';
import { GdbStub } from './stub.ts';

export interface GdbServer {
  readonly host: string;
  readonly port: number;
  /** Text for gdb's console: shown at once while the target runs, else with the next thing it does. */
  say(text: string): void;
  /** Resolves when a gdb has come and gone, or `close` was called. Rejects when the recording turns out to diverge. */
  readonly ended: Promise<void>;
  close(): void;
}

/** This machine only: whoever reaches the port can read all of the guest's memory. */
const LOOPBACK = '127.0.0.1';

/** Serves one gdb at a time; with `port` 0 on a free one. */
export async function serveGdb(stub: GdbStub, port: number): Promise<GdbServer> {
  let connection: Connection | undefined;
  let waiting = '';
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const server = createServer((socket) => {
    if (connection) {
      socket.destroy();
      return;
    }
    connection = new Connection(socket, stub, (error) => {
      connection = undefined;
      server.close();
      end(error);
    });
    connection.say(waiting);
    waiting = '';
  });
  await listen(server, port);
  const { address, port: own } = server.address() as AddressInfo;
  return {
    host: address,
    port: own,
    say: (text) => {
      if (connection) connection.say(text);
      else waiting += text;
    },
    ended,
    close: () => {
      connection?.close();
      server.close();
      end();
    },
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new BadInput(`cannot listen on ${LOOPBACK}:${port}: ${error.code}`, 'give another --port, or none'),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });

/** One gdb: packets are answered one after the other; only an interrupt overtakes. */
class Connection {
  private readonly socket: Socket;
  private readonly stub: GdbStub;
  private readonly reader = new PacketReader();
  private readonly done: (error?: Error) => void;
  private queue: Promise<void> = Promise.resolve();
  private acknowledge = true;
  private lastSent: Uint8Array = new Uint8Array();
  private unsaid = '';
  private running = false;
  private over = false;

  constructor(socket: Socket, stub: GdbStub, done: (error?: Error) => void) {
    this.socket = socket;
    this.stub = stub;
    this.done = done;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.take(bytes));
    socket.on('error', () => this.finish());
    socket.on('close', () => {
      stub.interrupt();
      this.queue = this.queue.then(() => this.finish());
    });
  }

  say(text: string): void {
    this.unsaid += text;
    if (this.running) this.flushConsole();
  }

  close(): void {
    this.socket.destroy();
  }

  private finish(error?: Error): void {
    if (this.over) return;
    this.over = true;
    this.socket.destroy();
    this.done(error);
  }

  private take(bytes: Uint8Array): void {
    if (this.acknowledge && bytes.length > 0 && bytes[0] === 0x2d) this.socket.write(this.lastSent);
    for (const event of this.reader.push(bytes)) {
      if (event.kind === 'interrupt') this.stub.interrupt();
      else if (!event.intact) this.socket.write('-');
      else {
        if (this.acknowledge) this.socket.write('+');
        this.queue = this.queue.then(() => this.answer(event.payload));
      }
    }
  }

  private async answer(packet: string): Promise<void> {
    if (this.over) return;
    this.running = GdbStub.runs(packet);
    if (this.running) this.flushConsole();
    try {
      const reply = await this.stub.handle(packet);
      if (reply === undefined) {
        this.finish();
        return;
      }
      if (this.running) this.flushConsole();
      this.running = false;
      this.send(reply);
      if (packet === 'QStartNoAckMode') this.acknowledge = false;
      if (packet[0] === 'D' || packet.startsWith('vKill')) this.socket.end();
    } catch (error) {
      // A recording that does not replay is worth nothing to a debugger; anything else is a bug of ours.
      const text =
        error instanceof DivergenceFound
          ? `the replay diverged: ${error.message}`
          : error instanceof BadInput
            ? error.message
            : String(error);
      if (this.running) this.send(`O${hexOfText(`rewind386: ${text}\n`)}`);
      this.finish(error as Error);
    }
  }

  private flushConsole(): void {
    if (this.unsaid === '') return;
    this.send(`O${hexOfText(this.unsaid)}`);
    this.unsaid = '';
  }

  private send(payload: string): void {
    if (this.over) return;
    this.lastSent = encodePacket(payload);
    this.socket.write(this.lastSent);
  }
}
