import type { MachineConfig } from '../../../recorder/machine/config.ts';
import { CONFIGURATION_FIELDS, type ConfigurationName } from '../../../schemas/trace/configuration.ts';
import { bytes, grouped } from '../terminal/format.ts';

/** The machine of a trace as text: every field of its configuration is shown, or has a reason here for its omission. */

type Phrase = (machine: MachineConfig) => string;
type Told = Exclude<ConfigurationName, `${string}Revision`>;

const PHRASES: Readonly<Record<Told, Phrase | 'with the one before'>> = {
  cpuModel: ({ cpuModel, fpu }) => `${cpuModel} ${fpu ? 'with' : 'without'} FPU`,
  fpu: 'with the one before',
  printer: ({ printer }) => (printer ? 'a printer on LPT1' : ''),
  ramBytes: ({ ramBytes }) => `${bytes(ramBytes)} RAM`,
  tlbEntries: ({ tlbEntries, tlbWays }) => `TLB ${tlbEntries} entries in ${tlbWays} ways`,
  tlbWays: 'with the one before',
  instructionsPerSecond: (machine) => `${grouped(machine.instructionsPerSecond)} instructions a second`,
  diskLatencyMin: ({ diskLatencyMin: min, diskLatencyMax: max }) =>
    `disk latency ${grouped(min)}-${grouped(max)}`,
  diskLatencyMax: 'with the one before',
  jitter: ({ jitter }) => (jitter > 0 ? `jitter ${jitter}%` : ''),
  detail: ({ detail, storesFrom }) =>
    `detail ${detail}${storesFrom > 0 ? ` from icount ${grouped(storesFrom)}` : ''}`,
  storesFrom: 'with the one before',
};

export const machineText = (machine: MachineConfig): string =>
  Object.values(PHRASES)
    .flatMap((phrase) => (typeof phrase === 'string' ? [] : [phrase(machine)]))
    .filter((phrase) => phrase !== '')
    .join(', ');

/** The revisions: `cpu 2, tracking 1, …`. */
export const revisionsText = (machine: MachineConfig): string =>
  CONFIGURATION_FIELDS.filter(({ revisions }) => revisions !== undefined)
    .map(({ name, wireName }) => `${wireName.replace('_revision', '')} ${machine[name]}`)
    .join(', ');

/** Each field by its name in trace.proto, for programs. */
export const machineFacts = (machine: MachineConfig): Record<string, number | boolean | string> =>
  Object.fromEntries(CONFIGURATION_FIELDS.map(({ name, wireName }) => [wireName, machine[name]]));
