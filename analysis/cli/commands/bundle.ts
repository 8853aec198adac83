import type { Argv } from 'yargs';
import { DISKS } from '../options/disk-option.ts';
import { NAMING_OPTIONS } from '../options/guest-names.ts';
import { bundle } from '../work/make-bundle.ts';
import { FORCE } from '../work/output-file.ts';

/** `rewind386 bundle`: writes a self-contained trace with the answers that it must give. */
export const addBundle = (cli: Argv): Argv =>
  cli.command(
    'bundle <file>',
    'make a bug report that proves itself: a replayable trace with the expected answers',
    options,
    async ({ file, output, disk: disks, ...request }) => {
      process.exitCode = await bundle(file, { ...request, disks, output: output as string });
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'the bundle to write' },
      ...FORCE,
      ...DISKS,
      'redact-disk': {
        type: 'boolean',
        default: false,
        describe: 'keep only the disk sectors that the run read',
      },
      symbols: NAMING_OPTIONS.symbols,
      ask: {
        type: 'string',
        array: true,
        default: [] as string[],
        nargs: 1,
        describe:
          'include the rows of a named query with its parameter, for example "pte-history 0xefbfe000"',
      },
      sql: {
        type: 'string',
        array: true,
        default: [] as string[],
        nargs: 1,
        describe: 'include the rows of your own SQL; verify runs it only with --run-sql',
      },
    })
    .demandOption('output', 'say where to write the bundle: -o FILE')
    .example(
      '$0 bundle run.r386 -o bug.r386',
      'image, disk, inputs, and the rows of every named query and check',
    )
    .example('$0 bundle run.r386 --redact-disk -o bug.r386', 'without disk sectors that the run did not read')
    .epilogue('docs/bundle.md describes the contents. Verify a bundle with: rewind386 verify FILE');
