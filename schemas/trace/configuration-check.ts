import { BadInput } from '../bad-input.ts';
import { OutOfBounds } from '../bounded.ts';
import {
  CONFIGURATION_FIELDS,
  type ConfigurationName,
  type MachineConfig,
  type NamedField,
} from './configuration.ts';

/** The rules of a machine's configuration: the same for the command line and for the header of a trace. */

/** A field that cannot be what it is. */
export interface ConfigFault {
  readonly field: NamedField;
  readonly value: unknown;
}

/** A machine that may be none: as a header or a command line has it. */
export type UncheckedConfig = Readonly<Record<ConfigurationName, unknown>>;

/** Rules between fields, each with the one that is told. They hold of configurations whose fields all fit. */
const BETWEEN_FIELDS: readonly (readonly [ConfigurationName, (config: MachineConfig) => boolean])[] = [
  ['tlbEntries', ({ tlbEntries, tlbWays }) => isPowerOfTwo(tlbEntries / tlbWays)],
  ['diskLatencyMax', ({ diskLatencyMin, diskLatencyMax }) => diskLatencyMin <= diskLatencyMax],
];

const isPowerOfTwo = (n: number): boolean => n >= 1 && Number.isInteger(Math.log2(n));

/** The first field that is wrong; undefined when the machine can be built. */
export function configFault(config: UncheckedConfig): ConfigFault | undefined {
  const unfit = CONFIGURATION_FIELDS.find(({ name, fits }) => !fits(config[name]));
  if (unfit) return { field: unfit, value: config[unfit.name] };
  const [told] = BETWEEN_FIELDS.find(([, holds]) => !holds(config as MachineConfig)) ?? [];
  const field = CONFIGURATION_FIELDS.find(({ name }) => name === told);
  return field && { field, value: config[field.name] };
}

/** The configuration, if a recorder would take it. Throws OutOfBounds, or BadInput for what only a newer rewind386 knows. */
export function checkedConfig(config: UncheckedConfig): MachineConfig {
  const fault = configFault(config);
  if (!fault) return config as MachineConfig;
  const { field, value } = fault;
  if (field.revisions && Number(value) > Number(field.initial))
    throw new BadInput(
      `the trace has ${field.wireName} ${value}; this rewind386 knows up to ${field.initial}`,
      'update rewind386',
    );
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : value;
  throw new OutOfBounds(`machine.${field.wireName}`, shown, field.must);
}
