import { printable } from '../../../schemas/untrusted.ts';

/** Numbers and words formatted for people. */

export const grouped = (n: number | bigint): string => n.toLocaleString('en-US');

export function bytes(n: number): string {
  if (n < 1024) return `${n} bytes`;
  const kib = n / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${grouped(n)} ${n === 1 ? one : many}`;

export const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** A word for the shell, quoted only if needed. Characters that must not reach a terminal are escaped in the $'…' of bash and zsh. */
export function shellWord(word: string): string {
  if (/^[\w./:=@%+,-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${Array.from(word, inDollarQuotes).join('')}'`;
}

function inDollarQuotes(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  return printable(character) === character ? character : `\\U${hex8(character.codePointAt(0) as number)}`;
}

/** A text after its name, in lines of at most `columns` that break between words and begin below the text. */
export function hanging(name: string, text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = name;
  for (const word of text.split(' ')) {
    const fresh = line.length <= name.length;
    if (!fresh && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = `${' '.repeat(name.length)}${word}`;
    } else line += fresh ? word : ` ${word}`;
  }
  return [...lines, line];
}
