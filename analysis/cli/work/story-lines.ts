import type { Step } from '../../why/step.ts';
import type { Story } from '../../why/story.ts';
import { grouped, shellWord } from '../terminal/format.ts';

/** A story as people read it: a line a step, and the command that shows more of it. */
export function storyLines(file: string, { steps }: Story): string[] {
  return steps.flatMap((step) => stepLines(file, step));
}

function stepLines(file: string, { icount, because, next: [command, ...words] }: Step): string[] {
  const at = grouped(icount);
  return [
    `${at}  ${because}`,
    `${' '.repeat(at.length)}  next: rewind386 ${command} ${shellWord(file)} ${words.map(shellWord).join(' ')}`,
  ];
}
