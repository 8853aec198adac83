import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { Sign } from './window-judge.ts';

/**
 * The failure that a search is for: a check by its name, without a number; or `crash`, the guest's own death. Without a target it is whichever
 * a judge that hears the events finds first.
 */
export type Target = string;

/** The targets that a judge decides while the run goes on, by the sign that it tells; the others need an examiner. */
const SIGNS: ReadonlyMap<Target, string> = new Map([
  ['crash', 'panic'],
  ['foreign-pmap', 'interrupt hijack'],
  ['window-hijack', 'window hijack'],
]);

export const isHeard = (target: Target | undefined): boolean => target === undefined || SIGNS.has(target);

export const isSought = (kind: Sign['kind'], target: Target | undefined): boolean =>
  target === undefined || SIGNS.get(target) === kind;

/** The ends that count, of those that are bad. */
export const endsSought = (
  isBad: (end: TraceExit) => boolean,
  target: Target | undefined,
): ((end: TraceExit) => boolean) => (target === undefined || target === 'crash' ? isBad : () => false);
