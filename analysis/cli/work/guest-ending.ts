import { TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { GuestImage } from '../../db/guest-image.ts';
import { hintsOf } from '../../ending/hints.ts';
import { type Sign, signsOf } from '../../ending/signs.ts';
import { describeHint } from '../report/hint-text.ts';
import { grouped } from '../terminal/format.ts';

/** Reports the end of a guest after its recording, with the same signs and hints as `check`. */
export interface GuestEnding {
  /** True if it crashed, panicked, ended badly, or is stuck in an exception. */
  readonly failed: boolean;
  readonly lines: readonly string[];
}

export function endingOf(path: string): GuestEnding {
  const reader = TraceReader.open(path);
  try {
    const signs = signsOf(reader);
    const failures = signs.filter(isFailure);
    const image = failures.length > 0 ? new GuestImage(reader.header) : undefined;
    return {
      failed: failures.length > 0,
      lines: [
        ...failures.map((sign) => `FAILED ${describeSign(sign, image)}`),
        ...hintsOf(reader).flatMap((hint) => describeHint(hint)),
      ],
    };
  } finally {
    reader.close();
  }
}

/** A kernel may halt forever on purpose. */
const isFailure = ({ kind }: Sign): boolean => kind !== 'halted';

function describeSign({ text, eip, icount }: Sign, image: GuestImage | undefined): string {
  const where = eip === null || !image ? '' : `; in ${image.symbol(eip)}`;
  return `${text}${where} at icount ${grouped(icount)}`;
}
