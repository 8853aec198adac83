/** The remote serial protocol's framing (GDB manual, appendix E.1): `$payload#checksum`, acknowledged by `+` until told not to. */

const INTERRUPT = 0x03;
const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const ESCAPE_XOR = 0x20;

/** A payload as bytes of a latin1 string, so that binary ones (X) pass. */
export type PacketEvent =
  | { readonly kind: 'packet'; readonly payload: string; readonly intact: boolean }
  /** Ctrl-C: a byte of its own, outside of packets. */
  | { readonly kind: 'interrupt' };

const checksum = (payload: string): string => {
  let sum = 0;
  for (let i = 0; i < payload.length; i++) sum = (sum + payload.charCodeAt(i)) & 0xff;
  return sum.toString(16).padStart(2, '0');
};

/** Takes bytes as they come, and gives what they say. */
export class PacketReader {
  private pending = Buffer.alloc(0);

  *push(bytes: Uint8Array): Generator<PacketEvent> {
    this.pending = Buffer.concat([this.pending, bytes]);
    let at = 0;
    while (at < this.pending.length) {
      const byte = this.pending[at];
      if (byte === INTERRUPT) {
        yield { kind: 'interrupt' };
        at++;
      } else if (byte !== DOLLAR) {
        at++; // '+', '-', or noise.
      } else {
        const end = this.pending.indexOf(HASH, at);
        if (end < 0 || end + 2 >= this.pending.length) break;
        const payload = this.pending.toString('latin1', at + 1, end);
        const intact = this.pending.toString('latin1', end + 1, end + 3).toLowerCase() === checksum(payload);
        yield { kind: 'packet', payload, intact };
        at = end + 3;
      }
    }
    this.pending = this.pending.subarray(at);
  }
}

/** A packet around `payload`, in which the protocol's own characters are escaped. */
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
export const hexOfText = (text: string): string => Buffer.from(text, 'utf8').toString('hex');
export const bytesOfHex = (text: string): Uint8Array => Buffer.from(text, 'hex');
