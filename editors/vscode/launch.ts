import { isAbsolute, join } from 'node:path';

/** Command lines of rewind386 for what an editor asks: paths made absolute, no other program known. */

/** A program with its arguments, for an interface that takes them apart. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * A configuration of launch.json, as a user wrote it: `trace`, and of choice `finding` or `at`, `symbols`, `profile`, `disks`
 * (configurationAttributes of manifest.json). Nothing of it is checked yet.
 */
export type LaunchConfiguration = Readonly<Record<string, unknown>>;

/** A configuration that cannot be run; the message goes to the user as it is. */
export class WrongConfiguration extends Error {}

/** An absolute path as it is, another one of the workspace folder. Throws WrongConfiguration where there is no folder. */
export function pathOf(attribute: string, value: unknown, folder: string | undefined): string {
  if (typeof value !== 'string' || value === '')
    throw new WrongConfiguration(`"${attribute}" of launch.json is no path: write one as a text`);
  if (isAbsolute(value)) return value;
  if (folder === undefined)
    throw new WrongConfiguration(
      `"${attribute}": "${value}" is a path of the workspace folder, and none is open: open one, or write an absolute path`,
    );
  return join(folder, value);
}

/**
 * The adapter of a configuration: it speaks the Debug Adapter Protocol on stdin and stdout. `command` is the setting
 * `rewind386.command`, `folder` the workspace folder. Throws WrongConfiguration.
 */
export function adapterOf(
  command: readonly string[],
  configuration: LaunchConfiguration,
  folder: string | undefined,
): CommandLine {
  const { trace, finding, at, symbols, profile, disks = [] } = configuration;
  if (trace === undefined)
    throw new WrongConfiguration('"trace" of launch.json is missing: write the path of a .r386 file');
  if (finding !== undefined && at !== undefined)
    throw new WrongConfiguration('"finding" and "at" of launch.json are two places to begin: keep one');
  if (!Array.isArray(disks)) throw new WrongConfiguration('"disks" of launch.json is no list of paths');
  const file = (attribute: string, value: unknown) =>
    value === undefined ? [] : [`--${attribute}=${pathOf(attribute, value, folder)}`];
  return commandLine(command, [
    'debug',
    '--dap',
    ...place('finding', finding),
    ...place('at', at),
    ...file('symbols', symbols),
    // A profile may be a name instead: only what looks like a file is one.
    ...(typeof profile === 'string' && !/[./\\]/.test(profile)
      ? [`--profile=${profile}`]
      : file('profile', profile)),
    ...disks.map((disk) => `--disk=${pathOf('disks', disk, folder)}`),
    pathOf('trace', trace, folder),
  ]);
}

/** Makes the report page of a trace, both by absolute paths. */
export const reportOf = (command: readonly string[], trace: string, page: string): CommandLine =>
  commandLine(command, ['report', `--output=${page}`, '--force', trace]);

function place(option: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (typeof value === 'number' || (typeof value === 'string' && value !== ''))
    return [`--${option}=${value}`];
  throw new WrongConfiguration(`"${option}" of launch.json is not a number`);
}

function commandLine([program, ...before]: readonly string[], args: readonly string[]): CommandLine {
  if (!program) throw new WrongConfiguration('the setting "rewind386.command" is empty');
  return { program, args: [...before, ...args] };
}
