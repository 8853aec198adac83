import { BadInput } from '../../../schemas/bad-input.ts';

/** Scan codes of set 1 of a US keyboard (IBM PC/AT Technical Reference, "Keyboard Encoding"), for what people type. */

/** The character keys, by scan code from 0x02 on, unshifted and shifted; a space means a key without a character. */
const PLAIN = "1234567890-=\b\tqwertyuiop[]\n asdfghjkl;'` \\zxcvbnm,./";
const SHIFTED = '!@#$%^&*()_+\b\tQWERTYUIOP{}\n ASDFGHJKL:"~ |ZXCVBNM<>?';
const FIRST = 0x02;
const SPACE = 0x39;
const ESCAPE = 0x01;
const CONTROL = 0x1d;
const LEFT_SHIFT = 0x2a;
const BREAK = 0x80;
const EXTENDED = 0xe0;
const DELETE_CHARACTER = '\x7f';
const BACKSPACE = 0x0e;

/** Cursor keys and such, as terminals send them. */
const ESCAPE_SEQUENCES: Readonly<Record<string, number>> = {
  '\x1b[A': 0x48,
  '\x1b[B': 0x50,
  '\x1b[C': 0x4d,
  '\x1b[D': 0x4b,
  '\x1b[H': 0x47,
  '\x1b[F': 0x4f,
  '\x1b[2~': 0x52,
  '\x1b[3~': 0x53,
  '\x1b[5~': 0x49,
  '\x1b[6~': 0x51,
};

/** The key presses and releases that type a text. Throws BadInput for a character without a key. */
export function scanCodes(text: string): number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; ) {
    const sequence = Object.keys(ESCAPE_SEQUENCES).find((known) => text.startsWith(known, at));
    if (sequence) {
      const code = ESCAPE_SEQUENCES[sequence];
      codes.push(EXTENDED, code, EXTENDED, code | BREAK);
    } else codes.push(...keyOf(text[at]));
    at += sequence?.length ?? 1;
  }
  return codes;
}

/** True if some key gives the character. */
export function isTypeable(character: string): boolean {
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= 1 && code <= 0x7f && (code <= 0x1b || code >= 0x20);
}

function keyOf(character: string): number[] {
  const press = (code: number) => [code, code | BREAK];
  const held = (modifier: number, code: number) => [modifier, ...press(code), modifier | BREAK];
  if (character === ' ') return press(SPACE);
  if (character === '\x1b') return press(ESCAPE);
  if (character === DELETE_CHARACTER) return press(BACKSPACE);
  // A terminal sends a carriage return for the key that ends a line.
  const plain = PLAIN.indexOf(character === '\r' ? '\n' : character);
  if (plain >= 0) return press(FIRST + plain);
  const shifted = SHIFTED.indexOf(character);
  if (shifted >= 0) return held(LEFT_SHIFT, FIRST + shifted);
  const code = character.charCodeAt(0);
  if (code >= 1 && code <= 26) return held(CONTROL, FIRST + PLAIN.indexOf(String.fromCharCode(code + 96)));
  throw new BadInput(
    `no key of a US keyboard types ${JSON.stringify(character)}`,
    'type it on the serial port',
  );
}
