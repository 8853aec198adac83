import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type GuestProfile, parseProfile, resolveProfile } from '../../recorder/capture/profile.ts';
import type { DiskSource } from '../../recorder/capture/recording.ts';
import type { BootImage } from '../../recorder/machine/build.ts';
import { NO_PROFILE, type ResolvedProfile } from '../../recorder/machine/config.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { readElf } from '../../schemas/elf.ts';
import { fileError } from '../../schemas/file-error.ts';
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
  /** Built-in name or path of a Multiboot ELF. */
  readonly guest: string;
  readonly kernel?: string | undefined;
  readonly workload?: string | undefined;
  readonly seed: bigint;
  /** Kernel command line; for the built-in guest, more of its options. */
  readonly append?: string | undefined;
  /** Paths, each with `=COMMAND LINE` after it if wanted. */
  readonly modules: readonly string[];
  readonly disk?: string | undefined;
  readonly profile?: string | undefined;
}

export interface Guest {
  readonly name: string;
  readonly boot: BootImage;
  readonly disk: DiskSource | undefined;
  readonly profile: ResolvedProfile;
  readonly profileSource: string;
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
): Pick<Guest, 'boot' | 'profile' | 'profileSource' | 'description'> {
  const where = request.profile ?? defaultWhere;
  const profileSource = request.profile
    ? Buffer.from(readUserFile(request.profile, 'profile')).toString('utf8')
    : defaultProfile;
  const elf = readElf(image, request.guest);
  const description = profileSource ? parseProfile(profileSource, where) : undefined;
  const symbol = (name: string) => elf.symbols.find((known) => known.name === name)?.address;
  return {
    boot: {
      kind: 'multiboot',
      name: request.guest,
      image,
      commandLine,
      modules: request.modules.map(openModule),
    },
    profile: description ? resolveProfile(description, symbol, where) : NO_PROFILE,
    profileSource,
    description,
  };
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
