/** `--disk FILE` of the commands that execute a trace: an image too large for it, which lies elsewhere now. */
export const DISKS = {
  disk: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'image of a disk that is not in the trace (default: a file of its name beside the trace)',
  },
} as const;
