import { BadInput } from '../../../schemas/bad-input.ts';
import type { ElfSymbol } from '../../../schemas/guest/elf.ts';
import { symbolAddress } from '../../../schemas/guest/guest-address.ts';
import type { SqlFile } from '../../sql/catalog.ts';

/** The values of a named query's parameters; throws BadInput for too few, too many or an invalid number. */
export function parseParameters(
  { name, parameters }: SqlFile,
  given: readonly string[],
  symbols: () => readonly ElfSymbol[] = () => [],
): Record<string, number> {
  if (given.length !== parameters.length) {
    const wanted = parameters.map((p) => `${p.name.toUpperCase()} (${p.doc})`).join(', ') || 'no parameter';
    throw new BadInput(
      `${name} takes ${wanted}; given: ${given.join(' ') || 'none'}`,
      `rewind386 query FILE ${name} …`,
    );
  }
  return Object.fromEntries(
    parameters.map((parameter, i) => [parameter.name, parseNumber(given[i], name, parameter.name, symbols)]),
  );
}

/** A number, or for a linear address a symbol of the trace's kernel. */
function parseNumber(
  text: string,
  query: string,
  parameter: string,
  symbols: () => readonly ElfSymbol[],
): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) < 2 ** 32) return Number(text);
  const address = parameter === 'address' ? symbolAddress(text, symbols()) : undefined;
  if (address !== undefined) return address;
  throw new BadInput(`${query}: ${text} is not a 32-bit number`, 'write it as 0xefbfe000 or in decimal');
}
