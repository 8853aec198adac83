import { parseProfile, resolveProfile } from '../../../recorder/capture/profile.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { guestSymbols } from '../../../schemas/guest/guest-symbols.ts';
import { packFile } from '../../../schemas/trace/compression.ts';
import type { TraceProbe } from '../../../schemas/trace/facts.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import type { ProcessLayout } from '../../../schemas/trace/profile.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { type Kallsyms, systemMap } from '../../linux/kallsyms.ts';
import { firstProcessorOffset } from '../../linux/per-cpu.ts';
import { linuxTasks, taskFlags } from '../../linux/tasks.ts';
import { givenNames, profileText } from '../options/guest-names.ts';
import { type LinuxSymbols, linuxSymbols } from './linux-symbols.ts';
import { machineAt } from './machine-at.ts';

/** The process layout that `replay --profile … -o` records if the trace has none: from the profile, or from a Linux kernel's memory. */

export interface GivenProcess {
  readonly process: ProcessLayout;
  /** The header of the new trace, with the kernel's own symbols if the trace has none, and where its per-CPU variables are. */
  readonly named: (header: TraceHeader) => TraceHeader;
  /** Code at which the new trace also records which thread runs. */
  readonly probes: readonly TraceProbe[];
}

/** Undefined if the profile adds nothing to the trace. Throws BadInput if a Linux kernel's memory lacks the layout. */
export async function givenProcess(
  file: string,
  {
    profile,
    symbols,
    disk,
  }: {
    readonly profile?: string | undefined;
    readonly symbols?: string | undefined;
    readonly disk: readonly string[];
  },
): Promise<GivenProcess | undefined> {
  if (profile === undefined) return undefined;
  const given = parseProfile(profileText(profile), profile);
  if (!given.process && profile !== 'linux') return undefined;
  const reader = TraceReader.open(file, { names: givenNames({ symbols }), disks: disk });
  try {
    if (reader.header.profile.process) return undefined;
    if (!given.process) return await fromLinux(file, disk);
    const known = guestSymbols(reader.names.guest);
    const symbol = (name: string) => known.find((one) => one.name.raw === name)?.address;
    const { process } = resolveProfile({ name: given.name, process: given.process }, symbol, profile);
    return process && { process, named: (header) => header, probes: [] };
  } finally {
    reader.close();
  }
}

/** The layout in the kernel's memory at the end of the run. */
async function fromLinux(file: string, disks: readonly string[]): Promise<GivenProcess> {
  const machine = await machineAt(file, undefined, disks);
  const kernel = linuxSymbols(machine);
  const process = kernel?.directMap === undefined ? undefined : linuxTasks(kernel.memory, kernel.directMap);
  if (!kernel || !process)
    throw new BadInput(
      `${file}: cannot find this kernel's tasks in memory at the end of the run`,
      'write a profile with `process` (docs/guest-profile.md), and give its file',
    );
  return {
    process,
    named: (header) => {
      const { guest, ...rest } = withOwnSymbols(header, kernel);
      return {
        ...rest,
        guest: { ...guest, perCpuOffset: firstProcessorOffset(kernel.memory, kernel.directMap as number) },
      };
    },
    probes: threadSwitches(kernel, process),
  };
}

/**
 * The switch to another thread, once its stack is in force: __switch_to has the next task in EDX (arch/x86/include/asm/switch_to.h). The view
 * `threads` knows the values by their names.
 */
function threadSwitches(kernel: LinuxSymbols, { pid, comm }: ProcessLayout): TraceProbe[] {
  const { memory, directMap = 0, symbols } = kernel;
  const address = symbols.find(({ name }) => name === '__switch_to')?.address;
  const flags = taskFlags(memory, directMap);
  if (address === undefined || flags === undefined) return [];
  const places = { pid, comm0: comm, comm1: comm + 4, comm2: comm + 8, comm3: comm + 12, flags };
  const values = Object.entries(places).map(([name, offset]) => ({
    name: untrusted(name),
    expression: untrusted(`u32(edx+${offset})`),
  }));
  return [{ name: untrusted('__switch_to'), address, isFunction: false, values }];
}

function withOwnSymbols(header: TraceHeader, kallsyms: Kallsyms): TraceHeader {
  if (guestSymbols(header.guest).length > 0) return header;
  const text = new TextEncoder().encode(systemMap(kallsyms));
  return { ...header, guest: { ...header.guest, symbols: packFile(text) } };
}
