import type { Step } from '../../why/step.ts';
import type { Story } from '../../why/story.ts';
import type { ValueStory } from '../../why/value.ts';
import { grouped, shellWord } from '../terminal/format.ts';

/** A story as text: one line per step, with the command that shows its details. */
export function storyLines(file: string, { steps }: Story): string[] {
  return steps.flatMap((step) => stepLines(file, step));
}

/** The origin of a value, and the reason that the trail ends. */
export function valueLines(file: string, { of, steps, end }: ValueStory): string[] {
  return [
    `the origin of ${of}:`,
    ...steps.flatMap((step) => stepLines(file, step)),
    `the trail ends here: ${end}`,
  ];
}

/** One step. */
export function stepLines(file: string, told: Step): string[] {
  const { icount, because, source } = told;
  const at = grouped(icount);
  return [
    `${at}  ${because}${source === null ? '' : ` [${source}]`}`,
    `${' '.repeat(at.length)}  next: ${storyCommand(file, told)}`,
  ];
}

/** The command that shows more of a step. */
export const storyCommand = (file: string, { next: [command, ...words] }: Step): string =>
  `rewind386 ${command} ${shellWord(file)} ${words.map(shellWord).join(' ')}`;
