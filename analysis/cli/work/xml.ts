import { printable } from '../../../schemas/untrusted.ts';

/** Text in XML. */

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Between tags: printable first, so that no character is left that XML does not have. */
export const text = (words: string): string =>
  printable(words).replaceAll(/[&<>"]/g, (character) => ENTITIES[character]);

/** As an attribute's value. */
export const quoted = (words: string): string => `"${text(words)}"`;
