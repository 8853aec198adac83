import { expect, it } from 'vitest';
import { liveFrame } from '../../analysis/cli/work/recording-display.ts';
import type { TextScreen } from '../../recorder/machine/devices/vga-text.ts';

/** The bytes that `record --screen` sends to a terminal. */

function screen(cursorRow: number | null): TextScreen {
  const [columns, rows] = [80, 25];
  const cells = new Uint16Array(columns * rows).fill(0x0720);
  for (let row = 0; row < rows; row++) cells[row * columns] = 0x0741 + row;
  return {
    ...{ columns, rows, cells, blinks: true },
    palette: Array.from({ length: 16 }, () => [0, 0, 0] as const),
    cursor: cursorRow === null ? null : { column: 0, row: cursorRow },
  };
}

/** The first letters of the lines, and how many newlines there are. */
function seen(frame: string): [string, number] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are taken away
  const plain = frame.replaceAll(/\x1b\[[\d;]*[A-Za-z]/g, '');
  const lines = plain.split('\r\n');
  return [lines.map((line) => line[0]).join(''), lines.length - 1];
}

it('a frame fits its terminal and does not scroll it', () => {
  expect(seen(liveFrame(screen(0), 25))).toEqual(['ABCDEFGHIJKLMNOPQRSTUVWXY', 24]);
  expect(seen(liveFrame(screen(24), 40))).toEqual(['ABCDEFGHIJKLMNOPQRSTUVWXY', 24]);
});

it('on a lower terminal the cursor stays in sight', () => {
  expect(seen(liveFrame(screen(24), 24))).toEqual(['BCDEFGHIJKLMNOPQRSTUVWXY', 23]);
  expect(seen(liveFrame(screen(3), 24))).toEqual(['ABCDEFGHIJKLMNOPQRSTUVWX', 23]);
  expect(seen(liveFrame(screen(null), 10))).toEqual(['ABCDEFGHIJ', 9]);
});

it('no line is cleared after it was written', () => {
  const frame = liveFrame(screen(0), 25);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is looked for
  expect(frame).not.toMatch(/\S\s*\x1b\[K\r\n/);
  expect(seen(liveFrame(null, 24))).toEqual(['t', 0]);
});
