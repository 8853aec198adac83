import { styleText } from 'node:util';

/** Colours of output lines, by the words that they begin with. */

type Style = Parameters<typeof styleText>[0];

const STYLES: readonly (readonly [RegExp, Style])[] = [
  [/^ERROR\b/, ['red', 'bold']],
  [/^WARNING\b/, ['yellow', 'bold']],
  [/^FAILED\b/, ['red', 'bold']],
  [/^hint:/, ['cyan', 'bold']],
  [/^(?:STILL THERE|NEW|LATER|DIFFERENT)\b/, ['red', 'bold']],
  [/^VANISHED\b/, ['green', 'bold']],
  [/(?<=: )DIVERGENCE\b/, ['red', 'bold']],
  [/^NOT DETERMINISTIC\b/, ['red', 'bold']],
  [/(?<=: )(?:clean|verified)(?=: )/, ['green', 'bold']],
  [/^rewind386:/, ['red', 'bold']],
  [/^note:/, 'yellow'],
  [/^\s*next:/, 'cyan'],
  [/^ {2}\|/, 'dim'],
  [/^\$ .*/, 'bold'],
];

interface ColourStream {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
}

/** True if a stream is a terminal with colours; respects NO_COLOR, FORCE_COLOR and TERM (Node's tty.WriteStream). */
const hasColours = (stream: ColourStream): boolean => stream.isTTY === true && stream.hasColors?.() === true;

/** A printable line, in colour if the terminal has colours. */
export function highlight(line: string, stream: ColourStream): string {
  if (!hasColours(stream)) return line;
  const found = STYLES.find(([words]) => words.test(line));
  return found ? line.replace(found[0], (words) => styled(found[1], words)) : line;
}

/** styleText of Node 20 has no options; later ones would ask another stream. */
const styled = (style: Style, text: string): string =>
  (styleText as (style: Style, text: string, options: object) => string)(style, text, {
    validateStream: false,
  });
