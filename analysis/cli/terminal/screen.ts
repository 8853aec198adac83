import type { TextScreen } from '../../../recorder/machine/devices/vga-text.ts';
import { characterOf, screenLines } from '../../../recorder/machine/text-screen.ts';

/** Renders a VGA text screen as plain text, in a terminal's colours, and as a picture. */

/** Lines without colours. */
export const screenText = (screen: TextScreen): string => `${screenLines(screen).join('\n')}\n`;

interface Run {
  readonly column: number;
  readonly text: string;
  readonly ink: number;
  readonly paper: number;
}

/** The runs of cells of one colour in a row. */
function runsOf({ columns, cells, blinks }: TextScreen, row: number): Run[] {
  const runs: { column: number; text: string; ink: number; paper: number }[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = cells[row * columns + column];
    const ink = (cell >>> 8) & 15;
    const paper = (cell >>> 12) & (blinks ? 7 : 15);
    const last = runs.at(-1);
    if (last && last.ink === ink && last.paper === paper) last.text += characterOf(cell & 0xff);
    else runs.push({ column, text: characterOf(cell & 0xff), ink, paper });
  }
  return runs;
}

/** With 24-bit colour escape sequences; the cursor's cell is shown reversed. */
export function screenAnsi(screen: TextScreen): string {
  const { rows, palette, cursor } = screen;
  const colour = (index: number) => palette[index].join(';');
  const row = (n: number) => {
    const painted = runsOf(screen, n).map(({ column, text, ink, paper }) => {
      const at = cursor?.row === n ? cursor.column - column : -1;
      const shown =
        at >= 0 && at < text.length
          ? `${text.slice(0, at)}\x1b[7m${text[at]}\x1b[27m${text.slice(at + 1)}`
          : text;
      return `\x1b[38;2;${colour(ink)};48;2;${colour(paper)}m${shown}`;
    });
    return `${painted.join('')}\x1b[0m`;
  };
  return `${Array.from({ length: rows }, (_, n) => row(n)).join('\n')}\n`;
}

/** A character cell of the VGA's 720x400 text, pixels. */
const WIDTH = 9;
const HEIGHT = 16;
const BASELINE = 12;
/** Font size at which common monospaced fonts (advance 0.602 em) have the width of a cell even if textLength is ignored. */
const FONT_SIZE = 14.95;

/** An SVG picture in the viewer's monospaced font. */
export function screenSvg(screen: TextScreen): string {
  const { columns, rows, palette, cursor } = screen;
  const colour = (index: number) => `rgb(${palette[index].join(',')})`;
  const box = (column: number, row: number, width: number, height: number, fill: string) =>
    `<rect x="${column * WIDTH}" y="${row}" width="${width * WIDTH}" height="${height}" fill="${fill}"/>`;
  const shapes = Array.from({ length: rows }, (_, row) =>
    runsOf(screen, row).flatMap(({ column, text, ink, paper }) => [
      ...(paper === 0 ? [] : [box(column, row * HEIGHT, text.length, HEIGHT, colour(paper))]),
      ...(text.trim() === ''
        ? []
        : [
            `<text x="${column * WIDTH}" y="${row * HEIGHT + BASELINE}" fill="${colour(ink)}" ` +
              `textLength="${text.length * WIDTH}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`,
          ]),
    ]),
  ).flat();
  if (cursor) shapes.push(box(cursor.column, cursor.row * HEIGHT + HEIGHT - 3, 1, 2, colour(7)));
  const [width, height] = [columns * WIDTH, rows * HEIGHT];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="monospace" font-size="${FONT_SIZE}" xml:space="preserve">\n` +
    `<rect width="${width}" height="${height}" fill="${colour(0)}"/>\n${shapes.join('\n')}\n</svg>\n`
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Escapes blanks at the ends of a run, which viewers that ignore xml:space would drop. */
const escaped = (text: string): string =>
  text.replaceAll(/[&<>]/g, (character) => ENTITIES[character]).replaceAll(' ', '\u00a0');
