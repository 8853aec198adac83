import { extname } from 'node:path';
import type { Argv } from 'yargs';
import { readTextScreen, type TextScreen } from '../../../recorder/machine/devices/vga-text.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { DISKS } from '../options/disk-option.ts';
import { parseCount } from '../options/values.ts';
import { tellDivergence } from '../report/diverged.ts';
import { grouped } from '../terminal/format.ts';
import { print, printPicture } from '../terminal/output.ts';
import { screenAnsi, screenSvg, screenText } from '../terminal/screen.ts';
import { machineAt } from '../work/machine-at.ts';
import { checkOutput, FORCE } from '../work/output-file.ts';
import { writeBeside } from '../work/write-beside.ts';

/** `rewind386 screen`: shows the VGA text screen at an icount. */

const FORMATS: Readonly<Record<string, (screen: TextScreen) => string>> = {
  '.svg': screenSvg,
  '.txt': screenText,
  '.ans': screenAnsi,
};

/** `rewind386 screen` */
export const addScreen = (cli: Argv): Argv =>
  cli.command(
    'screen <file>',
    'show the VGA text screen at an icount',
    options,
    async ({ file, at, output, force, disk }) => {
      if (output !== undefined) checkOutput(output, { force, makes: 'other', inputs: [file] });
      const instant = at === undefined ? undefined : parseCount(at, '--at');
      await tellDivergence(file, () => showScreen(file, instant, output, disk));
    },
  );

async function showScreen(
  file: string,
  at: number | undefined,
  output: string | undefined,
  disks: readonly string[],
): Promise<void> {
  const format = output === undefined ? undefined : FORMATS[extname(output)];
  if (output !== undefined && !format)
    throw new BadInput(
      `${output}: unknown picture format`,
      `name it with one of ${Object.keys(FORMATS).join(', ')}`,
    );
  const machine = await machineAt(file, at, disks);
  const screen = readTextScreen(machine.mem);
  if (!screen)
    throw new BadInput(
      `${file}: the screen is in a graphics mode at icount ${grouped(machine.icount)}`,
      'give another time: --at ICOUNT',
    );
  if (output !== undefined && format) {
    writeBeside(output, format(screen));
    print(`${output}: the screen at icount ${grouped(machine.icount)}`);
  } else {
    printPicture((process.stdout.isTTY ? screenAnsi(screen) : screenText(screen)).trimEnd());
  }
}

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      at: { type: 'string', requiresArg: true, describe: 'icount (default: the end of the recording)' },
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'write it to FILE.svg (a picture), .txt or .ans (with terminal colours)',
      },
      ...FORCE,
      ...DISKS,
    })
    .example('$0 screen dos.r386', 'the screen at the end of the run')
    .example('$0 screen dos.r386 --at 120M -o boot.svg', 'a picture at an earlier icount');
