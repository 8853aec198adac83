import type { Hint } from '../../ending/hints.ts';

/** A hint for a stuck guest, as lines: the hint, and the next command if there is one. `path` names the trace among several. */
export const describeHint = ({ text, next }: Hint, path?: string): string[] => [
  `hint: ${path === undefined ? '' : `${path}: `}${text}`,
  ...(next === undefined ? [] : [`  ${next}`]),
];
