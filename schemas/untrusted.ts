/**
 * Text that comes from a file or a guest: names, labels, command lines, console lines. It may contain escape sequences for a terminal or
 * forge a line of a log, so it is not a string: TypeScript rejects it where a string is expected, and a template converts it to printable
 * form:
 *
 *     `${header.guest.name} ended`     safe: printable
 *     header.guest.name.raw            exact, to compare, encode or parse; never to display
 *     printable(anyString)             for text that has no type of its own: file names, words of a damaged file
 *     printableBlock(text)             the same for text of several lines
 *     printableJson(value)             JSON with all unprintable characters written as \uXXXX
 *
 * The command line writes its lines with `print` and `complain` (analysis/cli/terminal/output.ts), which make any remaining text printable.
 */
export class Untrusted {
  /** The exact text. */
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
 * Control characters (C0, DEL, C1), line separators, and characters without a glyph: marks of direction,
 * zero-width and other characters that Unicode (UAX #44) calls format or default-ignorable; halves of surrogate pairs.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const HIDDEN_IN_BLOCK = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function shown(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line that any terminal or log treats as text: hidden characters, including newlines, are shown as \xNN or \u{…}. */
export const printable = (text: string | Untrusted): string =>
  (typeof text === 'string' ? text : text.raw).replaceAll(HIDDEN, shown);

/** The same for text in which newlines and tabs are allowed. */
export const printableBlock = (text: string): string => text.replaceAll(HIDDEN_IN_BLOCK, shown);

/**
 * Makes every text in a structure of plain objects and arrays printable, except members named in `exact`, for messages to a program that
 * displays them.
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
 * JSON like JSON.stringify's, but with hidden characters and commands of CI servers escaped in its strings: it can be displayed anywhere
 * and parsed back.
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replaceAll(HIDDEN_IN_BLOCK, (character) => character.split('').map(unit).join(''))
    .replaceAll(LOG_COMMAND, `#${unit('#')}`);
}

/** A UTF-16 code unit as JSON escapes it. */
const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * CI servers interpret these as commands anywhere in a line: GitHub `##[error]`, Azure
 * `##vso[task…]`, TeamCity `##teamcity[…]`.
 */
const LOG_COMMAND = /##(?=\w*\[)/g;
/** Commands at the beginning of a line only: GitHub's `::error::`. */
const LOG_COMMAND_LINE = /^(\s*):(?=:)/;

/** A line for a terminal or a log: printable, and not a command to a CI server. */
export const printableLine = (line: string): string =>
  printable(line).replace(LOG_COMMAND_LINE, '$1\\x3a').replaceAll(LOG_COMMAND, '#\\x23');
