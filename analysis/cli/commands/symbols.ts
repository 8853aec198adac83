import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import { systemMap } from '../../linux/kallsyms.ts';
import { DISKS } from '../options/disk-option.ts';
import { parseCount } from '../options/values.ts';
import { plural, shellWord } from '../terminal/format.ts';
import { print } from '../terminal/output.ts';
import { linuxSymbols } from '../work/linux-symbols.ts';
import { machineAt } from '../work/machine-at.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 symbols`: extracts the symbols of a Linux kernel and its modules from its memory. */
export const addSymbols = (cli: Argv): Argv =>
  cli.command(
    'symbols <file>',
    'extract the symbols of a Linux kernel and its modules from its memory',
    options,
    async ({ file, at, output, force, disk }) => {
      checkOutput(output, { force, makes: 'other', inputs: [file] });
      const machine = await machineAt(file, at === undefined ? undefined : parseCount(at, '--at'), disk);
      const found = linuxSymbols(machine);
      if (!found)
        throw new BadInput(
          `${file}: no Linux symbol table in memory at icount ${machine.icount}`,
          'give an icount after the kernel has unpacked itself (--at); the kernel needs CONFIG_KALLSYMS',
        );
      writeBeside(output, systemMap(found));
      const { symbols, modules } = found;
      const of = modules.length === 0 ? '' : `, also of the modules ${modules.join(', ')}`;
      print(`${output}: ${plural(symbols.length, 'symbol')}${of}`);
      print(`next: rewind386 record … --symbols ${shellWord(output)}`);
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: { type: 'string', requiresArg: true, describe: 'icount at which to look (default: the end)' },
      output: {
        alias: 'o',
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'the System.map to write',
      },
      ...FORCE,
      ...DISKS,
    })
    .example('$0 symbols linux.r386 -o System.map', 'symbols from the memory of the kernel');
