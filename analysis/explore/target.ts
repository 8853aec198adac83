import type { TraceExit } from '../../schemas/trace/footer.ts';
import type { Sign } from './window-judge.ts';

/**
 * The failure that a search is for, by the check that would find it in a recording; `crash`: the guest's own death. Without a target it is
 * whichever comes first.
 */
export const TARGETS = ['crash', 'foreign-pmap', 'window-hijack'] as const;
export type Target = (typeof TARGETS)[number];

const SIGN: Readonly<Record<Target, Sign['kind']>> = {
  crash: 'panic',
  'foreign-pmap': 'interrupt hijack',
  'window-hijack': 'window hijack',
};

export const isSought = (kind: Sign['kind'], target: Target | undefined): boolean =>
  target === undefined || SIGN[target] === kind;

/** The ends that count, of those that are bad. */
export const endsSought = (
  isBad: (end: TraceExit) => boolean,
  target: Target | undefined,
): ((end: TraceExit) => boolean) => (target === undefined || target === 'crash' ? isBad : () => false);
