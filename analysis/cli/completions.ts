/**
 * What may stand where the cursor is, for the shells' completion scripts (commands/completion.ts). yargs knows commands and
 * options; what it does not know are files, which the shell adds where this says nothing.
 */
export function completions(
  _current: string,
  _argv: unknown,
  filter: (done: (error: Error | null, words: string[] | undefined) => void) => void,
  done: (words: string[]) => void,
): void {
  filter((_error, words = []) => done(words.filter((word) => !word.startsWith('$0'))));
}
