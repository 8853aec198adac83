/**
 * Words that may stand where the cursor is, for the shells' completion scripts (commands/completion.ts). yargs knows commands, choices
 * and options; options are said to those who have begun one, so that elsewhere the shell completes file names.
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
