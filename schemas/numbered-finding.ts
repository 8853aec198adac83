import { BadInput } from './bad-input.ts';

/** A finding by its number, for every command that takes one. */

/**
 * Finding `number`, from 1, of those that `check` lists; BadInput if there is none of this number. `file`: the trace, as a shell takes it.
 */
export function numberedFinding<T>(findings: readonly T[], number: number, file = 'FILE'): T {
  const found = findings[number - 1];
  if (found) return found;
  const count = findings.length;
  if (count === 0)
    throw new BadInput(
      `finding ${number}: the trace has no finding`,
      `rewind386 why ${file} --value ADDRESS@ICOUNT asks about a value`,
    );
  throw new BadInput(
    `finding ${number}: the trace has ${count === 1 ? '1 finding' : `${count} findings`}`,
    `rewind386 check ${file} lists them`,
  );
}
