/** Text as bytes and back, in the encodings of files and guests, without Node's Buffer. */

const PIECE = 8192;

/** Latin-1: each byte is the character of its number (and not Windows-1252, as TextDecoder has it). */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE)
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return text;
}

/** The inverse: the low byte of each UTF-16 unit. */
export const latin1Bytes = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));

const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: ArrayLike<number>): string {
  let text = '';
  for (let n = 0; n < bytes.length; n++) text += DIGITS[bytes[n]];
  return text;
}

/** Parses hexadecimal, up to the first pair of characters that is not. */
export function fromHex(text: string): Uint8Array {
  const [digits] = /^(?:[0-9a-f]{2})*/i.exec(text) as RegExpExecArray;
  return Uint8Array.from({ length: digits.length / 2 }, (_, n) =>
    Number.parseInt(digits.slice(2 * n, 2 * n + 2), 16),
  );
}
