import { BadInput } from '../../schemas/bad-input.ts';
import { OutOfBounds } from '../../schemas/bounded.ts';
import { DETAIL } from '../../schemas/events.ts';
import { MAX_RAM_BYTES } from '../../schemas/trace/limits.ts';
import { DEFAULT_CONFIG, type MachineConfig } from './config.ts';
import { processorOf } from './cpu/decode/models.ts';
import { MAX_TLB_ENTRIES } from './mmu/tlb.ts';

/** Bounds of a machine's configuration: one set of rules for the command line and for the header of a trace. */

/** A field that cannot be what it is. */
export interface ConfigFault {
  readonly field: keyof MachineConfig;
  readonly value: unknown;
  /** Completes "it must be …". */
  readonly must: string;
}

const MB = 2 ** 20;
/** With 1 MB there would be none beyond the display and the BIOS, where kernels are loaded. */
const MIN_RAM_BYTES = 2 * MB;
const MAX_U32 = 2 ** 32 - 1;

type Rule = (config: MachineConfig) => string | undefined;

const within = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n)) && n >= 1;

/** Each says what its field must be, when it is not. */
const RULES: { readonly [Field in keyof MachineConfig]?: Rule } = {
  ramBytes: ({ ramBytes }) =>
    ramBytes % MB === 0 && within(ramBytes, MIN_RAM_BYTES, MAX_RAM_BYTES)
      ? undefined
      : `whole megabytes, ${MIN_RAM_BYTES / MB} to ${MAX_RAM_BYTES / MB}`,
  tlbEntries: ({ tlbEntries, tlbWays }) =>
    within(tlbEntries, 1, MAX_TLB_ENTRIES) &&
    within(tlbWays, 1, tlbEntries) &&
    isPowerOfTwo(tlbEntries / tlbWays)
      ? undefined
      : `${MAX_TLB_ENTRIES} at most, and a power of two times the ways`,
  // The 8254 counts 1.19 million times a second, so a processor much slower than that could not keep up with it.
  instructionsPerSecond: ({ instructionsPerSecond: speed }) =>
    within(speed, 1e6, 1e10) ? undefined : '1 million to 10 billion',
  // A latency is an input, which has 32 bits.
  diskLatencyMin: ({ diskLatencyMin }) =>
    within(diskLatencyMin, 0, MAX_U32) ? undefined : 'below 2^32 instructions',
  diskLatencyMax: ({ diskLatencyMin, diskLatencyMax }) =>
    within(diskLatencyMax, diskLatencyMin, MAX_U32)
      ? undefined
      : 'the least latency or more, below 2^32 instructions',
  detail: ({ detail }) => (DETAIL.includes(detail) ? undefined : DETAIL.join(', ')),
  storesFrom: ({ storesFrom }) => (within(storesFrom, 0, Number.MAX_SAFE_INTEGER) ? undefined : 'an icount'),
};

/** The first field that is wrong; undefined when the machine can be built. */
export function configFault(config: MachineConfig): ConfigFault | undefined {
  for (const [field, rule] of Object.entries(RULES) as [keyof MachineConfig, Rule][]) {
    const must = rule(config);
    if (must !== undefined) return { field, value: config[field], must };
  }
  return undefined;
}

/** Of the fields that say which behaviour a part of the machine has. */
const REVISIONS = (Object.keys(DEFAULT_CONFIG) as (keyof MachineConfig)[]).filter((field) =>
  field.endsWith('Revision'),
);

/** Throws for a configuration that the recorder would refuse: OutOfBounds, or BadInput where a newer rewind386 made it. */
export function checkConfig(config: MachineConfig): void {
  const newer = REVISIONS.find((field) => config[field] > DEFAULT_CONFIG[field]);
  if (newer)
    throw new BadInput(
      `the trace has ${wireName(newer)} ${config[newer]}; this rewind386 knows up to ${DEFAULT_CONFIG[newer]}`,
      'update rewind386',
    );
  const fault = configFault(config);
  if (fault) throw new OutOfBounds(`machine.${wireName(fault.field)}`, fault.value, fault.must);
  processorOf(config.cpuModel, config.fpu, config.cpuRevision);
}

/** As trace.proto has it: ram_bytes. */
const wireName = (field: string): string =>
  field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
