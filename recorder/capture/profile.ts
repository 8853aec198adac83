import { BadInput } from '../../schemas/bad-input.ts';
import { meant } from '../../schemas/nearest.ts';
import { type Untrusted, untrusted } from '../../schemas/untrusted.ts';
import type { ResolvedProfile } from '../machine/config.ts';
import { checkWindows, type ProfileWindow, placeOf, resolveWindows } from './profile-windows.ts';
import { systemCallsError } from './system-calls-check.ts';

/**
 * A guest profile (JSON): facts about a kernel's address-space layout that the recorder cannot know.
 * docs/guest-profile.md describes each field.
 */
export interface GuestProfile {
  readonly name: string;
  /** PDE slot through which a directory maps itself, 0-1023. */
  readonly recursiveSlot?: number;
  /** PDE slot of the alternate page table map, 0-1023. */
  readonly alternateSlot?: number;
  /** Windows: other resources that the kernel sets, uses for a while and sets again. */
  readonly windows?: readonly ProfileWindow[];
  readonly process?: {
    /** Variable that points to the running process: SYMBOL or SYMBOL+OFFSET of the kernel, or a linear address. */
    readonly current: string | number;
    /** Byte offsets in the process structure. */
    readonly pid: number;
    /** Bytes of the id: 2 or 4 (default: 4). */
    readonly pidBytes?: 2 | 4;
    readonly comm: number;
    /** True if the variable is set after CR3 is loaded, so that it is read on each return to user mode instead. */
    readonly afterCr3?: boolean;
  };
  /** Its system calls, for names in the tables. */
  readonly systemCalls?: {
    /** IDT vector of the gate, 0-255; SYSENTER counts as it (default: 0x80 without `selector`, none with it). */
    readonly vector?: number;
    /** Selector of the call gate, as the program's CALL has it: 7 for `lcall $7,$0`. */
    readonly selector?: number;
    /** `stack`: above a return address on the program's stack, as in BSD; `registers`: as in Linux (default). */
    readonly arguments?: 'stack' | 'registers';
    /** Names by number, in decimal. */
    readonly names: Readonly<Record<string, string>>;
  };
  /** Meanings of the codes that the guest writes to the debug-exit port; keys in decimal or 0x hexadecimal. */
  readonly exitCodes?: Readonly<Record<string, string>>;
  /** Those of them that mean success, in decimal or 0x hexadecimal; 0 when this is absent. */
  readonly exitSuccess?: readonly string[];
}

/** Finds a symbol's linear address. */
export type SymbolLookup = (name: string) => number | undefined;

/** All fields, including nested ones. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  name: [],
  recursiveSlot: [],
  alternateSlot: [],
  windows: [],
  process: ['current', 'pid', 'pidBytes', 'comm', 'afterCr3'],
  systemCalls: ['vector', 'selector', 'arguments', 'names'],
  exitCodes: [],
  exitSuccess: [],
};

/** Parses a profile of the user; throws BadInput for an unknown field. `where` names the file in messages. */
export function parseProfile(text: string, where: string): GuestProfile {
  const profile = recordedProfile(untrusted(text), where);
  checkNames(profile, Object.keys(FIELDS), '', where);
  if (profile.windows !== undefined) checkWindows(profile.windows, where);
  for (const [field, own] of Object.entries(FIELDS))
    if (own.length > 0) checkNames(Object(profile[field as keyof GuestProfile]), own, `${field}.`, where);
  return profile;
}

function checkNames(fields: object, known: readonly string[], prefix: string, where: string): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const words = known.map((name) => `${prefix}${name}`);
  throw new BadInput(
    `${where}: unknown field ${JSON.stringify(prefix + unknown)}${meant(prefix + unknown, words)}`,
    `the fields are ${words.join(', ')}: docs/guest-profile.md`,
  );
}

/** Parses a profile in a trace, which may have unknown fields of a later version. */
export function recordedProfile(text: Untrusted, where: string): GuestProfile {
  let profile: unknown;
  try {
    profile = JSON.parse(text.raw);
  } catch (error) {
    throw new BadInput(`${where}: not JSON: ${(error as Error).message}`);
  }
  const wrong = (what: string): never => {
    throw new BadInput(`${where}: ${what}`, 'docs/guest-profile.md has the fields and an example');
  };
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile))
    return wrong('not an object');
  const fields = profile as Record<string, unknown>;
  if (typeof fields.name !== 'string' || fields.name === '') wrong('"name" is missing');
  for (const slot of ['recursiveSlot', 'alternateSlot'])
    if (fields[slot] !== undefined && !isIntegerBelow(fields[slot], 1024))
      wrong(`"${slot}" is not a PDE slot (0-1023)`);
  if (fields.process !== undefined) checkProcess(fields.process, wrong);
  const { exitSuccess, systemCalls } = fields;
  const wrongCalls = systemCalls === undefined ? undefined : systemCallsError(systemCalls);
  if (wrongCalls !== undefined) wrong(wrongCalls);
  if (exitSuccess !== undefined && !(Array.isArray(exitSuccess) && exitSuccess.every(isExitCode)))
    wrong('"exitSuccess" is not a list of codes such as ["0", "0x10"]');
  return fields as unknown as GuestProfile;
}

function checkProcess(process: unknown, wrong: (what: string) => never): void {
  const { current, pid, pidBytes, comm, afterCr3 } = (process ?? {}) as Record<string, unknown>;
  if (typeof current !== 'string' && !isIntegerBelow(current, 2 ** 32))
    wrong('"process.current" is neither a symbol nor a linear address');
  if (!isIntegerBelow(pid, 2 ** 16)) wrong('"process.pid" is not a byte offset');
  if (pidBytes !== undefined && pidBytes !== 2 && pidBytes !== 4)
    wrong('"process.pidBytes" is neither 2 nor 4');
  if (afterCr3 !== undefined && typeof afterCr3 !== 'boolean')
    wrong('"process.afterCr3" is neither true nor false');
  if (!isIntegerBelow(comm, 2 ** 16)) wrong('"process.comm" is not a byte offset');
}

const isExitCode = (code: unknown): boolean =>
  typeof code === 'string' && /^(\d+|0x[0-9a-f]+)$/i.test(code) && Number(code) < 2 ** 32;

const isIntegerBelow = (value: unknown, end: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < end;

/** Turns symbols into addresses, for the machine. */
export function resolveProfile(profile: GuestProfile, symbol: SymbolLookup, where: string): ResolvedProfile {
  const { name, recursiveSlot = -1, alternateSlot = -1, windows = [], process } = profile;
  const maps = { recursiveSlot, alternateSlot };
  const slots = { name, ...maps, windows: resolveWindows(windows, maps, symbol, where) };
  if (!process) return slots;
  const current = typeof process.current === 'number' ? process.current : placeOf(process.current, symbol);
  if (current === undefined)
    throw new BadInput(
      `${where}: the kernel has no symbol "${process.current}"`,
      'give the address of the variable, or a kernel with its symbol table',
    );
  return { ...slots, process: { ...process, current } };
}

/** The meaning of an exit code in the guest's profile; undefined if it has none. */
export function exitMeaning(profile: GuestProfile | undefined, code: number): string | undefined {
  const entries = Object.entries(profile?.exitCodes ?? {});
  return entries.find(([key]) => Number(key) === code)?.[1];
}
