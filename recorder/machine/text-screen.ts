import { type MachineMemory, RAM } from './layout.ts';

/** What a VGA in text mode shows. */
export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /** Row by row, a cell a number: the character in bits 0-7, its attribute in bits 8-15. */
  readonly cells: Uint16Array;
  /** Index of the cell with the cursor; -1 when it is off or elsewhere. */
  readonly cursor: number;
}

/** Physical address of a colour text screen. */
const TEXT_MEMORY = 0xb8000;
const COLUMNS = 80;
const ROWS = 25;

export function readTextScreen(mem: MachineMemory): TextScreen {
  const cells = new Uint16Array(COLUMNS * ROWS);
  for (let n = 0; n < cells.length; n++) cells[n] = mem.view.getUint16(RAM + TEXT_MEMORY + 2 * n, true);
  return { columns: COLUMNS, rows: ROWS, cells, cursor: -1 };
}

/** Code page 437, the characters of a PC's ROM font, from 0x80 on; below 0x20 and at 0x7f stand its symbols. */
const SYMBOLS = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
const UPPER =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const HOUSE = '⌂';

export function characterOf(code: number): string {
  if (code < 0x20) return SYMBOLS[code];
  if (code === 0x7f) return HOUSE;
  return code < 0x80 ? String.fromCharCode(code) : UPPER[code - 0x80];
}

/** The screen's lines, without the blanks at their ends. */
export function screenLines({ columns, rows, cells }: TextScreen): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(cells.subarray(row * columns, (row + 1) * columns), (cell) => characterOf(cell & 0xff))
      .join('')
      .trimEnd(),
  );
}
