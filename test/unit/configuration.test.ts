import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MACHINE_OPTIONS } from '../../analysis/cli/options/machine-options.ts';
import { machineFacts, revisionsText } from '../../analysis/cli/report/machine-text.ts';
import { withPart } from '../../analysis/docs/made-part.ts';
import { MADE_PARTS } from '../../analysis/docs/made-parts.ts';
import { processorOf } from '../../recorder/machine/cpu/decode/models.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { OutOfBounds } from '../../schemas/bounded.ts';
import {
  CONFIGURATION_FIELDS,
  DEFAULT_CONFIG,
  type MachineConfig,
  type NamedField,
} from '../../schemas/trace/configuration.ts';
import { configFromWire, configToWire, type WireConfig } from '../../schemas/trace/configuration-codec.ts';
import { CPU_MODELS } from '../../schemas/trace/processor-name.ts';
import { messageType } from '../../schemas/trace/schema.ts';

const message = messageType('MachineConfig');
const encode = (wire: WireConfig) => message.encode(wire).finish();
const decode = (bytes: Uint8Array) => configFromWire(message.decode(bytes) as unknown as WireConfig);

describe('the table of the configuration', () => {
  it('is the message of trace.proto', () => {
    const fields = message.fieldsArray.map(({ name, id, type, repeated }) => ({ name, id, type, repeated }));
    const rows = CONFIGURATION_FIELDS.map(({ wireName, id, type }) => ({
      ...{ name: wireName, id, type, repeated: false },
    }));
    const byNumber = (a: { id: number }, b: { id: number }) => a.id - b.id;
    expect(fields.sort(byNumber)).toEqual(rows.sort(byNumber));
  });

  it('has the type of each field', () => {
    const config: MachineConfig = { ...DEFAULT_CONFIG, cpuModel: 'pentium,+cmov', detail: 'stores' };
    expect(config.fpu).toBe(true);
    // @ts-expect-error no such detail
    const detail: Partial<MachineConfig> = { detail: 'everything' };
    // @ts-expect-error no such model
    const model: Partial<MachineConfig> = { cpuModel: '80786' };
    // @ts-expect-error a flag is no number
    const fpu: Partial<MachineConfig> = { fpu: 1 };
    expect([detail, model, fpu]).toHaveLength(3);
  });

  it.each(CONFIGURATION_FIELDS.map((field) => [field.wireName, field] as const))(
    '%s starts from what it may be, and means what it may be where it is absent',
    (_, { initial, absent, fits }) => {
      expect(fits(initial)).toBe(true);
      if (absent !== undefined) expect(fits(absent)).toBe(true);
    },
  );

  it('is what `record` has options for', () => {
    const options = CONFIGURATION_FIELDS.flatMap(({ option }) => option ?? []);
    expect(new Set(options)).toEqual(new Set(Object.keys(MACHINE_OPTIONS)));
  });

  it('is what `info` tells', () => {
    expect(Object.keys(machineFacts(DEFAULT_CONFIG))).toEqual(CONFIGURATION_FIELDS.map((f) => f.wireName));
    expect(revisionsText({ ...DEFAULT_CONFIG, bootRevision: 0 })).toBe(
      'cpu 2, tracking 1, chipset 31, boot 0, event 34',
    );
  });

  it.each(MADE_PARTS.map((part) => [`${part.page}, ${part.name}`, part] as const))(
    'stands in docs/%s as it is (npm run docs)',
    (_, part) => {
      const page = readFileSync(new URL(`../../docs/${part.page}`, import.meta.url), 'utf8');
      expect(withPart(page, part)).toBe(page);
    },
  );

  it('names only processors that there are', () => {
    for (const model of CPU_MODELS) expect(processorOf(model).signature).toBeGreaterThan(0);
    for (const name of ['constructor', '__proto__', 'pentium,', 'pentium,+', 'pentium,+constructor', ''])
      expect(() => processorOf(name)).toThrow(BadInput);
  });
});

describe('a configuration in a header', () => {
  it('has the bytes that it had before there was a table', () => {
    const revisions = { cpuRevision: 2, trackingRevision: 1, chipsetRevision: 31, bootRevision: 32 };
    const bytes = encode(configToWire({ ...DEFAULT_CONFIG, ...revisions, eventRevision: 33 }));
    expect(Buffer.from(bytes).toString('hex')).toMatch(
      /^0880808008102018042080ade20428882730c0a9073a06706167696e67a2010770656e7469756da80102c80101f00101f8011f800220880221/,
    );
  });

  it('comes back', () => {
    const config: MachineConfig = { ...DEFAULT_CONFIG, cpuModel: '486,-tr', fpu: false, storesFrom: 2 ** 40 };
    expect(decode(encode(configToWire(config)))).toEqual(config);
  });

  it('without what version 0.1 did not know is the machine of version 0.1', () => {
    const { ram_bytes, tlb_entries, tlb_ways, instructions_per_second, detail } =
      configToWire(DEFAULT_CONFIG);
    const old = { ram_bytes, tlb_entries, tlb_ways, instructions_per_second, detail };
    expect(decode(encode(old as WireConfig))).toEqual({
      ...DEFAULT_CONFIG,
      ...{ cpuModel: 'pentium-0.1', fpu: false, diskLatencyMin: 0, diskLatencyMax: 0 },
      ...{ cpuRevision: 0, trackingRevision: 0, chipsetRevision: 0, bootRevision: 0, eventRevision: 0 },
    });
  });

  const required = CONFIGURATION_FIELDS.filter(({ absent }) => absent === undefined);
  it.each(required.map(({ wireName }) => wireName))('without %s is refused', (wireName) => {
    const { [wireName]: _, ...rest } = configToWire(DEFAULT_CONFIG);
    expect(() => decode(encode(rest))).toThrow(new RegExp(`^machine.${wireName} is .*; it must be `));
  });

  /** Too much, of fields of which the greatest number of 32 bits is not. */
  const tooMuch: Record<string, number> = {
    instructions_per_second: 2 ** 40,
    disk_latency_min: 2 ** 32,
    disk_latency_max: 2 ** 32,
    stores_from: 2 ** 53,
  };
  const wrong = ({ type, wireName }: NamedField) =>
    type === 'string' ? 'nobody knows' : (tooMuch[wireName] ?? 2 ** 32 - 1);
  const judged = CONFIGURATION_FIELDS.filter(({ type }) => type !== 'bool');
  it.each(judged.map((field) => [field.wireName, field] as const))(
    'with a %s that nobody knows is refused',
    (wireName, field) => {
      const bytes = encode({ ...configToWire(DEFAULT_CONFIG), [wireName]: wrong(field) });
      expect(() => decode(bytes)).toThrow(field.revisions ? BadInput : OutOfBounds);
      if (field.revisions) expect(() => decode(bytes)).toThrow(/^the trace has .*supports up to \d+$/);
    },
  );
});
