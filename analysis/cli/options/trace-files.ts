import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { BadInput } from '../../../schemas/bad-input.ts';

/** The traces that a command line names. A name with *, ? or [ in it may be a pattern that no shell has expanded. */

/**
 * Each word as it is, or, where there is no such file and it is a pattern, the files that match it, in the order of their names.
 * Throws BadInput for a pattern without a match.
 */
export const traceFiles = (words: readonly string[]): string[] =>
  words.flatMap((word) => (isPattern(word) ? matches(word) : [word]));

/** A file of that very name is what was meant. */
export const isPattern = (word: string): boolean => isDynamicPattern(word) && !existsSync(word);

function matches(pattern: string): string[] {
  const options = { expandDirectories: false, absolute: isAbsolute(pattern) };
  const found = globSync(pattern, options);
  if (found.length === 0)
    throw new BadInput(`no file matches ${pattern}`, 'quote it only if rewind386 is to expand it');
  return found.sort();
}
