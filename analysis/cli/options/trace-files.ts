import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { escapePath, globSync, isDynamicPattern } from 'tinyglobby';
import { BadInput } from '../../../schemas/bad-input.ts';
import { isFleet, isFleetFile, isResult } from '../../fleet/folder.ts';

/** The traces that a command line names. A name with *, ? or [ in it may be a pattern that no shell has expanded. */

/**
 * Each word as it is, or, where there is no such file and it is a pattern, the files that match it, in the order of their names.
 * A folder that a fleet shares stands for the traces in it. Throws BadInput for a pattern without a match.
 */
export const traceFiles = (words: readonly string[]): string[] =>
  expanded(words).filter((file) => !isFleetFile(file));

/** The files with what a fleet found, among those that the words stand for (docs/fleet.md). */
export const resultFiles = (words: readonly string[]): string[] => expanded(words).filter(isResult);

const expanded = (words: readonly string[]): string[] =>
  words.flatMap((word) => {
    if (isPattern(word)) return matches(word);
    return isFleet(word) ? matches(`${escapePath(word)}/**`) : [word];
  });

/** A file of that very name is what was meant. */
export const isPattern = (word: string): boolean => isDynamicPattern(word) && !existsSync(word);

function matches(pattern: string): string[] {
  const options = { expandDirectories: false, absolute: isAbsolute(pattern) };
  const found = globSync(pattern, options);
  if (found.length === 0)
    throw new BadInput(`no file matches ${pattern}`, 'quote it only if rewind386 is to expand it');
  return found.sort();
}
