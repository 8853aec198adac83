import { parseProfile, resolveProfile } from '../../../recorder/capture/profile.ts';
import { RAM } from '../../../recorder/machine/layout.ts';
import type { Machine } from '../../../recorder/machine/machine.ts';
import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { guestSymbols } from '../../../schemas/guest/guest-symbols.ts';
import { packFile } from '../../../schemas/trace/compression.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import type { ProcessLayout } from '../../../schemas/trace/profile.ts';
import { findKallsyms, type Kallsyms, systemMap } from '../../linux/kallsyms.ts';
import { linuxTasks } from '../../linux/tasks.ts';
import { givenNames, profileText } from '../options/guest-names.ts';
import { machineAt } from './machine-at.ts';

/** The process layout that `replay --profile … -o` records if the trace has none: from the profile, or from a Linux kernel's memory. */

export interface GivenProcess {
  readonly process: ProcessLayout;
  /** The header of the new trace, with the kernel's own symbols if the trace has none. */
  readonly named: (header: TraceHeader) => TraceHeader;
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
    return process && { process, named: (header) => header };
  } finally {
    reader.close();
  }
}

/** The layout in the kernel's memory at the end of the run. */
async function fromLinux(file: string, disks: readonly string[]): Promise<GivenProcess> {
  const machine = await machineAt(file, undefined, disks);
  const { u8, ramBytes } = machine.mem;
  const memory = u8.slice(RAM, RAM + ramBytes);
  const kallsyms = findKallsyms(memory);
  const directMap = kallsyms && directMapOf(machine, kallsyms);
  const process = directMap === undefined ? undefined : linuxTasks(memory, directMap);
  if (!kallsyms || !process)
    throw new BadInput(
      `${file}: cannot find this kernel's tasks in memory at the end of the run`,
      'write a profile with `process` (docs/guest-profile.md), and give its file',
    );
  return { process, named: (header) => withOwnSymbols(header, kallsyms) };
}

function withOwnSymbols(header: TraceHeader, kallsyms: Kallsyms): TraceHeader {
  if (guestSymbols(header.guest).length > 0) return header;
  const text = new TextEncoder().encode(systemMap(kallsyms));
  return { ...header, guest: { ...header.guest, symbols: packFile(text) } };
}

/** Difference of linear and physical addresses of the kernel's image. */
function directMapOf({ mmu }: Machine, { symbols }: Kallsyms): number | undefined {
  const text = symbols.find(({ name }) => name === '_stext' || name === '_text');
  const physical = text === undefined ? -1 : mmu.translateForDebug(text.address | 0);
  return text === undefined || physical < 0 ? undefined : (text.address - physical) >>> 0;
}
