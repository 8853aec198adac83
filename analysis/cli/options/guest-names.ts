import { BUILTIN_PROFILES } from '../../../recorder/capture/builtin-profiles.ts';
import { type GuestProfile, parseProfile } from '../../../recorder/capture/profile.ts';
import type { GuestProgram, Names } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { isElf, readSymbols } from '../../../schemas/guest/symbol-file.ts';
import { CODEC, packFile } from '../../../schemas/trace/compression.ts';
import type { TraceHeader } from '../../../schemas/trace/header.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { note } from '../terminal/progress.ts';
import { readUserFile } from './user-file.ts';

/**
 * `--symbols` and `--profile` of commands that read a trace, for someone who has the symbols of the kernel in a trace they were sent.
 * They only add names; the run and its events do not change.
 */
export const NAMING_OPTIONS = {
  symbols: {
    type: 'string',
    requiresArg: true,
    describe: 'symbols of the kernel: ELF, System.map or a.out (default: those in the trace)',
  },
  program: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      'name the code of a program in SQL: an ELF file, with @OFFSET if it is loaded that much higher than its headers say; may be repeated',
  },
  profile: {
    type: 'string',
    requiresArg: true,
    describe:
      "the guest's layout, used for names only: a built-in profile or a JSON file (docs/guest-profile.md)",
  },
} as const;

interface NamingArguments {
  readonly symbols?: string | undefined;
  readonly program?: readonly string[] | undefined;
  readonly profile?: string | undefined;
}

/** The names and profile given to a command; undefined if none. Throws BadInput for unusable files. */
export function givenNames({ symbols, program = [], profile }: NamingArguments): Names | undefined {
  if (symbols === undefined && profile === undefined && program.length === 0) return undefined;
  const programs = program.map(programFile);
  const file = symbols === undefined ? undefined : symbolFile(symbols);
  const source = profile === undefined ? undefined : profileText(profile);
  const description = source === undefined ? undefined : parseProfile(source, profile as string);
  const told = new Set<string>();
  return (header) => {
    if (description)
      for (const text of notRecorded(header, description)) {
        if (!told.has(text)) note(text);
        told.add(text);
      }
    return {
      guest: file ? { ...header.guest, symbols: file } : header.guest,
      profile:
        description && source !== undefined ? renamed(header.profile, description, source) : header.profile,
      programs,
    };
  };
}

/** A header with the given symbols, for a file made from the trace. */
export function withGivenSymbols(header: TraceHeader, { symbols }: NamingArguments): TraceHeader {
  if (symbols === undefined) return header;
  const bytes = readUserFile(symbols, 'symbols');
  readSymbols(bytes, symbols);
  return { ...header, guest: { ...header.guest, symbols: packFile(bytes) } };
}

/** `FILE` or `FILE@ADDRESS`. */
function programFile(text: string): GuestProgram {
  const [, path = text, address = '0'] = /^(.+)@(0x[0-9a-f]{1,8}|\d+)$/i.exec(text) ?? [];
  const data = readUserFile(path, 'program');
  if (!isElf(data))
    throw new BadInput(
      `--program ${text}: ${path} is not an ELF file`,
      'give the program as its linker wrote it',
    );
  readSymbols(data, path);
  return {
    base: Number(address),
    file: {
      ...{ kind: 'multiboot', name: untrusted(path), commandLine: untrusted(''), modules: [] },
      image: { sha256: '', contents: { codec: CODEC.none, rawBytes: data.length, data } },
    },
  };
}

/** Not compressed, because it is read at once and a kernel with DWARF is large. */
function symbolFile(path: string) {
  const data = readUserFile(path, 'symbols');
  readSymbols(data, path);
  return { sha256: '', contents: { codec: CODEC.none, rawBytes: data.length, data } };
}

/** A profile that comes with the tool, by name, or a file. */
export function profileText(nameOrPath: string): string {
  const builtin = BUILTIN_PROFILES[nameOrPath];
  if (builtin) return JSON.stringify(builtin);
  return Buffer.from(readUserFile(nameOrPath, 'profile')).toString('utf8');
}

function renamed(
  recorded: TraceHeader['profile'],
  { name, recursiveSlot = -1, alternateSlot = -1 }: GuestProfile,
  source: string,
): TraceHeader['profile'] {
  return { ...recorded, name: untrusted(name), recursiveSlot, alternateSlot, source: untrusted(source) };
}

/** Throws if a profile needs events that the recording does not have, since names cannot supply them. */
function notRecorded({ profile }: TraceHeader, given: GuestProfile): string[] {
  const notes: string[] = [];
  const { alternateSlot = -1 } = given;
  if (alternateSlot >= 0 && alternateSlot !== profile.alternateSlot)
    notes.push(
      `profile ${given.name}: switches of the alternate map in slot ${alternateSlot} were not recorded, so its checks cannot apply: record again with --profile`,
    );
  const unrecorded = (given.windows ?? []).filter(
    ({ name }) => !(profile.windows ?? []).some((window) => window.name.raw === name),
  );
  if (unrecorded.length > 0)
    notes.push(
      `profile ${given.name}: the window ${unrecorded[0].name} was not recorded: replay --profile … -o makes a trace that has it`,
    );
  if (given.process && !profile.process)
    notes.push(
      `profile ${given.name}: which process ran was not recorded, so none is named: replay --profile … -o makes a trace that has it`,
    );
  return notes;
}
