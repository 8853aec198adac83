import type { Step } from '../../why/step.ts';
import type { Story } from '../../why/story.ts';
import type { ValueStory } from '../../why/value.ts';
import { grouped, shellWord } from '../terminal/format.ts';

/** A story as people read it: a line a step, and the command that shows more of it. */
export function storyLines(file: string, { steps }: Story): string[] {
  return steps.flatMap((step) => stepLines(file, step));
}

/** The way back of a value, and the reason that it ends. */
export function valueLines(file: string, { of, steps, end }: ValueStory): string[] {
  return [
    `the way back of ${of}:`,
    ...steps.flatMap((step) => stepLines(file, step)),
    `and no further: ${end}`,
  ];
}

/** One step. */
export function stepLines(
  file: string,
  { icount, because, source, next: [command, ...words] }: Step,
): string[] {
  const at = grouped(icount);
  return [
    `${at}  ${because}${source === null ? '' : ` [${source}]`}`,
    `${' '.repeat(at.length)}  next: rewind386 ${command} ${shellWord(file)} ${words.map(shellWord).join(' ')}`,
  ];
}
