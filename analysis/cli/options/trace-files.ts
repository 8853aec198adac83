import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { escapePath, globSync, isDynamicPattern } from 'tinyglobby';
import { BadInput } from '../../../schemas/bad-input.ts';
import { isFleet, isFleetFile, isResult } from '../../fleet/folder.ts';

/** The traces named on the command line. A name with *, ? or [ may be a pattern that the shell did not expand. */

/** Files that words stand for. */
export interface NamedFiles {
  readonly traces: readonly string[];
  /** Files with what a fleet found (docs/fleet.md). */
  readonly results: readonly string[];
}

/** The positional argument of commands on several traces. */
export const TRACE_FILES = {
  type: 'string',
  array: true,
  demandOption: true,
  describe: 'the traces, or quoted patterns',
} as const;

/**
 * Expands each word that is a pattern and not an existing file to the matching files, in the order of their names. The folder of a fleet
 * stands for the files in it. Throws BadInput for a pattern without a match.
 */
export function namedFiles(words: readonly string[]): NamedFiles {
  const files = expanded(words);
  return { traces: files.filter((file) => !isFleetFile(file)), results: files.filter(isResult) };
}

/** The traces among these. */
export const traceFiles = (words: readonly string[]): readonly string[] => namedFiles(words).traces;

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
