import { BadInput } from '../bad-input.ts';
import { meant } from '../nearest.ts';
import type { ElfSymbol } from './elf.ts';

/** Addresses given as symbols of the guest. */

const ADDRESS_END = 2 ** 32;
const SYMBOL = /^([A-Za-z_.$@][\w.$@]*)(?:([+-])(0x[0-9a-f]+|\d+))?$/i;

/**
 * The linear address that `SYMBOL`, `SYMBOL+OFFSET` or `SYMBOL-OFFSET` names; the offset is decimal, or hexadecimal with 0x.
 * Undefined for other text. Throws BadInput, with a suggestion, if the kernel has no such symbol.
 */
export function symbolAddress(text: string, symbols: readonly ElfSymbol[]): number | undefined {
  const [, name, sign, offset = '0'] = SYMBOL.exec(text) ?? [];
  if (name === undefined) return undefined;
  const found = symbols.find((symbol) => symbol.name.raw === name);
  if (!found)
    throw new BadInput(
      symbols.length === 0
        ? `${name}: the guest has no symbols`
        : `the guest's kernel has no symbol ${name}${meant(name, symbolNames(symbols))}`,
      'write the address as a number, or give the symbols: --symbols FILE',
    );
  const address = found.address + (sign === '-' ? -Number(offset) : Number(offset));
  if (address >= 0 && address < ADDRESS_END) return address;
  throw new BadInput(`${text}: not a 32-bit address`);
}

function* symbolNames(symbols: readonly ElfSymbol[]): Iterable<string> {
  for (const { name } of symbols) yield String(name);
}
