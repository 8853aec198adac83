import { BadInput } from '../../../schemas/bad-input.ts';
import { type TypeTo, unescaped } from './typing.ts';

/**
 * A dialogue with a guest in the style of expect(1), one statement per line:
 *
 *     # comment
 *     expect "login: "        waits for text on the console
 *     expect screen "A:\\>"   waits for text on the VGA text screen
 *     send "root\n"           types on the serial port
 *     key "dir\n"             types at the keyboard
 *     wait 5M                 instructions
 *     timeout 2G              timeout of each following expect, instructions
 *     quit                    ends the recording
 */
export type Statement = { readonly line: number } & (
  | { readonly kind: 'expect'; readonly on: 'console' | 'screen'; readonly text: string }
  | { readonly kind: 'send'; readonly to: TypeTo; readonly text: string }
  | { readonly kind: 'wait' | 'timeout'; readonly instructions: number }
  | { readonly kind: 'quit' }
);

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;

/** Reads a script. `where` names the file in messages; `count` reads a number of instructions. Throws BadInput. */
export function parseScript(
  text: string,
  where: string,
  count: (text: string, where: string) => number,
): Statement[] {
  return text.split(/\r?\n/).flatMap((source, n) => {
    const trimmed = source.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    return [statement(trimmed, n + 1, `${where}:${n + 1}`, count)];
  });
}

function statement(
  source: string,
  line: number,
  where: string,
  count: (text: string, where: string) => number,
): Statement {
  const [, word, rest] = /^(\S+)\s*(.*)$/.exec(source) as RegExpExecArray;
  const text = (quoted: string): string => {
    const [, inside] = QUOTED.exec(quoted) ?? [];
    if (!inside)
      throw new BadInput(
        `${where}: ${word} needs a text in quotes`,
        `write ${word} "…", for example ${word} "root\\n"`,
      );
    return unescaped(inside);
  };
  switch (word) {
    case 'expect': {
      const [, screen, quoted] = /^(screen\s+)?(.*)$/.exec(rest) as RegExpExecArray;
      return { line, kind: 'expect', on: screen ? 'screen' : 'console', text: text(quoted) };
    }
    case 'send':
      return { line, kind: 'send', to: 'serial', text: text(rest) };
    case 'key':
      return { line, kind: 'send', to: 'keyboard', text: text(rest) };
    case 'wait':
    case 'timeout':
      return { line, kind: word, instructions: count(rest, `${where}: ${word}`) };
    case 'quit':
      return { line, kind: 'quit' };
    default:
      throw new BadInput(
        `${where}: "${word}" is not a statement`,
        'a script has expect, send, key, wait, timeout and quit (docs/guests.md)',
      );
  }
}
