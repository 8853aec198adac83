import { named, OutOfBounds } from '../bounded.ts';
import { WINDOW_KIND, type WindowKind } from '../events.ts';
import type { Linear } from '../units.ts';
import { type Untrusted, untrusted } from '../untrusted.ts';

/** A guest's address-space layout, resolved to addresses, for the machine and the header. */

/** The location of a kernel's running process: the linear address of a pointer, and byte offsets in the structure that it points to. */
export interface ProcessLayout {
  readonly current: Linear;
  readonly pid: number;
  /** Bytes of the id (default: 4). */
  readonly pidBytes?: 2 | 4;
  readonly comm: number;
  /** The kernel sets the pointer after loading CR3, so it is read on the return to user mode instead of on the CR3 load. */
  readonly afterCr3?: boolean;
}

/**
 * A window: a small resource that code sets, uses for a while and sets again, so that a change in between breaks its user. The resource
 * is an entry (PTE, PDE), a control register or a word; a window is used by accesses through it.
 */
export interface WindowLayout {
  readonly kind: WindowKind;
  /** `pages` and `slot`: linear address of the first page; `word`: linear address of the word, 4-byte aligned; otherwise 0. */
  readonly linear: Linear;
  /** `pages`: number of pages; otherwise 0. */
  readonly pages: number;
}

export interface ProfileLayout {
  /** PDE slot through which the current directory maps itself; -1 if the guest has none. */
  readonly recursiveSlot: number;
  /** PDE slot of the alternate page table map; -1 if the guest has none. */
  readonly alternateSlot: number;
  /** The place to read the running process from on a CR3 load; absent when unknown. */
  readonly process?: ProcessLayout;
}

export interface TraceWindow extends WindowLayout {
  readonly name: Untrusted;
}

export interface TraceProfile extends ProfileLayout {
  readonly name: Untrusted;
  /** Windows other than the alternate map. */
  readonly windows?: readonly TraceWindow[];
  /** The profile file (JSON) as written; empty if there was none. */
  readonly source: Untrusted;
}

/** `Profile` in protobufjs's representation. */
export interface WireProfile {
  readonly name: string;
  readonly recursive_slot: number;
  readonly alternate_slot: number;
  readonly process: WireProcess | null;
  readonly source: string;
  readonly windows: readonly { name: string; kind: number; linear: number; pages: number }[];
}

interface WireProcess {
  readonly current: number;
  readonly pid: number;
  readonly comm: number;
  readonly pid_bytes: number;
  readonly after_cr3: boolean;
}

export const profileToWire = (profile: TraceProfile) => ({
  name: profile.name.raw,
  recursive_slot: profile.recursiveSlot,
  alternate_slot: profile.alternateSlot,
  ...(profile.process ? { process: processToWire(profile.process) } : {}),
  source: profile.source.raw,
  windows: (profile.windows ?? []).map(({ name, kind, linear, pages }) => ({
    ...{ name: name.raw, kind: WINDOW_KIND.indexOf(kind), linear, pages },
  })),
});

const processToWire = ({ current, pid, pidBytes, comm, afterCr3 }: ProcessLayout): WireProcess => ({
  ...{ current, pid, comm },
  pid_bytes: pidBytes ?? 0,
  after_cr3: afterCr3 ?? false,
});

export const profileFromWire = (profile: WireProfile): TraceProfile => ({
  name: untrusted(profile.name),
  recursiveSlot: profile.recursive_slot,
  alternateSlot: profile.alternate_slot,
  ...(profile.process ? { process: processFromWire(profile.process) } : {}),
  ...(profile.windows.length > 0 ? { windows: profile.windows.map(windowFromWire) } : {}),
  source: untrusted(profile.source),
});

const processFromWire = ({ current, pid, comm, pid_bytes, after_cr3 }: WireProcess): ProcessLayout => ({
  ...{ current, pid, comm },
  ...(bytesOfPid(pid_bytes) === 2 ? { pidBytes: 2 as const } : {}),
  ...(after_cr3 ? { afterCr3: true } : {}),
});

const windowFromWire = ({ name, kind, linear, pages }: WireProfile['windows'][number]): TraceWindow => ({
  name: untrusted(name),
  kind: named('profile.windows.kind', WINDOW_KIND, kind),
  linear,
  pages,
});

function bytesOfPid(bytes: number): number {
  if ([0, 2, 4].includes(bytes)) return bytes;
  throw new OutOfBounds('profile.process.pid_bytes', bytes, '0, 2 or 4');
}
