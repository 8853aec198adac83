/** `--unsafe-files` of commands that run the user's own SQL; `--allow-files` is its former name. */
export const FILE_ACCESS = {
  'unsafe-files': {
    alias: 'allow-files',
    type: 'boolean',
    default: false,
    describe: 'let your own SQL read files and use the network',
  },
} as const;
