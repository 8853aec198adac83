import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { printable } from '../../schemas/untrusted.ts';
import { type Difference, firstDifferences } from '../diff/first-difference.ts';
import type { FirstDifference, RunDifference } from '../web/serve-data.ts';
import { json, type Route } from './http-server.ts';
import { indexField } from './sent.ts';

/** Compares two traces: of long ones, not where answers are waited for. */
export type FindDifference = (
  files: readonly [first: string, other: string],
  signal: AbortSignal,
) => Promise<RunDifference>;

/** The first event and the first input by which a trace differs from the first of those served. */
export function differenceRoutes(
  files: readonly string[],
  find: FindDifference,
  stop: AbortSignal,
): readonly (readonly [string, Route])[] {
  const known = new Map<number, Promise<RunDifference>>();
  return [
    [
      'GET difference',
      async ({ query }) => {
        const run = indexField({ run: Number(query.get('run')) }, 'run', files.length);
        const found = known.get(run) ?? find([files[0], files[run]], stop);
        known.set(run, found);
        // What went wrong may go right when it is asked again.
        found.catch(() => known.delete(run));
        return json(await found);
      },
    ],
  ];
}

export function differenceOf(first: string, other: string): RunDifference {
  const readers: TraceReader[] = [];
  try {
    for (const file of [first, other]) readers.push(TraceReader.open(file));
    const { event, input, onlyOne } = firstDifferences(readers[0], readers[1]);
    return { event: told(event), input: told(input), onlyOne: [...onlyOne] };
  } finally {
    for (const reader of readers) reader.close();
  }
}

const told = (difference: Difference | undefined): FirstDifference | null =>
  difference
    ? {
        kind: difference.kind,
        icount: difference.icount,
        first: difference.a ? printable(difference.a.text) : null,
        other: difference.b ? printable(difference.b.text) : null,
      }
    : null;
