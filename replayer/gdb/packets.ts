import { printableBlock } from '../../schemas/untrusted.ts';

/** The remote serial protocol's framing (GDB manual, appendix E.1): `$payload#checksum`, acknowledged by `+` until told not to. */

/** Largest payload, bytes, in both directions. */
export const PACKET_SIZE = 0x4000;

const INTERRUPT = 0x03;
const DOLLAR = 0x24;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ESCAPE = 0x7d;
const ESCAPE_XOR = 0x20;

/** A payload as bytes of a latin1 string, so that binary ones (X) pass. */
export type PacketEvent =
  | { readonly kind: 'packet'; readonly payload: string; readonly intact: boolean }
  /** Ctrl-C: a byte of its own, outside of packets. */
  | { readonly kind: 'interrupt' }
  /** `-`: the last packet is to be sent again. */
  | { readonly kind: 'again' }
  /** Not gdb, or a packet beyond PACKET_SIZE: nothing after it is read. */
  | { readonly kind: 'foreign' };

const checksum = (payload: string): string => {
  let sum = 0;
  for (let i = 0; i < payload.length; i++) sum = (sum + payload.charCodeAt(i)) & 0xff;
  return sum.toString(16).padStart(2, '0');
};

/**
 * Parses bytes as they arrive. A connection that begins with anything but acknowledgements and a packet is not gdb (perhaps a browser
 * that posts to the port), and packets in its data are ignored.
 */
export class PacketReader {
  /** The packet being read: payload, `#`, two digits. */
  private readonly pending = Buffer.alloc(PACKET_SIZE + 3);
  private filled = 0;
  /** Position of `#` in it; -1 until it has arrived. */
  private hash = -1;
  private state: 'beginning' | 'between' | 'packet' | 'foreign' = 'beginning';

  *push(bytes: Uint8Array): Generator<PacketEvent> {
    for (const byte of bytes) {
      if (this.state === 'foreign') return;
      const event = this.state === 'packet' ? this.inPacket(byte) : this.between(byte);
      if (event) yield event;
    }
  }

  private between(byte: number): PacketEvent | undefined {
    if (byte === DOLLAR) {
      this.state = 'packet';
      this.filled = 0;
      this.hash = -1;
    } else if (this.state === 'beginning') return byte === PLUS ? undefined : this.foreign();
    else if (byte === INTERRUPT) return { kind: 'interrupt' };
    else if (byte === MINUS) return { kind: 'again' };
    // '+', or noise.
    return undefined;
  }

  private inPacket(byte: number): PacketEvent | undefined {
    if (this.hash < 0 && byte === HASH) this.hash = this.filled;
    else if (this.hash < 0 && this.filled === PACKET_SIZE) return this.foreign();
    this.pending[this.filled++] = byte;
    if (this.hash < 0 || this.filled < this.hash + 3) return undefined;
    this.state = 'between';
    const payload = this.pending.toString('latin1', 0, this.hash);
    const sum = this.pending.toString('latin1', this.hash + 1, this.filled).toLowerCase();
    return { kind: 'packet', payload, intact: sum === checksum(payload) };
  }

  private foreign(): PacketEvent {
    this.state = 'foreign';
    return { kind: 'foreign' };
  }
}

/** A packet with `payload`, whose special characters are escaped. */
export function encodePacket(payload: string): Buffer {
  const escaped = payload.replaceAll(
    /[#$}*]/g,
    (c) => `}${String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_XOR)}`,
  );
  return Buffer.from(`$${escaped}#${checksum(escaped)}`, 'latin1');
}

/** The bytes of a binary argument: `}` escapes the next. */
export function unescapeBinary(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    bytes.push(byte === ESCAPE ? text.charCodeAt(++i) ^ ESCAPE_XOR : byte);
  }
  return Uint8Array.from(bytes);
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Text for gdb to display; it may contain names from the guest. */
export const hexOfText = (text: string): string => Buffer.from(printableBlock(text), 'utf8').toString('hex');

/** Decodes hexadecimal bytes; undefined for invalid text. */
export const bytesOfHex = (text: string): Uint8Array | undefined =>
  /^(?:[0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined;

/** Numbers in hexadecimal, of at most 32 bits, separated by commas: exactly `count` of them, else undefined. */
export function hexNumbers(text: string, count: number): number[] | undefined {
  const parts = text.split(',');
  return parts.length === count && parts.every((part) => /^[0-9a-f]{1,8}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined;
}
