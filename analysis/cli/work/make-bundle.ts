import { VERSION } from '../../../host/tool-version.ts';
import { SectorsRead, selfContained } from '../../../replayer/bundle/self-contained.ts';
import { writeBundle } from '../../../replayer/bundle/write-bundle.ts';
import { type Names, TraceReader } from '../../../replayer/trace/trace-reader.ts';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { TraceDisk, TraceHeader } from '../../../schemas/trace/header.ts';
import { untrusted } from '../../../schemas/untrusted.ts';
import { expectations } from '../../bundle/expectations.ts';
import { ofQuery, type Question } from '../../bundle/questions.ts';
import { QUERIES } from '../../sql/catalog.ts';
import { builtinDisk } from '../options/builtin-guest.ts';
import { givenNames, withGivenSymbols } from '../options/guest-names.ts';
import { parseParameters } from '../options/query-parameters.ts';
import { EXIT } from '../report/exit-status.ts';
import { bytes, plural, shellWord } from '../terminal/format.ts';
import { complainLines, print, printLines } from '../terminal/output.ts';
import { fileBytes } from './file-bytes.ts';
import { openDatabase } from './open-database.ts';
import { checkOutput } from './output-file.ts';
import { divergenceReport, replayTrace } from './replay-trace.ts';

/** Makes a bundle from a trace: replays it, runs all questions, and writes it. */

export interface BundleRequest {
  readonly output: string;
  readonly redactDisk: boolean;
  /** Named queries with their parameters. */
  readonly ask?: readonly string[];
  readonly sql: readonly string[];
  /** Candidate files for disks that are not in the trace. */
  readonly disks?: readonly string[];
  /** A file with the kernel's symbols, to include in the bundle. */
  readonly symbols?: string | undefined;
  /** Overwrite an existing file. */
  readonly force?: boolean;
  /** Print nothing on success. */
  readonly quiet?: boolean;
}

/** Replays the trace, runs all questions, and writes the bundle. Returns the exit status. */
export async function bundle(
  file: string,
  { output, redactDisk, ask = [], sql, symbols, disks = [], force = false, quiet = false }: BundleRequest,
): Promise<number> {
  const chosen = ask.map(parseQuestion);
  checkOutput(output, { force, makes: 'trace', inputs: [file] });
  const reader = TraceReader.open(file, { disks });
  try {
    if (!reader.footer)
      throw new BadInput(
        `${file} is torn: ${reader.torn?.what}`,
        `rewind386 replay ${shellWord(file)} -o whole.r386`,
      );
    const read = redactDisk ? new SectorsRead() : undefined;
    const replayed = await replayTrace(file, {
      showConsole: false,
      disks,
      ...(read ? { watchDisk: read.watch } : {}),
    });
    if (replayed.divergence) {
      complainLines(divergenceReport(file, replayed));
      return EXIT.divergence;
    }
    const expected = await askAll(file, chosen, sql, givenNames({ symbols }));
    const header = withGivenSymbols(selfContained(reader.header, builtinDisk, read), { symbols });
    const source = reader.bundle()?.source ?? reader.identity();
    writeBundle(reader, header, { source, toolVersion: untrusted(VERSION), expectations: expected }, output);
    if (quiet) return EXIT.ok;
    print(
      `${output}: ${bytes(fileBytes(output))}, ${plural(expected.length, 'query', 'queries')} with their rows`,
    );
    printLines(describeDisks(header));
    print(`next: rewind386 verify ${shellWord(output)}`);
    return EXIT.ok;
  } finally {
    reader.close();
  }
}

function parseQuestion(text: string): Question {
  const [name, ...given] = text.trim().split(/\s+/);
  const query = QUERIES.find((one) => one.name === name);
  if (query) return ofQuery(query, parseParameters(query, given));
  throw new BadInput(
    `--ask ${text}: no such query`,
    `the named queries are ${QUERIES.map((one) => one.name).join(', ')}`,
  );
}

async function askAll(
  file: string,
  chosen: readonly Question[],
  sql: readonly string[],
  names: Names | undefined,
) {
  const db = await openDatabase([file], { names });
  try {
    return await expectations(db, chosen, sql);
  } finally {
    db.close();
  }
}

function describeDisks({ disk, drives = [] }: TraceHeader): string[] {
  const disks = [...(disk ? [disk] : []), ...drives.map(({ medium }) => medium)];
  return disks.map((one, n) => `disk ${n}: ${describeDisk(one)}`);
}

function describeDisk({ base, sectors, sha256, unredactedSha256 }: TraceDisk): string {
  const kept =
    base.kind === 'embedded' ? base.extents.reduce((sum, { contents }) => sum + contents.data.length, 0) : 0;
  const redacted = unredactedSha256
    ? `; redacted: sectors the run never read are zeros, SHA-256 is now ${sha256.slice(0, 16)}… (was ${unredactedSha256.slice(0, 16)}…)`
    : '';
  return `${plural(sectors, 'sector')} in ${bytes(kept)}${redacted}`;
}
