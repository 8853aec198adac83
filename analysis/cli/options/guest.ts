import { basename } from 'node:path';
import { type GuestProfile, parseProfile, resolveProfile } from '../../../recorder/capture/profile.ts';
import type { DiskSource, DriveSource } from '../../../recorder/capture/recording.ts';
import { has32BitEntry, isLinuxImage } from '../../../recorder/machine/boot/linux-boot.ts';
import type { BootImage } from '../../../recorder/machine/build.ts';
import { NO_PROFILE, type ResolvedProfile } from '../../../recorder/machine/config.ts';
import type { Firmware } from '../../../recorder/machine/device.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { readSymbols, symbolsOfImage } from '../../../schemas/guest/symbol-file.ts';
import {
  BUILTIN_GUEST,
  builtinDiskSource,
  builtinKernel,
  builtinProfile,
  builtinVariants,
  KERNELS,
  VARIANTS,
  WORKLOADS,
} from './builtin-guest.ts';
import { type Media, mediumKind, openDrives, withMedium } from './drives.ts';
import { asksForFirmware, openFirmware } from './firmware.ts';
import { profileText } from './guest-names.ts';
import { readUserFile } from './user-file.ts';

/** The options of `record` for the guest and how to start it. */
export interface GuestRequest {
  /** Built-in name, or path of a Multiboot ELF, a Linux bzImage or a bootable image; absent to boot from the drives. */
  readonly guest?: string | undefined;
  readonly kernel?: string | undefined;
  readonly workload?: string | undefined;
  /** A historical bug of the built-in guest. */
  readonly variant?: string | undefined;
  readonly seed: bigint;
  /** Kernel command line; for the built-in guest, additional options. */
  readonly append?: string | undefined;
  /** Paths, each optionally followed by `=ARGUMENTS`. */
  readonly modules: readonly string[];
  /** Paths of a Linux kernel's initial RAM disks. */
  readonly initrds?: readonly string[];
  /** Path of a file that names the kernel's addresses: System.map, ELF, a.out. */
  readonly symbols?: string | undefined;
  /** Paths of hard disk images. */
  readonly disk?: readonly string[] | undefined;
  readonly floppy?: readonly string[] | undefined;
  readonly cdrom?: string | undefined;
  readonly bios?: string | undefined;
  readonly vgaBios?: string | undefined;
  readonly boot?: string | undefined;
  readonly isa?: boolean | undefined;
  readonly profile?: string | undefined;
}

export interface Guest {
  readonly name: string;
  readonly boot: BootImage;
  readonly disk: DiskSource | undefined;
  readonly drives?: readonly DriveSource[];
  readonly firmware?: Firmware | undefined;
  readonly profile: ResolvedProfile;
  readonly profileSource: string;
  /** The file with the kernel's symbols, if its image has none. */
  readonly symbols?: Uint8Array | undefined;
  /** The profile as written, for display. */
  readonly description: GuestProfile | undefined;
  /** For the trace's header. */
  readonly labels: Readonly<Record<string, string>>;
}

export function openGuest(request: GuestRequest): Guest {
  const { guest } = request;
  const media = { disks: request.disk ?? [], floppies: request.floppy ?? [], cdrom: request.cdrom };
  if (guest === BUILTIN_GUEST || (guest === undefined && !asksForFirmware(request))) {
    const drives = openDrives(media);
    return { ...openBuiltin(request), ...(drives.disk ? drives : { drives: drives.drives }) };
  }
  if (guest === undefined) return openMedia(request, media);
  const image = readUserFile(guest, 'guest');
  const kind = isLinuxImage(image) ? undefined : mediumKind(image);
  if (kind) return openMedia(request, withMedium(media, kind, guest));
  return { ...openFile(request, guest, image), ...openDrives(media) };
}

function openBuiltin(request: GuestRequest): Guest {
  const kernel = oneOf(KERNELS, request.kernel ?? KERNELS[0], 'kernel');
  const workload = oneOf(WORKLOADS, request.workload ?? WORKLOADS[0], 'workload');
  const variant = request.variant === undefined ? undefined : oneOf(VARIANTS, request.variant, 'variant');
  // The same seed determines disk latencies and, as a boot option, the workload's own choices.
  const options = [
    `kernel=${kernel}`,
    `workload=${workload}`,
    `seed=${request.seed & 0xffff_ffffn}`,
    variant === undefined ? '' : `variant=${variant}`,
    request.append ?? '',
  ];
  return {
    ...assemble(
      request,
      BUILTIN_GUEST,
      variant === undefined ? builtinKernel() : builtinVariants(),
      options.filter((option) => option !== '').join(' '),
      builtinProfile(),
      'the built-in profile',
    ),
    name: BUILTIN_GUEST,
    disk: builtinDiskSource(workload),
    labels: { kernel, workload, ...(variant === undefined ? {} : { variant }) },
  };
}

function refuseBuiltinOptions(request: GuestRequest): void {
  const builtinOnly = ['kernel' as const, 'workload' as const, 'variant' as const].find(
    (name) => request[name],
  );
  if (builtinOnly)
    throw new BadInput(
      `--${builtinOnly} is an option of the built-in guest ${BUILTIN_GUEST}, not of ${request.guest ?? 'a disk'}`,
      'give your own kernel its options with --append "…"',
    );
}

function openFile(request: GuestRequest, guest: string, image: Uint8Array): Guest {
  refuseBuiltinOptions(request);
  if (asksForFirmware(request))
    throw new BadInput(
      `${guest} is started without a BIOS`,
      'leave out --bios, --vga-bios, --boot and --isa, or boot an image of a disk, floppy or CD',
    );
  // As under GRUB Legacy and QEMU, a Multiboot command line begins with the kernel's name; Linux gets only options.
  const words = isLinuxImage(image) ? [request.append] : [basename(guest), request.append];
  if (isLinuxImage(image) && !has32BitEntry(image))
    throw new BadInput(
      `${guest} has the header of a Linux kernel and no 32-bit entry (code32_start is 0): its real-mode code would have to run`,
      'boot it with a boot loader from a disk, floppy or CD image, or use the .iso or .dsk of its package, if it has one',
    );
  return {
    ...assemble(request, guest, image, words.filter(Boolean).join(' '), '', ''),
    ...{ name: basename(guest), disk: undefined, labels: {} },
  };
}

/** The BIOS boots from the drives. */
function openMedia(request: GuestRequest, media: Media): Guest {
  refuseBuiltinOptions(request);
  const [option] = [request.append && '--append', request.modules.length > 0 && '--module'].filter(Boolean);
  if (option)
    throw new BadInput(
      `${option} is for a kernel that is started directly`,
      'a boot loader reads its own configuration',
    );
  const drives = openDrives(media);
  const firmware = openFirmware(request, media);
  const paths = { floppy: media.floppies[0], disk: media.disks[0], cdrom: media.cdrom };
  const first = firmware.bootOrder.map((kind) => paths[kind]).find((path) => path !== undefined);
  if (first === undefined)
    throw new BadInput('there is nothing to boot from', 'give --disk, --floppy or --cdrom FILE');
  const { profile, profileSource, description, symbols } = describe(request, '', '', () => []);
  return {
    ...{ profile, profileSource, description, symbols, labels: {}, name: basename(request.guest ?? first) },
    boot: {
      kind: 'disk_boot',
      name: request.guest ?? first,
      image: new Uint8Array(),
      commandLine: '',
      modules: [],
    },
    ...drives,
    firmware,
  };
}

function assemble(
  request: GuestRequest,
  guest: string,
  image: Uint8Array,
  commandLine: string,
  defaultProfile: string,
  defaultWhere: string,
): Pick<Guest, 'boot' | 'profile' | 'profileSource' | 'description' | 'symbols'> {
  const kind = isLinuxImage(image) ? 'linux' : 'multiboot';
  return {
    boot: { kind, name: guest, image, commandLine, modules: openModules(kind, guest, request) },
    ...describe(
      kind === 'linux' && !request.profile ? { ...request, profile: 'linux' } : request,
      defaultProfile,
      defaultWhere,
      () => symbolsOfImage(image, guest),
    ),
  };
}

/** Resolves the guest's profile with the symbols of --symbols or of its image. */
function describe(
  request: GuestRequest,
  defaultProfile: string,
  defaultWhere: string,
  imageSymbols: () => ReturnType<typeof symbolsOfImage>,
): Pick<Guest, 'profile' | 'profileSource' | 'description' | 'symbols'> {
  const where = request.profile ?? defaultWhere;
  const profileSource = request.profile ? profileText(request.profile) : defaultProfile;
  const description = profileSource ? parseProfile(profileSource, where) : undefined;
  const symbols = request.symbols ? readUserFile(request.symbols, 'symbols') : undefined;
  const known = symbols ? readSymbols(symbols, request.symbols as string) : imageSymbols();
  const symbol = (name: string) => known.find((one) => one.name.raw === name)?.address;
  return {
    profile: description ? resolveProfile(description, symbol, where) : NO_PROFILE,
    profileSource,
    description,
    symbols,
  };
}

/** Multiboot kernels have modules, Linux has initrds. */
function openModules(
  kind: 'multiboot' | 'linux',
  guest: string,
  request: GuestRequest,
): BootImage['modules'] {
  const { initrds = [], modules } = request;
  if (kind === 'linux') {
    if (modules.length > 0)
      throw new BadInput(`${guest} is a Linux kernel and takes no modules`, 'give it --initrd FILE');
    return initrds.map((path) => ({ bytes: readUserFile(path, 'initrd'), commandLine: basename(path) }));
  }
  if (initrds.length > 0)
    throw new BadInput(`${guest} is not a Linux kernel and takes no initrd`, 'give it --module FILE');
  return modules.map(openModule);
}

function openModule(argument: string): BootImage['modules'][number] {
  const equals = argument.indexOf('=');
  const path = equals < 0 ? argument : argument.slice(0, equals);
  const words = [basename(path), ...(equals < 0 ? [] : [argument.slice(equals + 1)])];
  const commandLine = words.filter(Boolean).join(' ');
  return { bytes: readUserFile(path, 'module'), commandLine };
}

function oneOf<Name extends string>(names: readonly Name[], given: string, what: string): Name {
  const found = names.find((name) => name === given);
  if (found) return found;
  throw new BadInput(
    `unknown ${what} "${given}"`,
    `the ${what}s of ${BUILTIN_GUEST} are ${names.join(', ')}`,
  );
}
