import type { StopReason } from '../../recorder/machine/parts.ts';
import { exitOf } from '../../recorder/machine/trace-exit.ts';
import { differingField, type EndState } from '../../schemas/trace/end-state.ts';
import type { TraceExit } from '../../schemas/trace/footer.ts';
import { hashWordsHex, type LadderRow, sameHashWords } from '../../schemas/trace/ladder.ts';
import type { Icount } from '../../schemas/units.ts';
import { DivergenceFound } from '../trace/divergence.ts';

/** Compares the state hashes and the end of a replay with the recorded ones; a difference throws DivergenceFound. */

/** Throws if the machine's state differs from the recorded one. Parts that an older machine did not have are not compared. */
export function compareHashes(recorded: LadderRow, actual: LadderRow): void {
  // A device newer than the recording has no recorded hash.
  const names = Object.keys(recorded.hashes);
  const different = names.filter((name) => !sameHashWords(recorded.hashes[name], actual.hashes[name]));
  if (different.length === 0) return;
  const [subsystem, ...also] = different;
  throw new DivergenceFound({
    icount: recorded.icount,
    subsystem,
    expected: `state hash ${hashWordsHex(recorded.hashes[subsystem])}`,
    actual: `state hash ${hashWordsHex(actual.hashes[subsystem])}`,
    also,
  });
}

const describeExit = ({ kind, code, message }: TraceExit): string => {
  if (kind === 'exit') return `exit with code ${code}`;
  if (kind === 'shutdown') return `shutdown (${message})`;
  if (kind === 'reset') return 'reset';
  return kind === 'stuck' ? 'halted forever' : 'the run continues';
};

/** `interrupted` and `limit` mean that the run itself had not ended. */
export function compareExit(recorded: TraceExit, actual: TraceExit, icount: Icount): void {
  const expected = describeExit(recorded);
  const got = describeExit(actual);
  if (expected !== got) throw new DivergenceFound({ icount, subsystem: 'exit', expected, actual: got });
}

export function endedEarly(icount: Icount, stop: StopReason, expected: number): DivergenceFound {
  return new DivergenceFound({
    icount,
    subsystem: 'exit',
    expected: `the run continues to icount ${expected}`,
    actual: describeExit(exitOf(stop)),
  });
}

/** Compares the end states; the exception's code only if the same events were made, from which it is derived. */
export function compareEndState(
  recorded: EndState,
  actual: EndState,
  { icount, sameEvents }: { readonly icount: Icount; readonly sameEvents: boolean },
): void {
  const { exceptionCode } = recorded;
  const different = differingField(recorded, sameEvents ? actual : { ...actual, exceptionCode });
  if (!different) return;
  const { field, values } = different;
  throw new DivergenceFound({
    icount,
    subsystem: 'end state',
    expected: `${field} ${values[0]}`,
    actual: `${field} ${values[1]}`,
  });
}
