import type { TraceReader } from '../../replayer/trace/trace-reader.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { successCodes } from '../ending/exit-codes.ts';
import type { Sign } from './window-judge.ts';

/** The ends of a run that are failures, for one recording. */

/** Tells of an end whether it is a failure. */
export function badEnds({ header, footer }: TraceReader): (end: TraceExit) => boolean {
  const success = successCodes(header);
  return ({ kind, code }) => {
    if (kind === 'exit') return !success.includes(code);
    // A kernel may halt for ever on purpose: then the recorded one did.
    return kind === 'shutdown' || (kind === 'stuck' && footer?.exit.kind !== 'stuck');
  };
}

/** The failure of a run: its first sign, or its end. */
export interface Failure {
  readonly sign: Sign | undefined;
  readonly end: TraceExit | undefined;
}

/** The same happened, whenever. */
export const failsAlike = (a: Failure, b: Failure): boolean =>
  a.sign
    ? a.sign.kind === b.sign?.kind && a.sign.eip === b.sign.eip && a.sign.text === b.sign.text
    : b.sign === undefined && a.end?.kind === b.end?.kind && a.end?.code === b.end?.code;
