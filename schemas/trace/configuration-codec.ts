import { CONFIGURATION_FIELDS, type MachineConfig } from './configuration.ts';
import { checkedConfig, type UncheckedConfig } from './configuration-check.ts';
import { toNumber, type Words64 } from './schema.ts';

/** The machine's configuration as trace.proto's MachineConfig, as protobufjs has it. */
export type WireConfig = Readonly<Record<string, number | boolean | string | Words64>>;

export const configToWire = (config: MachineConfig): WireConfig =>
  Object.fromEntries(CONFIGURATION_FIELDS.map(({ name, wireName }) => [wireName, config[name]]));

/** Throws as checkedConfig. What is absent means what the table says. */
export function configFromWire(wire: WireConfig): MachineConfig {
  const fields = CONFIGURATION_FIELDS.map(({ name, wireName, absent }) => {
    const sent = wire[wireName];
    const value = typeof sent === 'object' ? toNumber(sent) : sent;
    // The default of a proto3 field, which is 0, false or '', is what protobufjs has for one that is absent.
    return [name, value || (absent ?? value)];
  });
  return checkedConfig(Object.fromEntries(fields) as UncheckedConfig);
}
