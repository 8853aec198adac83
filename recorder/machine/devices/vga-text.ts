import { type MachineMemory, RAM } from '../layout.ts';
import { deviceBlock } from './device-block.ts';
import { VGA_ATTRIBUTE, VGA_CRTC, VGA_GRAPHICS, VGA_PALETTE } from './vga.ts';

/** Reads the screen of a VGA in a text mode from the machine's state, without changing it. */
export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /**
   * Cells row by row: character in bits 0-7 (code page 437), attribute in bits 8-15 (bits 0-3 foreground, 4-6 background, 7 see
   * `blinks`).
   */
  readonly cells: Uint16Array;
  /** Null if it is off or outside the screen. */
  readonly cursor: { readonly column: number; readonly row: number } | null;
  /** True if attribute bit 7 means blinking; otherwise it is the fourth bit of the background colour. */
  readonly blinks: boolean;
  /** The 16 colours: red, green, blue of 0-255 each. */
  readonly palette: readonly (readonly [number, number, number])[];
}

const GRAPHICS_MODE = 6;
const ALPHANUMERIC = 0;
/** Physical address of the memory window, by bits 3-2 of graphics register 6. */
const WINDOWS = [0xa0000, 0xa0000, 0xb0000, 0xb8000];
const MAX_ROWS = 60;
const WINDOW_END = 0xc0000;

/** CRTC registers. */
const HORIZONTAL_END = 0x01;
const OVERFLOW = 0x07;
const MAX_SCAN_LINE = 0x09;
const CURSOR_START = 0x0a;
const START_HIGH = 0x0c;
const CURSOR_HIGH = 0x0e;
const VERTICAL_END = 0x12;
const OFFSET = 0x13;
const CURSOR_OFF = 0x20;

const MODE_CONTROL = 0x10;
const BLINK = 8;

/** The text on the screen; null in a graphics mode. */
export function readTextScreen(mem: MachineMemory): TextScreen | null {
  const { u8 } = deviceBlock(mem, 'vga');
  const crtc = (index: number) => u8[VGA_CRTC + index];
  const word = (index: number) => (crtc(index) << 8) | crtc(index + 1);
  const graphics = u8[VGA_GRAPHICS + GRAPHICS_MODE];
  if ((graphics & 1) !== ALPHANUMERIC) return null;
  const columns = crtc(HORIZONTAL_END) + 1;
  const overflow = crtc(OVERFLOW);
  const lines = (crtc(VERTICAL_END) | ((overflow & 2) << 7) | ((overflow & 0x40) << 3)) + 1;
  const rows = Math.min(MAX_ROWS, Math.floor(lines / ((crtc(MAX_SCAN_LINE) & 0x1f) + 1)));
  const window = WINDOWS[(graphics >> 2) & 3];
  const pitch = crtc(OFFSET) * 2;
  const start = word(START_HIGH);
  const cells = new Uint16Array(columns * rows);
  const windowWords = (WINDOW_END - window) >>> 1;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = window + ((start + row * pitch + column) % windowWords) * 2;
      cells[row * columns + column] = mem.u8[RAM + at] | (mem.u8[RAM + at + 1] << 8);
    }
  }
  const attribute = (index: number) => u8[VGA_ATTRIBUTE + index];
  const palette = Array.from({ length: 16 }, (_, colour) => {
    const at = VGA_PALETTE + (attribute(colour) & 0x3f) * 3;
    const level = (component: number) => Math.round((u8[at + component] * 255) / 63);
    return [level(0), level(1), level(2)] as const;
  });
  const place = word(CURSOR_HIGH) - start;
  const on = (crtc(CURSOR_START) & CURSOR_OFF) === 0 && place >= 0 && pitch > 0;
  const [cursorRow, cursorColumn] = on ? [Math.floor(place / pitch), place % pitch] : [-1, -1];
  const visible = on && cursorRow < rows && cursorColumn < columns;
  return {
    columns,
    rows,
    cells,
    cursor: visible ? { column: cursorColumn, row: cursorRow } : null,
    blinks: (attribute(MODE_CONTROL) & BLINK) !== 0,
    palette,
  };
}

/** Code page 437 above ASCII, and the pictures of its control codes. */
const LOW = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';
const HIGH =
  '⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';
const CODE_PAGE_437 = [
  ...LOW,
  ...Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)),
  ...HIGH,
];

/** A character cell as Unicode. */
export const cellText = (cell: number): string => CODE_PAGE_437[cell & 0xff];

/** The lines of the screen, without trailing blanks. */
export function screenLines({ columns, rows, cells }: TextScreen): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(cells.subarray(row * columns, (row + 1) * columns), cellText)
      .join('')
      .trimEnd(),
  );
}
