/** `--disk FILE` of commands that execute a trace: the location of an image that is not in the trace. */
export const DISKS = {
  disk: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'image of a disk that is not in the trace (default: a file of its name beside the trace)',
  },
} as const;
