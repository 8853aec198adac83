import { printable } from '../../../schemas/untrusted.ts';

/** Text in XML. */

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text between tags, made printable so that it contains only characters valid in XML. */
export const text = (words: string): string =>
  printable(words).replaceAll(/[&<>"]/g, (character) => ENTITIES[character]);

/** Text as an attribute's value. */
export const quoted = (words: string): string => `"${text(words)}"`;
