import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type GuestProfile, parseProfile, resolveProfile } from '../../recorder/capture/profile.ts';
import type { DiskSource } from '../../recorder/capture/recording.ts';
import type { BootImage } from '../../recorder/machine/build.ts';
import { NO_PROFILE, type ResolvedProfile } from '../../recorder/machine/config.ts';
import { isLinuxImage } from '../../recorder/machine/linux-boot.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { fileError } from '../../schemas/file-error.ts';
import { readSymbols, symbolsOfImage } from '../../schemas/symbol-file.ts';
import {
  BUILTIN_GUEST,
  builtinDiskSource,
  builtinKernel,
  builtinProfile,
  KERNELS,
  WORKLOADS,
} from './builtin-guest.ts';

/** What of a `record` command line says which guest to run, and how to start it. */
export interface GuestRequest {
  /** Built-in name, or path of a Multiboot ELF or a Linux bzImage. */
  readonly guest: string;
  readonly kernel?: string | undefined;
  readonly workload?: string | undefined;
  readonly seed: bigint;
  /** Kernel command line; for the built-in guest, more of its options. */
  readonly append?: string | undefined;
  /** Paths, each with `=COMMAND LINE` after it if wanted. */
  readonly modules: readonly string[];
  /** Paths of a Linux kernel's initial RAM disks. */
  readonly initrds?: readonly string[];
  /** Path of a file that names the kernel's addresses: System.map, ELF, a.out. */
  readonly symbols?: string | undefined;
  readonly disk?: string | undefined;
  readonly profile?: string | undefined;
}

export interface Guest {
  readonly name: string;
  readonly boot: BootImage;
  readonly disk: DiskSource | undefined;
  readonly profile: ResolvedProfile;
  readonly profileSource: string;
  /** The file with the kernel's symbols, where its image has none. */
  readonly symbols?: Uint8Array | undefined;
  /** The profile as written, for what it says to people. */
  readonly description: GuestProfile | undefined;
  /** For the trace's header. */
  readonly labels: Readonly<Record<string, string>>;
}

export const openGuest = (request: GuestRequest): Guest =>
  request.guest === BUILTIN_GUEST ? openBuiltin(request) : openFile(request);

function openBuiltin(request: GuestRequest): Guest {
  const kernel = oneOf(KERNELS, request.kernel ?? KERNELS[0], 'kernel');
  const workload = oneOf(WORKLOADS, request.workload ?? WORKLOADS[0], 'workload');
  // The same seed drives the outside (disk latencies) and, as a boot option, the workload's own choices.
  const options = [
    `kernel=${kernel}`,
    `workload=${workload}`,
    `seed=${request.seed & 0xffff_ffffn}`,
    request.append ?? '',
  ];
  return {
    ...assemble(request, builtinKernel(), options.join(' ').trim(), builtinProfile(), 'the built-in profile'),
    name: BUILTIN_GUEST,
    disk: request.disk ? userDisk(request.disk) : builtinDiskSource(),
    labels: { kernel, workload },
  };
}

function openFile(request: GuestRequest): Guest {
  const builtinOnly = request.kernel ? '--kernel' : request.workload ? '--workload' : undefined;
  if (builtinOnly)
    throw new BadInput(
      `${builtinOnly} is an option of the built-in guest ${BUILTIN_GUEST}, not of ${request.guest}`,
      'give your own kernel its options with --append "…"',
    );
  const image = readUserFile(request.guest, 'guest');
  return {
    ...assemble(request, image, request.append ?? '', '', ''),
    name: basename(request.guest),
    disk: request.disk ? userDisk(request.disk) : undefined,
    labels: {},
  };
}

function assemble(
  request: GuestRequest,
  image: Uint8Array,
  commandLine: string,
  defaultProfile: string,
  defaultWhere: string,
): Pick<Guest, 'boot' | 'profile' | 'profileSource' | 'description' | 'symbols'> {
  const where = request.profile ?? defaultWhere;
  const profileSource = request.profile
    ? Buffer.from(readUserFile(request.profile, 'profile')).toString('utf8')
    : defaultProfile;
  const kind = isLinuxImage(image) ? 'linux' : 'multiboot';
  const description = profileSource ? parseProfile(profileSource, where) : undefined;
  const symbols = request.symbols ? readUserFile(request.symbols, 'symbols') : undefined;
  const known = symbols
    ? readSymbols(symbols, request.symbols as string)
    : symbolsOfImage(image, request.guest);
  const symbol = (name: string) => known.find((one) => one.name === name)?.address;
  return {
    boot: {
      kind,
      name: request.guest,
      image,
      commandLine,
      modules: openModules(kind, request),
    },
    profile: description ? resolveProfile(description, symbol, where) : NO_PROFILE,
    profileSource,
    description,
    symbols,
  };
}

/** Multiboot kernels have modules, Linux has initrds. */
function openModules(kind: 'multiboot' | 'linux', request: GuestRequest): BootImage['modules'] {
  const { initrds = [], modules, guest } = request;
  if (kind === 'linux') {
    if (modules.length > 0)
      throw new BadInput(`${guest} is a Linux kernel: it takes no modules`, 'give it --initrd FILE');
    return initrds.map((path) => ({ bytes: readUserFile(path, 'initrd'), commandLine: basename(path) }));
  }
  if (initrds.length > 0)
    throw new BadInput(`${guest} is no Linux kernel: it takes no initrd`, 'give it --module FILE');
  return modules.map(openModule);
}

function openModule(argument: string): BootImage['modules'][number] {
  const equals = argument.indexOf('=');
  const path = equals < 0 ? argument : argument.slice(0, equals);
  const commandLine = equals < 0 ? basename(path) : argument.slice(equals + 1);
  return { bytes: readUserFile(path, 'module'), commandLine };
}

/** Images up to this size go into the trace; larger ones are referred to. */
const EMBED_BYTES = 256 * 2 ** 20;

function userDisk(path: string): DiskSource {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes > EMBED_BYTES
    ? { kind: 'path', path: resolve(path) }
    : { kind: 'image', image: readUserFile(path, 'disk image') };
}

function readUserFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const known = what === 'guest' ? `; the built-in guest is ${BUILTIN_GUEST}` : '';
    throw new BadInput(`cannot read ${what} ${path}: ${fileError(error)}${known}`);
  }
}

function oneOf<Name extends string>(names: readonly Name[], given: string, what: string): Name {
  const found = names.find((name) => name === given);
  if (found) return found;
  throw new BadInput(
    `unknown ${what} "${given}"`,
    `the ${what}s of ${BUILTIN_GUEST} are ${names.join(', ')}`,
  );
}
