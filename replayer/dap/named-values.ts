import { BadInput } from '../../schemas/bad-input.ts';
import type { Debuggee } from '../debug/debuggee.ts';
import { type GuestCode, hex } from '../debug/guest-code.ts';
import { SCOPES } from './variables.ts';

/** Values that a user of an editor can name: registers, words of memory, symbols. */

export class NamedValues {
  private readonly debuggee: Debuggee;
  private readonly code: GuestCode;

  constructor(debuggee: Debuggee, code: GuestCode) {
    this.debuggee = debuggee;
    this.code = code;
  }

  /** A register, `*ADDRESS` (the word there), a symbol or a number; undefined for anything else. */
  value(text: string): number | undefined {
    const word = text.trim();
    if (word.startsWith('*')) {
      const address = this.value(word.slice(1));
      if (address === undefined) return undefined;
      const bytes = this.debuggee.readMemory('linear', address, 4);
      if (bytes.length < 4) throw new BadInput(`${hex(address)} is not mapped`);
      return Buffer.from(bytes).readUInt32LE();
    }
    if (/^(0x[0-9a-f]{1,8}|-?\d+)$/i.test(word)) return Number(word) >>> 0;
    const name = word.replace(/^[$%]/, '');
    const register = SCOPES.flatMap((scope) => scope.read(this.debuggee)).find(
      (variable) => variable.name === name,
    );
    return register ? Number(register.value.replaceAll(',', '')) : this.code.addressOf(word);
  }

  /** Like `value`, but throws BadInput instead of returning undefined. */
  address(text: string): number {
    const value = this.value(text);
    if (value === undefined) throw new BadInput(`${text}: neither a register, a symbol nor an address`);
    return value;
  }
}
