/**
 * Text that comes from a file or a guest: names, labels, command lines, console lines. It may hold what drives a terminal (escape
 * sequences) or forges a line of a log, so it is no string: TypeScript refuses it wherever one is wanted, and in a
 * template it shows itself in printable form:
 *
 *     `${header.guest.name} ended`     safe: printable
 *     header.guest.name.raw            exact, to compare, encode or parse; never to show
 *     printable(anyString)             for text that has no type of its own: file names, words of a damaged file
 *     printableBlock(text)             the same for text of several lines
 *     printableJson(value)             JSON with everything of the kind written as \uXXXX
 *
 * Lines of the command line itself go out by `print` and `complain` (analysis/cli/terminal/output.ts), which make printable what is left.
 */
export class Untrusted {
  /** The text as it is. */
  readonly raw: string;

  constructor(raw: string) {
    this.raw = raw;
  }

  /** One printable line. */
  toString(): string {
    return printable(this.raw);
  }

  toJSON(): string {
    return this.raw;
  }
}

export const untrusted = (raw: string): Untrusted => new Untrusted(raw);

/**
 * Control characters (C0, DEL, C1), separators of lines, and all that has no glyph of its own: marks of direction,
 * zero-width and other characters that Unicode (UAX #44) calls format or default-ignorable; halves of surrogate pairs.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const HIDDEN_IN_BLOCK = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function shown(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line that any terminal or log takes as text: what is hidden is shown as \xNN or \u{…}, a newline too. */
export const printable = (text: string | Untrusted): string =>
  (typeof text === 'string' ? text : text.raw).replaceAll(HIDDEN, shown);

/** The same for text that is meant to have lines and tabs. */
export const printableBlock = (text: string): string => text.replaceAll(HIDDEN_IN_BLOCK, shown);

/**
 * Every text in a structure of plain objects and arrays, printable, but for members of the names in `exact`: for messages
 * to a program that shows them.
 */
export function printableTexts<Value>(value: Value, exact: ReadonlySet<string>): Value {
  if (typeof value === 'string') return printableBlock(value) as Value;
  if (value instanceof Untrusted) return value.toString() as Value;
  if (Array.isArray(value)) return value.map((member) => printableTexts(member, exact)) as Value;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      exact.has(name) ? member : printableTexts(member, exact),
    ]),
  ) as Value;
}

/**
 * JSON as JSON.stringify has it, but what is hidden in its strings is escaped, and what a server of continuous integration
 * takes for a command: it can be shown anywhere and still read back.
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replaceAll(HIDDEN_IN_BLOCK, (character) => character.split('').map(unit).join(''))
    .replaceAll(LOG_COMMAND, `#${unit('#')}`);
}

/** A UTF-16 code unit as JSON escapes it. */
const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Servers of continuous integration take these for commands, wherever in a line they stand: GitHub `##[error]`, Azure
 * `##vso[task…]`, TeamCity `##teamcity[…]`.
 */
const LOG_COMMAND = /##(?=\w*\[)/g;
/** The same at the beginning of a line: GitHub's `::error::`. */
const LOG_COMMAND_LINE = /^(\s*):(?=:)/;

/** A line that goes to a terminal or a log by itself: printable, and no command to the server that keeps the log. */
export const printableLine = (line: string): string =>
  printable(line).replace(LOG_COMMAND_LINE, '$1\\x3a').replaceAll(LOG_COMMAND, '#\\x23');
