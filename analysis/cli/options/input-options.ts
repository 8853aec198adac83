import { readFileSync } from 'node:fs';
import { fileError } from '../../../host/file-error.ts';
import { type InputSource, Schedule } from '../../../recorder/capture/input/input-source.ts';
import { LiveSource } from '../../../recorder/capture/input/live-source.ts';
import { parseScript } from '../../../recorder/capture/input/script.ts';
import { ScriptSource } from '../../../recorder/capture/input/script-source.ts';
import { TYPE_TO, type TypeTo, Typist } from '../../../recorder/capture/input/typing.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import { parseCount, parseInjection, parseSerial, parseTyping } from './values.ts';

/** The options of `record` for input while the guest runs. */
export const INPUT_OPTIONS = {
  type: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'type TEXT@ICOUNT, as fast as the line allows; accepts \\n and other escapes',
  },
  'type-to': {
    choices: TYPE_TO,
    describe: 'where --type and --interactive type (default: serial; with --screen: keyboard)',
  },
  script: {
    type: 'string',
    requiresArg: true,
    describe: 'a dialogue with the guest: expect, send, key, wait, timeout, quit (docs/guests.md)',
  },
  interactive: {
    type: 'boolean',
    default: false,
    describe: 'type to the guest from this terminal; Ctrl-] ends the recording',
  },
  serial: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'deliver TEXT on COM1 all at once: ICOUNT:TEXT',
  },
  inject: {
    type: 'string',
    array: true,
    default: [] as string[],
    requiresArg: true,
    describe: 'request an interrupt: IRQ@ICOUNT',
  },
} as const;

interface InputArguments {
  readonly type: readonly string[];
  readonly typeTo?: string | undefined;
  readonly screen: boolean;
  readonly script?: string | undefined;
  readonly interactive: boolean;
  readonly serial: readonly string[];
  readonly inject: readonly string[];
}

export interface Inputs {
  readonly sources: readonly InputSource[];
  /** The source of input from the terminal, with --interactive. */
  readonly live: LiveSource | undefined;
}

/** Throws BadInput for input that cannot be read or typed. */
export function openInputs(args: InputArguments, instructionsPerSecond: number): Inputs {
  const to = (args.typeTo ?? (args.screen ? 'keyboard' : 'serial')) as TypeTo;
  const typist = new Typist(instructionsPerSecond);
  const typed = args.type
    .map(parseTyping)
    .sort((a, b) => a.at - b.at)
    .flatMap(({ text, at }) => typist.type(text, to, at));
  const scheduled = [...args.inject.map(parseInjection), ...args.serial.flatMap(parseSerial)].sort(
    (a, b) => a.icount - b.icount,
  );
  const live = args.interactive ? new LiveSource(to, instructionsPerSecond) : undefined;
  const script = args.script === undefined ? [] : [openScript(args.script, instructionsPerSecond)];
  return {
    sources: [new Schedule(scheduled), new Schedule(typed), ...script, ...(live ? [live] : [])],
    live,
  };
}

function openScript(path: string, instructionsPerSecond: number): ScriptSource {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadInput(`cannot read script ${path}: ${fileError(error)}`);
  }
  return new ScriptSource(parseScript(text, path, parseCount), path, instructionsPerSecond);
}
