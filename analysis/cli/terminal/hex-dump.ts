import { hex8 } from './format.ts';

/** Hex dumps: sixteen bytes per line, with printable ASCII characters beside. */

const PER_LINE = 16;

/** Lines of `bytes` that begin at `address`. */
export function hexDump(address: number, bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const line = bytes.subarray(at, at + PER_LINE);
    const numbers = Array.from(line, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    lines.push(`${hex8(address + at)}  ${numbers.padEnd(3 * PER_LINE)} |${text.join('')}|`);
  }
  return lines;
}
