import { BadInput } from '../bad-input.ts';
import { OutOfBounds } from '../bounded.ts';
import {
  CONFIGURATION_FIELDS,
  type ConfigurationName,
  type MachineConfig,
  type NamedField,
} from './configuration.ts';

/** The rules of a machine's configuration: the same for the command line and for the header of a trace. */

/** A field with an invalid value. */
export interface ConfigFault {
  readonly field: NamedField;
  readonly value: unknown;
}

/** An unchecked configuration, from a header or a command line. */
export type UncheckedConfig = Readonly<Record<ConfigurationName, unknown>>;

/** Rules between fields, each with the field that the error names. They are checked once each field by itself is valid. */
const BETWEEN_FIELDS: readonly (readonly [ConfigurationName, (config: MachineConfig) => boolean])[] = [
  ['tlbEntries', ({ tlbEntries, tlbWays }) => isPowerOfTwo(tlbEntries / tlbWays)],
  ['diskLatencyMax', ({ diskLatencyMin, diskLatencyMax }) => diskLatencyMin <= diskLatencyMax],
];

const isPowerOfTwo = (n: number): boolean => n >= 1 && Number.isInteger(Math.log2(n));

/** The first invalid field; undefined if the machine can be built. */
export function configFault(config: UncheckedConfig): ConfigFault | undefined {
  const unfit = CONFIGURATION_FIELDS.find(({ name, fits }) => !fits(config[name]));
  if (unfit) return { field: unfit, value: config[unfit.name] };
  const [told] = BETWEEN_FIELDS.find(([, holds]) => !holds(config as MachineConfig)) ?? [];
  const field = CONFIGURATION_FIELDS.find(({ name }) => name === told);
  return field && { field, value: config[field.name] };
}

/** The configuration, if it is valid. Throws OutOfBounds, or BadInput for a value that only a newer rewind386 supports. */
export function checkedConfig(config: UncheckedConfig): MachineConfig {
  const fault = configFault(config);
  if (!fault) return config as MachineConfig;
  const { field, value } = fault;
  if (field.revisions && Number(value) > Number(field.initial))
    throw new BadInput(
      `the trace has ${field.wireName} ${value}; this version of rewind386 supports up to ${field.initial}`,
      'update rewind386',
    );
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : value;
  throw new OutOfBounds(`machine.${field.wireName}`, shown, field.must);
}
