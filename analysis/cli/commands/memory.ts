import type { Argv } from 'yargs';
import { RAM } from '../../../recorder/machine/layout.ts';
import { checkInMemory, parseRange, physicalRanges } from '../options/asked-memory.ts';
import { DISKS } from '../options/disk-option.ts';
import { symbolsOf } from '../options/guest-symbols.ts';
import { parseIcount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { traceLength } from '../report/trace-length.ts';
import { grouped, plural } from '../terminal/format.ts';
import { hexDump } from '../terminal/hex-dump.ts';
import { print, printLines } from '../terminal/output.ts';
import { machineAt } from '../work/machine-at.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 memory` */
export const addMemory = (cli: Argv): Argv =>
  cli.command('memory <file> <range>', 'show memory at an icount', options, async ({ file, ...asked }) => {
    if (asked.output !== undefined)
      checkOutput(asked.output, { force: asked.force, makes: 'other', inputs: [file] });
    await tellDivergence(file, () => showMemory(file, asked));
  });

interface Asked {
  readonly range: string;
  readonly linear: boolean;
  readonly at: string | undefined;
  readonly output: string | undefined;
  readonly disk: readonly string[];
}

async function showMemory(file: string, { range, linear, at, output, disk }: Asked): Promise<void> {
  const asked = parseRange(range, () => symbolsOf(file));
  const end = traceLength(file);
  const instant = at === undefined ? end : parseIcount(at, '--at', { file, end });
  const machine = await machineAt(file, instant, disk);
  const { u8, ramBytes } = machine.mem;
  const ranges = linear || asked.isSymbol ? physicalRanges(machine, asked, '--at') : [asked];
  for (const one of ranges) checkInMemory(one, ramBytes);
  const bytes = Buffer.concat(
    ranges.map(({ start, bytes }) => u8.subarray(RAM + start, RAM + start + bytes)),
  );
  if (output === undefined) printLines(hexDump(asked.start, bytes));
  else {
    writeBeside(output, bytes);
    print(`${output}: ${plural(bytes.length, 'byte')} at icount ${grouped(instant)}`);
  }
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .positional('range', {
      type: 'string',
      demandOption: true,
      describe:
        'physical addresses: START (4 bytes), START+LENGTH or START-END (exclusive); or SYMBOL[+OFFSET] of the kernel',
    })
    .options({
      at: {
        type: 'string',
        requiresArg: true,
        describe: 'memory before the instruction at this icount (default: at the end of the run)',
      },
      linear: {
        type: 'boolean',
        default: false,
        describe: 'the range is linear, mapped by the directory in force at that icount',
      },
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'write the bytes to a file' },
      ...FORCE,
      ...DISKS,
    })
    .example('$0 memory run.r386 0x5c7000+64', 'sixteen words of a page table, at the end')
    .example('$0 memory run.r386 --linear 0xefbfe000+64 --at 20M', 'a stack at an icount')
    .example('$0 memory run.r386 curproc', 'a variable of the kernel');
