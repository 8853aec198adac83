import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { printable } from '../../schemas/untrusted.ts';
import { type Difference, firstDifferences } from '../diff/first-difference.ts';
import type { FirstDifference, RunDifference } from '../web/serve-data.ts';
import { json, type Route } from './http-server.ts';
import { indexField } from './sent.ts';

/** The first event and the first input by which a trace differs from the first of those served. */
export function differenceRoutes(files: readonly string[]): readonly (readonly [string, Route])[] {
  const known = new Map<number, RunDifference>();
  return [
    [
      'GET difference',
      async ({ query }) => {
        const run = indexField({ run: Number(query.get('run')) }, 'run', files.length);
        const found = known.get(run) ?? differenceOf(files[0], files[run]);
        known.set(run, found);
        return json(found);
      },
    ],
  ];
}

function differenceOf(first: string, other: string): RunDifference {
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
