import { Transform, type TransformCallback } from 'node:stream';

/** Splits a client's stream into messages of the Debug Adapter Protocol. */

/** Longest message of a client, bytes: all breakpoints of a file, or memory to be written. */
export const MAX_MESSAGE = 4 << 20;
const MAX_HEADER = 4096;
const BEGINNING = 'Content-Length: ';
const HEADER_END = '\r\n\r\n';

/**
 * Splits a client's stream into complete messages with their headers (base protocol), each a JSON object. The stream fails at anything
 * else: a connection that begins with another header may be a browser's, whose requests also have a Content-Length, and must be ignored
 * entirely.
 */
export class ClientMessages extends Transform {
  private pieces: Buffer[] = [];
  private held = 0;
  /** Length in bytes of the awaited message after its header; undefined while the header is awaited. */
  private length: number | undefined;

  override _transform(bytes: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.pieces.push(bytes);
    this.held += bytes.length;
    try {
      while (this.takeMessage());
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  /** False if more bytes are needed. */
  private takeMessage(): boolean {
    if (this.length === undefined) {
      const whole = this.joined();
      const beginning = BEGINNING.slice(0, whole.length);
      if (whole.toString('latin1', 0, beginning.length) !== beginning)
        throw new Error('not a message of a debug client');
      const end = whole.indexOf(HEADER_END);
      if (end < 0 && whole.length > MAX_HEADER) throw new Error('a message header without end');
      if (end < 0) return false;
      const digits = /^\d{1,9}(?=\r\n|$)/.exec(whole.toString('latin1', BEGINNING.length, end))?.[0];
      if (digits === undefined || Number(digits) > MAX_MESSAGE)
        throw new Error(`the length of a message is not 0 to ${MAX_MESSAGE} bytes`);
      this.length = Number(digits);
      this.keep(whole.subarray(end + HEADER_END.length));
    }
    if (this.held < this.length) return false;
    const whole = this.joined();
    const text = whole.toString('utf8', 0, this.length);
    this.keep(whole.subarray(this.length));
    this.length = undefined;
    if (!isObject(text)) throw new Error('a message is not a JSON object');
    this.push(`${BEGINNING}${Buffer.byteLength(text)}${HEADER_END}${text}`);
    return this.held > 0;
  }

  private joined(): Buffer {
    if (this.pieces.length !== 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0];
  }

  private keep(rest: Buffer): void {
    this.pieces = [rest];
    this.held = rest.length;
  }
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
