import { CONFIGURATION_FIELDS, type MachineConfig } from './configuration.ts';
import { checkedConfig, type UncheckedConfig } from './configuration-check.ts';
import { toNumber, type Words64 } from './schema.ts';

/** Converts the machine's configuration to and from trace.proto's MachineConfig, in protobufjs's representation. */
export type WireConfig = Readonly<Record<string, number | boolean | string | Words64>>;

export const configToWire = (config: MachineConfig): WireConfig =>
  Object.fromEntries(CONFIGURATION_FIELDS.map(({ name, wireName }) => [wireName, config[name]]));

/** Decodes and checks a configuration; throws as checkedConfig does. Absent fields have the meaning stated in the table. */
export function configFromWire(wire: WireConfig): MachineConfig {
  const fields = CONFIGURATION_FIELDS.map(({ name, wireName, absent }) => {
    const sent = wire[wireName];
    const value = typeof sent === 'object' ? toNumber(sent) : sent;
    // protobufjs gives an absent proto3 field its default: 0, false or ''.
    return [name, value || (absent ?? value)];
  });
  return checkedConfig(Object.fromEntries(fields) as UncheckedConfig);
}
