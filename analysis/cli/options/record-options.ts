import type { ArgumentsCamelCase, Argv } from 'yargs';
import { BUILTIN_PROFILES } from '../../../recorder/capture/builtin-profiles.ts';
import {
  type CheckpointOptions,
  DEFAULT_CHECKPOINT_SHARE,
  DEFAULT_CHECKPOINT_TIME,
} from '../../../recorder/capture/checkpoint-policy.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { DEFAULT_LADDER_INTERVAL } from '../../../schemas/trace/output.ts';
import { BUILTIN_GUEST, KERNELS, WORKLOADS } from './builtin-guest.ts';
import { INPUT_OPTIONS } from './input-options.ts';
import { MACHINE_OPTIONS } from './machine-options.ts';
import { PROBE_OPTIONS } from './probe-options.ts';
import { SCHEDULE } from './schedule.ts';
import { parseCount } from './values.ts';

/** The options of `record`. */

/** The options in yargs's form. */
export type RecordArguments =
  ReturnType<typeof recordOptions> extends Argv<infer Given> ? ArgumentsCamelCase<Given> : never;

/** Options of the run: seed, length, and what counts as success. */
const RUN_OPTIONS = {
  seed: {
    type: 'string',
    default: '1',
    requiresArg: true,
    describe: 'seed of disk latencies and of the clock; the same seed gives the same run',
  },
  'until-fail': {
    type: 'string',
    requiresArg: true,
    describe:
      'record up to N seeds, from --seed on, until a run fails (crash, panic, exit code, an error of `check`); keep that one',
  },
  jobs: {
    type: 'string',
    requiresArg: true,
    describe:
      'with --until-fail: number of seeds recorded at the same time (default 1); the lowest failing seed is kept in any case',
  },
  ...SCHEDULE,
  instructions: {
    alias: 'n',
    type: 'string',
    default: '2G',
    requiresArg: true,
    describe: 'stop after this many instructions',
  },
  'expect-exit': {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe:
      'exit code that the guest should end with: status 0 for it and 1 for any other end; may be repeated',
  },
} as const;

/** Options for the data that a boot loader passes to the kernel. */
const BOOT_OPTIONS = {
  append: {
    type: 'string',
    requiresArg: true,
    describe: 'command line of the kernel (for the built-in guest, added to its options)',
  },
  module: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'Multiboot module: FILE[=ARGUMENTS]',
  },
  initrd: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'initial RAM disk of a Linux kernel; several are concatenated',
  },
  symbols: {
    type: 'string',
    requiresArg: true,
    describe: 'symbols of the kernel if its image has none: System.map, ELF or a.out',
  },
} as const;

/** Options of drives, and of the BIOS that boots from them. */
const DRIVE_OPTIONS = {
  disk: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'hard disk image (up to four); never written to',
  },
  floppy: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'floppy image (up to two); never written to',
  },
  cdrom: { type: 'string', requiresArg: true, describe: 'CD image, on the second ATA channel' },
  boot: {
    type: 'string',
    requiresArg: true,
    describe: 'drives for the BIOS to try: a floppy, c hard disk, d CD (docs/machine.md)',
  },
  bios: { type: 'string', requiresArg: true, describe: 'BIOS image (default: SeaBIOS)' },
  'vga-bios': {
    type: 'string',
    requiresArg: true,
    describe: 'VGA BIOS image; none leaves it out (default: SeaVGABIOS)',
  },
  isa: { type: 'boolean', default: false, describe: 'hide the PCI bus from the guest' },
} as const;

/** Options of checkpoints in the trace. */
const CHECKPOINT_OPTIONS = {
  'checkpoint-every': {
    type: 'string',
    default: 'auto',
    requiresArg: true,
    describe: 'checkpoints in the trace for `debug`: instructions between checkpoints, auto or off',
  },
  'checkpoint-share': {
    type: 'number',
    default: 100 * DEFAULT_CHECKPOINT_SHARE,
    requiresArg: true,
    describe: 'with auto: maximum share of the trace, percent',
  },
  'checkpoint-time': {
    type: 'number',
    default: 100 * DEFAULT_CHECKPOINT_TIME,
    requiresArg: true,
    describe: 'with auto: maximum share of the recording time, percent, estimated from the work done',
  },
} as const;

export const recordOptions = (yargs: Argv) =>
  yargs
    .positional('guest', {
      type: 'string',
      describe: `the built-in guest (${BUILTIN_GUEST}), a Multiboot ELF, a Linux bzImage, or the image of a bootable disk, floppy or CD`,
    })
    .options({
      output: { alias: 'o', type: 'string', requiresArg: true, describe: 'the trace to write' },
      force: { type: 'boolean', default: false, describe: 'overwrite an existing file' },
      kernel: { type: 'string', requiresArg: true, describe: `${BUILTIN_GUEST}: ${KERNELS.join(' or ')}` },
      workload: {
        type: 'string',
        requiresArg: true,
        describe: `${BUILTIN_GUEST}: ${WORKLOADS.join(', ')}`,
      },
      variant: {
        type: 'string',
        requiresArg: true,
        describe: `${BUILTIN_GUEST}: a historical bug, by its name in docs/bug-classes.md`,
      },
      ...RUN_OPTIONS,
      ...BOOT_OPTIONS,
      ...DRIVE_OPTIONS,
      profile: {
        type: 'string',
        requiresArg: true,
        describe: `the guest's layout: ${Object.keys(BUILTIN_PROFILES).join(', ')}, or a JSON file (docs/guest-profile.md)`,
      },
      ...MACHINE_OPTIONS,
      ...CHECKPOINT_OPTIONS,
      ...PROBE_OPTIONS,
      ladder: {
        type: 'string',
        default: String(DEFAULT_LADDER_INTERVAL),
        describe: 'instructions between two state hashes',
      },
      ...INPUT_OPTIONS,
      screen: {
        type: 'boolean',
        default: false,
        describe:
          'show the VGA text screen, live on a terminal and once at the end; --interactive types on the keyboard',
      },
      quiet: { alias: 'q', type: 'boolean', default: false, describe: "do not show the guest's console" },
    })
    .demandOption('output', 'say where to write the trace: -o FILE')
    .example('$0 record --workload ftpd --seed 7 -o ftpd.r386', 'the built-in guest, its buggy kernel')
    .example('$0 record --kernel fixed --seed 7 -o fixed.r386', 'the same run on the repaired kernel')
    .example(
      '$0 record kernel.elf --append "root=/dev/wd0" --disk root.img -o own.r386',
      'a kernel of your own',
    )
    .example(
      '$0 record test.elf --expect-exit 0x2a -o test.r386',
      'exit 1 when the guest crashes, panics, or ends with another exit code',
    )
    .example(
      '$0 record test.elf --jitter 20% --until-fail 100 --jobs 4 -o test.r386',
      'look for a seed that fails',
    )
    .example('$0 record disk.img --ram 32 -o disk.r386', 'boot a disk image, by SeaBIOS')
    .example('$0 record --cdrom live.iso --disk hd.img --boot dc -o live.r386', 'boot a CD, with a hard disk')
    .example(
      '$0 record bzImage --initrd initrd.gz --append "console=ttyS0 noapic nolapic acpi=off pci=off" --ram 128 -o linux.r386',
      'a Linux kernel',
    );

export function parseCheckpoints(
  every: string,
  sharePercent: number,
  timePercent: number,
): CheckpointOptions {
  const options = {
    share: parsePercent(sharePercent, '--checkpoint-share'),
    timeShare: parsePercent(timePercent, '--checkpoint-time'),
  };
  if (every === 'auto' || every === 'off') return { every, ...options };
  return { every: Math.max(1, parseCount(every, '--checkpoint-every')), ...options };
}

function parsePercent(percent: number, option: string): number {
  if (!(percent >= 0 && percent <= 100))
    throw new BadInput(`${option} ${percent}: not a percentage`, 'write 0 to 100');
  return percent / 100;
}
