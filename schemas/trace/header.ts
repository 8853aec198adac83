import { BadInput } from '../bad-input.ts';
import { bounded, decodeMessage, named, OutOfBounds } from '../bounded.ts';
import { fromHex, toHex } from '../text-bytes.ts';
import { type Untrusted, untrusted } from '../untrusted.ts';
import type { PackedFile } from './compression.ts';
import type { MachineConfig } from './configuration.ts';
import { configFromWire, configToWire, type WireConfig } from './configuration-codec.ts';
import { FACTS_COUNTS, factsFromWire, factsToWire, type TraceFacts, type WireFacts } from './facts.ts';
import { TraceDamage } from './framing.ts';
import { checkHeader } from './header-limits.ts';
import { MAX_CHANGES, MAX_DRIVES, MAX_LABELS, MAX_MODULES, MAX_WINDOWS } from './limits.ts';
import { packedFromWire, packedToWire, type WirePacked } from './packed.ts';
import { profileFromWire, profileToWire, type TraceProfile, type WireProfile } from './profile.ts';
import { fromBigInt, messageType, toBigInt, toNumber, type Words64 } from './schema.ts';

/** Encoding and decoding of the header of a trace. */

/**
 * Version of the messages in trace.proto; docs/trace-format.md has the history.
 */
export const SCHEMA_VERSION = 1;

export interface TraceModule {
  readonly commandLine: Untrusted;
  readonly file: PackedFile;
}

/** In the order of Guest.Kind in trace.proto, from 1. */
export const GUEST_KINDS = ['multiboot', 'disk_boot', 'linux'] as const;

export interface TraceGuest {
  readonly kind: (typeof GUEST_KINDS)[number];
  /** The guest as given on the command line: built-in name or file name. */
  readonly name: Untrusted;
  readonly commandLine: Untrusted;
  /** The kernel file; an ELF file contains the symbols too. Absent with `disk_boot`. */
  readonly image: PackedFile | undefined;
  /** Multiboot modules, or Linux initrds. */
  readonly modules: readonly TraceModule[];
  /** Symbols for a kernel whose image has none (schemas/guest/symbol-file.ts). */
  readonly symbols?: PackedFile | undefined;
  /** Of a Linux kernel: __per_cpu_offset[0], bytes from a per-CPU variable's symbol in such a file to the variable of the first processor. */
  readonly perCpuOffset?: number | undefined;
}

/** A run of sectors that are not all zeros. */
export interface TraceExtent {
  readonly firstSector: number;
  readonly contents: PackedFile['contents'];
}

/** The source of the contents of a disk. */
export type TraceDiskBase =
  | { readonly kind: 'embedded'; readonly extents: readonly TraceExtent[] }
  | { readonly kind: 'builtin'; readonly name: Untrusted }
  | {
      readonly kind: 'path';
      readonly path: Untrusted;
      /** Candidate files, given by the user or found beside the trace. Not stored in the trace. */
      readonly files?: readonly string[];
    };

export interface TraceDisk {
  readonly sectors: number;
  /** SHA-256 of the whole image, hexadecimal. */
  readonly sha256: string;
  readonly base: TraceDiskBase;
  /** SHA-256 of the original image, hexadecimal, if sectors that the run never read were replaced by zeros. */
  readonly unredactedSha256?: string;
}

/** In the order of Drive.Kind in trace.proto, from 1. */
export const DRIVE_KINDS = ['disk', 'cdrom', 'floppy'] as const;
export type DriveKind = (typeof DRIVE_KINDS)[number];

/** Names in Firmware.boot_order. */
export const BOOT_LETTERS = { a: 'floppy', c: 'disk', d: 'cdrom' } as const;

/** A drive other than the first hard disk. */
export interface TraceDrive {
  readonly kind: DriveKind;
  readonly unit: number;
  readonly medium: TraceDisk;
}

/** The ROMs that started the machine. */
export interface TraceFirmware {
  readonly bios: PackedFile;
  readonly vgaBios: PackedFile;
  /** The drives that the BIOS tries, in order; at most three. */
  readonly bootOrder: readonly DriveKind[];
  readonly pci: boolean;
}

/** The recording that a what-if was made from. */
export interface TraceParent {
  /** Identity of the original trace (TraceReader.identity), hexadecimal. */
  readonly identity: string;
  /** File name of the original at the time, for display. */
  readonly file: Untrusted;
  /** icount of the first change; the runs are identical up to here. */
  readonly changedAt: number;
  /** The changes in the syntax of the command line. */
  readonly changes: readonly Untrusted[];
}

export interface TraceHeader {
  readonly schemaVersion: number;
  readonly toolVersion: Untrusted;
  readonly machine: MachineConfig;
  readonly guest: TraceGuest;
  readonly profile: TraceProfile;
  /** Facts recorded on request, one entry per request. */
  readonly facts?: readonly TraceFacts[];
  readonly disk: TraceDisk | undefined;
  readonly drives?: readonly TraceDrive[];
  readonly firmware?: TraceFirmware | undefined;
  readonly seed: bigint;
  readonly ladderInterval: number;
  /** Labels with the recorder's options (workload, kernel, ...), for display. */
  readonly labels: Readonly<Record<string, Untrusted>>;
  /** Exit codes that mean success. If absent, the profile's, or 0. */
  readonly expectedExits?: readonly number[];
  /** Absent unless the run is a what-if. */
  readonly parent?: TraceParent;
  /** Version of the layout of the state hashes; 0 if unknown. */
  readonly stateLayout: number;
}

interface WireFile {
  sha256: Uint8Array;
  contents: WirePacked | null;
}

interface WireDisk {
  sectors: number;
  sha256: Uint8Array;
  unredacted_sha256: Uint8Array;
  embedded?: { extents: { first_sector: number; contents: WirePacked | null }[] } | null;
  builtin?: string;
  path?: string;
}

/** The message in protobufjs's representation. */
interface WireHeader {
  schema_version: number;
  tool_version: string;
  machine: WireConfig | null;
  guest: {
    kind: number;
    name: string;
    command_line: string;
    image: WireFile | null;
    modules: { command_line: string; file: WireFile | null }[];
    symbols: WireFile | null;
    per_cpu_offset: number;
  } | null;
  profile: WireProfile | null;
  facts: WireFacts[];
  disk: WireDisk | null;
  drives: { kind: number; unit: number; medium: WireDisk | null }[];
  firmware: {
    bios: WireFile | null;
    vga_bios: WireFile | null;
    boot_order: string;
    isa_only: boolean;
  } | null;
  seed: number | Words64;
  ladder_interval: number | Words64;
  labels: Record<string, string>;
  expected_exits: number[];
  state_layout: number;
  parent: {
    identity: Uint8Array;
    file: string;
    changed_at: number | Words64;
    changes: string[];
  } | null;
}

const fileToWire = ({ sha256, contents }: PackedFile) => ({
  sha256: fromHex(sha256),
  contents: packedToWire(contents),
});

/** A SHA-256, hexadecimal. */
function digestFromWire(field: string, bytes: Uint8Array): string {
  bounded(`the length of ${field}`, bytes.length, 32, 32);
  return toHex(bytes);
}

const fileFromWire = ({ sha256, contents }: WireFile): PackedFile => ({
  sha256: digestFromWire('sha256', sha256),
  contents: packedFromWire(contents),
});

export function encodeHeader(header: TraceHeader): Uint8Array {
  const { machine, guest, profile, disk, firmware, drives = [] } = header;
  return messageType('Header')
    .encode({
      schema_version: header.schemaVersion,
      tool_version: header.toolVersion.raw,
      machine: configToWire(machine),
      guest: {
        kind: 1 + GUEST_KINDS.indexOf(guest.kind),
        name: guest.name.raw,
        command_line: guest.commandLine.raw,
        ...(guest.image ? { image: fileToWire(guest.image) } : {}),
        modules: guest.modules.map((m) => ({ command_line: m.commandLine.raw, file: fileToWire(m.file) })),
        ...(guest.symbols ? { symbols: fileToWire(guest.symbols) } : {}),
        ...(guest.perCpuOffset ? { per_cpu_offset: guest.perCpuOffset } : {}),
      },
      profile: profileToWire(profile),
      facts: (header.facts ?? []).map(factsToWire),
      ...(disk ? { disk: diskToWire(disk) } : {}),
      drives: drives.map(({ kind, unit, medium }) => ({
        kind: 1 + DRIVE_KINDS.indexOf(kind),
        unit,
        medium: diskToWire(medium),
      })),
      ...(firmware ? { firmware: firmwareToWire(firmware) } : {}),
      seed: fromBigInt(header.seed),
      ladder_interval: header.ladderInterval,
      labels: Object.fromEntries(Object.entries(header.labels).map(([name, value]) => [name, value.raw])),
      expected_exits: [...(header.expectedExits ?? [])],
      ...(header.parent ? { parent: parentToWire(header.parent) } : {}),
      state_layout: header.stateLayout,
    })
    .finish();
}

const firmwareToWire = ({ bios, vgaBios, bootOrder, pci }: TraceFirmware) => ({
  bios: fileToWire(bios),
  vga_bios: fileToWire(vgaBios),
  boot_order: bootOrder.map(letterOf).join(''),
  isa_only: !pci,
});

const parentToWire = ({ identity, file, changedAt, changes }: TraceParent) => ({
  identity: fromHex(identity),
  file: file.raw,
  changed_at: changedAt,
  changes: changes.map(({ raw }) => raw),
});

const parentFromWire = (parent: NonNullable<WireHeader['parent']>): TraceParent => ({
  identity: digestFromWire('parent.identity', parent.identity),
  file: untrusted(parent.file),
  changedAt: toNumber(parent.changed_at),
  changes: parent.changes.map(untrusted),
});

function diskToWire({ sectors, sha256, base, unredactedSha256 }: TraceDisk): object {
  const redaction = unredactedSha256 ? { unredacted_sha256: fromHex(unredactedSha256) } : {};
  const common = { sectors, sha256: fromHex(sha256), ...redaction };
  switch (base.kind) {
    case 'embedded': {
      const extents = base.extents.map((extent) => ({
        first_sector: extent.firstSector,
        contents: packedToWire(extent.contents),
      }));
      return { ...common, embedded: { extents } };
    }
    case 'builtin':
      return { ...common, builtin: base.name.raw };
    case 'path':
      return { ...common, path: base.path.raw };
  }
}

const HEADER_COUNTS = {
  'Guest.modules': MAX_MODULES,
  'Header.drives': MAX_DRIVES,
  'Header.labels': MAX_LABELS,
  'Parent.changes': MAX_CHANGES,
  'Profile.windows': MAX_WINDOWS,
  ...FACTS_COUNTS,
};

/** Decodes a header. Throws OutOfBounds for values that no recorder writes. */
export function decodeHeader(bytes: Uint8Array): TraceHeader {
  const header = headerFromWire(bytes);
  checkHeader(header);
  return header;
}

function headerFromWire(bytes: Uint8Array): TraceHeader {
  const wire = decodeMessage(messageType('Header'), bytes, HEADER_COUNTS) as WireHeader;
  if (wire.schema_version > SCHEMA_VERSION) {
    throw new BadInput(
      `the trace has schema version ${wire.schema_version} (made by rewind386 ${untrusted(wire.tool_version)}); ` +
        `this rewind386 reads up to ${SCHEMA_VERSION}`,
      'update rewind386',
    );
  }
  const { guest, profile, disk, firmware } = wire;
  if (!wire.machine || !guest || !profile) throw new TraceDamage('header', 'a part of it is missing');
  return {
    schemaVersion: wire.schema_version,
    toolVersion: untrusted(wire.tool_version),
    machine: configFromWire(wire.machine),
    guest: {
      kind: named('guest.kind', GUEST_KINDS, guest.kind, 1),
      name: untrusted(guest.name),
      commandLine: untrusted(guest.command_line),
      image: guest.image ? fileFromWire(guest.image) : undefined,
      modules: guest.modules.map((m) => ({
        commandLine: untrusted(m.command_line),
        file: fileFromWire(present('guest.modules.file', m.file)),
      })),
      symbols: guest.symbols ? fileFromWire(guest.symbols) : undefined,
      perCpuOffset: guest.per_cpu_offset || undefined,
    },
    profile: profileFromWire(profile),
    ...(wire.facts.length > 0 ? { facts: wire.facts.map(factsFromWire) } : {}),
    disk: disk ? diskFromWire(disk) : undefined,
    drives: wire.drives.map(({ kind, unit, medium }) => ({
      kind: named('drives.kind', DRIVE_KINDS, kind, 1),
      unit,
      medium: diskFromWire(present('drives.medium', medium)),
    })),
    firmware: firmware
      ? {
          bios: fileFromWire(present('firmware.bios', firmware.bios)),
          vgaBios: fileFromWire(present('firmware.vga_bios', firmware.vga_bios)),
          bootOrder: bootOrderFromWire(firmware.boot_order),
          pci: !firmware.isa_only,
        }
      : undefined,
    seed: toBigInt(wire.seed),
    ladderInterval: toNumber(wire.ladder_interval),
    labels: Object.fromEntries(Object.entries(wire.labels).map(([name, value]) => [name, untrusted(value)])),
    ...(wire.expected_exits.length > 0 ? { expectedExits: [...wire.expected_exits] } : {}),
    ...(wire.parent ? { parent: parentFromWire(wire.parent) } : {}),
    stateLayout: wire.state_layout,
  };
}

function present<Part>(field: string, part: Part | null): Part {
  if (part !== null) return part;
  throw new OutOfBounds(field, 'missing', 'there');
}

type BootLetter = keyof typeof BOOT_LETTERS;
const LETTERS = Object.keys(BOOT_LETTERS) as BootLetter[];

const letterOf = (kind: DriveKind): BootLetter =>
  LETTERS.find((letter) => BOOT_LETTERS[letter] === kind) as BootLetter;

function bootOrderFromWire(text: string): TraceFirmware['bootOrder'] {
  const drives = [...text].map((letter) => LETTERS.find((known) => known === letter));
  if (drives.length <= LETTERS.length && !drives.includes(undefined))
    return (drives as BootLetter[]).map((letter) => BOOT_LETTERS[letter]);
  throw new OutOfBounds('firmware.boot_order', JSON.stringify(text.slice(0, 8)), 'up to three of a, c, d');
}

function diskFromWire(disk: WireDisk): TraceDisk {
  const unredacted =
    disk.unredacted_sha256.length > 0 ? digestFromWire('unredacted_sha256', disk.unredacted_sha256) : '';
  const redaction = unredacted ? { unredactedSha256: unredacted } : {};
  const common = { sectors: disk.sectors, sha256: digestFromWire('disk.sha256', disk.sha256), ...redaction };
  if (disk.embedded) {
    const extents = disk.embedded.extents.map((extent) => ({
      firstSector: extent.first_sector,
      contents: packedFromWire(extent.contents),
    }));
    return { ...common, base: { kind: 'embedded', extents } };
  }
  return disk.builtin
    ? { ...common, base: { kind: 'builtin', name: untrusted(disk.builtin) } }
    : { ...common, base: { kind: 'path', path: untrusted(disk.path ?? '') } };
}
