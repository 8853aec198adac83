import type { Input } from '../../../schemas/trace/inputs.ts';
import { icount } from '../../../schemas/units.ts';
import { scanCodes } from './us-keyboard.ts';

/** Types text into a guest: as bytes of the serial port or keys of the keyboard. */

/** Devices at which text is typed: the first serial port, or the keyboard. */
export const TYPE_TO = ['serial', 'keyboard'] as const;
export type TypeTo = (typeof TYPE_TO)[number];

/** Bytes per virtual second: a 9600 baud line, and a keyboard; guests' buffers expect these rates. */
const BYTES_PER_SECOND: Readonly<Record<TypeTo, number>> = { serial: 960, keyboard: 200 };

/** Types texts byte by byte, at most at the speed of the line. Times are icounts. */
export class Typist {
  private readonly gaps: Readonly<Record<TypeTo, number>>;
  private free = 0;

  constructor(instructionsPerSecond: number) {
    const gap = (to: TypeTo) => Math.ceil(instructionsPerSecond / BYTES_PER_SECOND[to]);
    this.gaps = { serial: gap('serial'), keyboard: gap('keyboard') };
  }

  /** The inputs that type `text` from `at` on, or after the previous text. */
  type(text: string, to: TypeTo, at: number): Input[] {
    let when = Math.max(at, this.free);
    const inputs = bytesOf(text, to).map((value): Input => {
      const input: Input = {
        kind: to === 'serial' ? 'serial_byte' : 'key_scancode',
        icount: icount(when),
        value,
      };
      when += this.gaps[to];
      return input;
    });
    this.free = when;
    return inputs;
  }
}

const bytesOf = (text: string, to: TypeTo): readonly number[] =>
  to === 'serial' ? [...Buffer.from(text)] : scanCodes(text);

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  e: '\x1b',
  '\\': '\\',
  '"': '"',
};

/** Resolves \n, \r, \t, \e, \xHH, \\ and \" in command lines and scripts. */
export const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (whole, hex: string | undefined, letter: string | undefined) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter ?? ''] ?? whole),
  );
