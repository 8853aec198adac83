/**
 * The words that can complete the current one, for the shells' completion scripts (commands/completion.ts): yargs's commands and choices,
 * and options only if the word begins with a dash, so that elsewhere the shell completes file names.
 */
export function completions(
  current: string,
  _argv: unknown,
  known: (done: (error: Error | null, words: string[] | undefined) => void) => void,
  done: (words: string[]) => void,
): void {
  known((_error, words = []) =>
    done(words.filter((word) => current.startsWith('-') || !word.startsWith('-'))),
  );
}
