import type { Argv } from 'yargs';
import { printPicture } from '../terminal/output.ts';

/** `rewind386 completion`: prints the script by which a shell completes commands and options. */

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `rewind386 completion` */
export const addCompletion = (cli: Argv): Argv =>
  cli.command(
    'completion <shell>',
    'print a script that completes commands and options',
    options,
    ({ shell }) => printPicture(SCRIPTS[shell as (typeof SHELLS)[number]].trimEnd()),
  );

const options = (yargs: Argv) =>
  yargs
    .positional('shell', { choices: SHELLS, demandOption: true, describe: 'the shell' })
    .example('source <($0 completion bash)', 'in ~/.bashrc; the same with zsh in ~/.zshrc')
    .example('$0 completion fish | source', 'in ~/.config/fish/config.fish');

/** The scripts ask the tool for the words; if it has none, the shell completes file names. */
const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `_rewind386() {
  local current="\${COMP_WORDS[COMP_CWORD]}"
  local words
  words=$(rewind386 --get-yargs-completions "\${COMP_WORDS[@]}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _rewind386 rewind386
`,
  zsh: `#compdef rewind386
_rewind386() {
  local -a words_found
  words_found=("\${(@f)$(SHELL=bash rewind386 --get-yargs-completions "\${words[@]}" 2>/dev/null)}")
  words_found=(\${words_found:#})
  if (( \${#words_found} )); then compadd -- $words_found; fi
  _files
}
compdef _rewind386 rewind386
`,
  fish: `function __rewind386
  SHELL=bash rewind386 --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null
end
complete -c rewind386 -a '(__rewind386)'
`,
};
