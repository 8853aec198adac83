import { connect, type Socket } from 'node:net';
import { encodePacket, PacketReader } from '../../replayer/gdb/packets.ts';

/** The other end of the remote protocol: sends packets and takes answers, without gdb's opinion of what is allowed. */
export class GdbClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  private readonly reader = new PacketReader();
  private readonly answers: string[] = [];
  private wake: () => void = () => {};

  /** `address` as GdbServer has it. */
  constructor(address: string) {
    const [host, port] = address.split(':');
    this.socket = port === undefined ? connect(address) : connect(Number(port), host);
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('data', (bytes) => {
      for (const event of this.reader.push(bytes))
        if (event.kind === 'packet') this.answers.push(event.payload);
      this.wake();
    });
    this.socket.once('close', () => this.wake());
  }

  /** The answer to a packet, with `O` packets left out; undefined when the connection was closed instead. */
  async ask(packet: string): Promise<string | undefined> {
    this.socket.write(encodePacket(packet));
    return await this.answer();
  }

  async answer(): Promise<string | undefined> {
    for (;;) {
      const answer = this.answers.shift();
      if (answer !== undefined && (answer === 'OK' || !answer.startsWith('O'))) return answer;
      if (answer !== undefined) continue;
      if (this.socket.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

export const monitorPacket = (line: string): string => `qRcmd,${Buffer.from(line).toString('hex')}`;
export const textOf = (hex: string | undefined): string => Buffer.from(hex ?? '', 'hex').toString();
