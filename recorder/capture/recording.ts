import { FileDisk, MemoryDisk, packExtents, type SectorSource } from '../../schemas/guest/disk-image.ts';
import { packFile, sha256Hex } from '../../schemas/trace/compression.ts';
import type { TraceFacts } from '../../schemas/trace/facts.ts';
import {
  SCHEMA_VERSION,
  type TraceDisk,
  type TraceDrive,
  type TraceHeader,
} from '../../schemas/trace/header.ts';
import { DEFAULT_LADDER_INTERVAL } from '../../schemas/trace/output.ts';
import { untrusted } from '../../schemas/untrusted.ts';
import type { BootImage } from '../machine/build.ts';
import type { MachineConfig, ResolvedProfile } from '../machine/config.ts';
import type { Drive, Firmware } from '../machine/device.ts';
import { STATE_LAYOUT } from '../machine/state/state-hash.ts';

/** Prepares a recording: opens disks and makes the header of the trace. */

/** The disk of a recording: a built-in one (the trace refers to it by name), or a user's file. */
export type DiskSource =
  | { readonly kind: 'builtin'; readonly name: string; readonly image: Uint8Array }
  | { readonly kind: 'image'; readonly image: Uint8Array }
  | { readonly kind: 'path'; readonly path: string };

/** A drive other than the first hard disk (Drive, machine/device.ts), with its medium. */
export interface DriveSource extends Pick<Drive, 'kind' | 'unit'> {
  readonly medium: DiskSource;
}

/** Everything that determines a recording. */
export interface RecordingPlan {
  readonly toolVersion: string;
  /** Built-in name or file name, for display. */
  readonly guestName: string;
  readonly boot: BootImage;
  readonly config: MachineConfig;
  readonly profile: ResolvedProfile;
  /** The profile file as written (JSON), if there was one. */
  readonly profileSource?: string;
  /** Facts to record in addition. */
  readonly facts?: readonly TraceFacts[];
  readonly disk?: DiskSource;
  /** All other drives. */
  readonly drives?: readonly DriveSource[];
  /** With boot kind `disk_boot`: the ROMs and the boot order. */
  readonly firmware?: Firmware;
  readonly seed: bigint;
  readonly ladderInterval?: number;
  /** A file with the kernel's symbols, if its image has none. */
  readonly symbols?: Uint8Array;
  readonly labels?: Readonly<Record<string, string>>;
  /** Exit codes that mean success, overriding the profile. */
  readonly expectedExits?: readonly number[];
}

export interface OpenedDisk {
  readonly sectors: SectorSource;
  /** The description in the trace, by which a replay finds it. */
  readonly description: TraceDisk;
  close(): void;
}

/** A `path` disk is not embedded and must be available for the replay; it is used for images too large to embed. */
export function openDisk(source: DiskSource): OpenedDisk {
  if (source.kind === 'path') {
    const file = new FileDisk(source.path);
    const { sectors } = file;
    const description: TraceDisk = {
      sectors,
      sha256: file.sha256(),
      base: { kind: 'path', path: untrusted(source.path) },
    };
    return { sectors: file, description, close: () => file.close() };
  }
  const disk = new MemoryDisk(source.image);
  const base: TraceDisk['base'] =
    source.kind === 'builtin'
      ? { kind: 'builtin', name: untrusted(source.name) }
      : { kind: 'embedded', extents: packExtents(source.image) };
  const description = { sectors: disk.sectors, sha256: sha256Hex(disk.whole()), base };
  return { sectors: disk, description, close: () => {} };
}

/** The header of the trace, with everything that a replay needs besides the inputs, so that the original files are not needed. */
export function makeHeader(
  plan: RecordingPlan,
  disk: TraceDisk | undefined,
  drives: readonly TraceDrive[] = [],
): TraceHeader {
  const { boot, firmware } = plan;
  return {
    schemaVersion: SCHEMA_VERSION,
    toolVersion: untrusted(plan.toolVersion),
    machine: plan.config,
    guest: {
      kind: boot.kind,
      name: untrusted(plan.guestName),
      commandLine: untrusted(boot.commandLine),
      image: boot.kind === 'disk_boot' ? undefined : packFile(boot.image),
      modules: boot.modules.map((m) => ({ commandLine: untrusted(m.commandLine), file: packFile(m.bytes) })),
      symbols: plan.symbols ? packFile(plan.symbols) : undefined,
    },
    profile: recordedProfile(plan),
    ...(plan.facts ? { facts: plan.facts } : {}),
    disk,
    drives,
    firmware: firmware && {
      bios: packFile(firmware.bios),
      vgaBios: packFile(firmware.vgaBios),
      bootOrder: firmware.bootOrder,
      pci: firmware.pci,
    },
    seed: plan.seed,
    ladderInterval: plan.ladderInterval ?? DEFAULT_LADDER_INTERVAL,
    labels: Object.fromEntries(
      Object.entries(plan.labels ?? {}).map(([name, value]) => [name, untrusted(value)]),
    ),
    ...(plan.expectedExits ? { expectedExits: plan.expectedExits } : {}),
    stateLayout: STATE_LAYOUT,
  };
}

function recordedProfile({ profile, profileSource = '' }: RecordingPlan): TraceHeader['profile'] {
  const { windows = [] } = profile;
  return {
    ...profile,
    name: untrusted(profile.name),
    windows: windows.map((window) => ({ ...window, name: untrusted(window.name) })),
    source: untrusted(profileSource),
  };
}
