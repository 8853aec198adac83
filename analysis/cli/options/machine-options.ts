import { DEFAULT_CONFIG, type MachineConfig } from '../../../recorder/machine/config.ts';
import { processorOf } from '../../../recorder/machine/cpu/decode/models.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { DETAIL, type Detail } from '../../../schemas/events.ts';
import { CONFIGURATION } from '../../../schemas/trace/configuration.ts';
import { configFault } from '../../../schemas/trace/configuration-check.ts';
import { isProcessorName, type ProcessorName } from '../../../schemas/trace/processor-name.ts';
import { parseRange } from './values.ts';

/** Options of `record` for the machine. Defaults and bounds are in the table: schemas/trace/configuration.ts. */

const { ramBytes, cpuModel, fpu, printer, instructionsPerSecond, tlbEntries, detail } = CONFIGURATION;
const { tlbWays, diskLatencyMin, diskLatencyMax, jitter } = CONFIGURATION;
const MB = 2 ** 20;

export const MACHINE_OPTIONS = {
  detail: { choices: DETAIL, default: detail.initial, describe: detail.doc.replaceAll('`', '') },
  ram: { type: 'number', default: ramBytes.initial / MB, describe: `RAM: ${ramBytes.must}` },
  cpu: {
    type: 'string',
    default: cpuModel.initial,
    requiresArg: true,
    describe: `${cpuModel.must} (docs/cpu.md)`,
  },
  fpu: {
    type: 'boolean',
    default: fpu.initial,
    describe: `${fpu.doc}; --no-fpu leaves it out (docs/fpu.md)`,
  },
  printer: { type: 'boolean', default: printer.initial, describe: printer.doc.replaceAll('`', '') },
  mips: {
    type: 'number',
    default: instructionsPerSecond.initial / 1e6,
    requiresArg: true,
    describe: `millions of ${instructionsPerSecond.doc}`,
  },
  tlb: {
    type: 'string',
    default: `${tlbEntries.initial}x${tlbWays.initial}`,
    describe: `ENTRIESxWAYS: entries ${tlbEntries.must}`,
  },
  'disk-latency': {
    type: 'string',
    default: `${diskLatencyMin.initial}-${diskLatencyMax.initial}`,
    describe: 'time of a disk command, MIN-MAX instructions, drawn by the seed',
  },
  jitter: {
    type: 'string',
    default: String(jitter.initial),
    requiresArg: true,
    describe:
      "N%: random delays of up to N percent of the timer's period and of a serial character; disk times may exceed MIN-MAX by N percent",
  },
} as const;

/** The options as parsed by yargs. */
export interface MachineArgs {
  readonly detail: Detail;
  readonly ram: number;
  readonly cpu: string;
  readonly fpu: boolean;
  readonly printer: boolean;
  readonly mips: number;
  readonly tlb: string;
  readonly diskLatency: string;
  readonly jitter: string;
}

/** The requested machine. Throws BadInput, which names the option. */
export const machineOf = (args: MachineArgs): MachineConfig => ({
  ...DEFAULT_CONFIG,
  ...parseTlb(args.tlb),
  ...jittery(parseJitter(args.jitter), parseLatency(args.diskLatency)),
  ramBytes: parseRam(args.ram),
  instructionsPerSecond: parseMips(args.mips),
  cpuModel: parseCpu(args.cpu),
  fpu: args.fpu,
  printer: args.printer,
  detail: args.detail,
});

/** The default machine with the given values. */
const isWrong = (given: Partial<MachineConfig>): boolean =>
  configFault({ ...DEFAULT_CONFIG, ...given }) !== undefined;

/** `MIN-MAX` of a disk's latency, in instructions. */
function parseLatency(text: string): DiskTimes {
  const { min, max } = parseRange(text, '--disk-latency');
  const latency = { diskLatencyMin: min, diskLatencyMax: max };
  if (!isWrong(latency)) return latency;
  throw new BadInput(
    `--disk-latency ${text}: too long`,
    `write MIN-MAX ${diskLatencyMin.must}, for example 5k-120k`,
  );
}

type DiskTimes = Pick<MachineConfig, 'diskLatencyMin' | 'diskLatencyMax'>;

/** Jitter widens the range from which a disk's times are drawn on both sides. */
function jittery(
  percent: number,
  { diskLatencyMin: min, diskLatencyMax: max }: DiskTimes,
): DiskTimes & Pick<MachineConfig, 'jitter'> {
  const times = {
    diskLatencyMin: Math.floor((min * (100 - percent)) / 100),
    diskLatencyMax: Math.ceil((max * (100 + percent)) / 100),
  };
  if (!isWrong(times)) return { ...times, jitter: percent };
  throw new BadInput(
    `--disk-latency ${min}-${max} with --jitter ${percent}%: too long`,
    `write times that are still ${diskLatencyMin.must} with the jitter`,
  );
}

/** `N%`, or `N`. */
function parseJitter(text: string): number {
  const percent = /^\d{1,3}%?$/.test(text) ? Number(text.replace('%', '')) : Number.NaN;
  if (!isWrong({ jitter: percent })) return percent;
  throw new BadInput(`--jitter ${text}: not a percentage`, `write ${jitter.must}, for example 20%`);
}

/** `ENTRIESxWAYS`: the number of sets is a power of two, as in hardware. */
function parseTlb(text: string): Pick<MachineConfig, 'tlbEntries' | 'tlbWays'> {
  const [entries, ways] = text.split('x').map(Number);
  const tlb = { tlbEntries: entries, tlbWays: ways };
  if (!isWrong(tlb)) return tlb;
  throw new BadInput(
    `--tlb ${text}: not a TLB geometry`,
    `write ENTRIESxWAYS with ENTRIES ${tlbEntries.must}, for example 32x4 (a 386) or 64x4`,
  );
}

/** `MODEL`, then features with + or -: `pentium,+cmov`. */
export function parseCpu(text: string): ProcessorName {
  try {
    processorOf(text);
  } catch (error) {
    if (error instanceof BadInput) throw new BadInput(`--cpu ${error.message}`, error.next);
    throw error;
  }
  if (isProcessorName(text)) return text;
  throw new BadInput(`--cpu ${text}: too many features are added and removed`, `write ${cpuModel.must}`);
}

function parseMips(millions: number): number {
  const speed = millions * 1e6;
  if (!isWrong({ instructionsPerSecond: speed })) return speed;
  throw new BadInput(`--mips ${millions}: not a speed`, 'write million instructions a second, 1 to 10000');
}

function parseRam(megabytes: number): number {
  const bytes = megabytes * MB;
  if (!isWrong({ ramBytes: bytes })) return bytes;
  throw new BadInput(`--ram ${megabytes}: not a memory size`, `write ${ramBytes.must}`);
}
