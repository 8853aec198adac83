import type { TextScreen } from './devices/vga-text.ts';

/** Characters of a PC's text screen as Unicode. */

/** Code page 437, the characters of a PC's ROM font, from 0x80 on, and its symbols below 0x20 and at 0x7f. */
const SYMBOLS = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
const UPPER =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const HOUSE = '⌂';

export function characterOf(code: number): string {
  if (code < SYMBOLS.length) return SYMBOLS[code];
  if (code === 0x7f) return HOUSE;
  return code < 0x80 ? String.fromCharCode(code) : UPPER[code - 0x80];
}

/** The lines of the screen, without trailing blanks. */
export function screenLines({ columns, rows, cells }: TextScreen): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(cells.subarray(row * columns, (row + 1) * columns), (cell) => characterOf(cell & 0xff))
      .join('')
      .trimEnd(),
  );
}
