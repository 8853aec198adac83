import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { escapePath, globSync, isDynamicPattern } from 'tinyglobby';
import { BadInput } from '../../../schemas/bad-input.ts';
import { isFleet, isFleetFile, isResult } from '../../fleet/folder.ts';

/** The traces named on the command line. A name with *, ? or [ may be a pattern that the shell did not expand. */

/**
 * Expands each word that is a pattern and not an existing file to the matching files, in the order of their names. The folder of a fleet
 * stands for the traces in it. Throws BadInput for a pattern without a match.
 */
export const traceFiles = (words: readonly string[]): string[] =>
  expanded(words).filter((file) => !isFleetFile(file));

/** The result files of fleets in the given folders (docs/fleet.md). */
export const resultFiles = (words: readonly string[]): string[] => expanded(words).filter(isResult);

const expanded = (words: readonly string[]): string[] =>
  words.flatMap((word) => {
    if (isPattern(word)) return matches(word);
    return isFleet(word) ? matches(`${escapePath(word)}/**`) : [word];
  });

/** True for a pattern, unless a file has exactly this name. */
export const isPattern = (word: string): boolean => isDynamicPattern(word) && !existsSync(word);

function matches(pattern: string): string[] {
  const options = { expandDirectories: false, absolute: isAbsolute(pattern) };
  const found = globSync(pattern, options);
  if (found.length === 0)
    throw new BadInput(`no file matches ${pattern}`, 'quote it only if rewind386 is to expand it');
  return found.sort();
}
