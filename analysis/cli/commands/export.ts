import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { BadInput } from '../../../schemas/bad-input.ts';
import type { DatabaseOptions } from '../../db/trace-database.ts';
import { IN_THE_MAKING, unfinishedAt, writtenFirst } from '../../db/unfinished.ts';
import { exportDuckdb } from '../../export/duckdb.ts';
import { exportPerfetto } from '../../export/perfetto/timeline.ts';
import { exportArrow, exportParquet } from '../../export/tables.ts';
import { givenNames, NAMING_OPTIONS } from '../options/guest-names.ts';
import { LIMIT_OPTIONS, queryLimits } from '../options/query-limits.ts';
import { bytes, shellWord } from '../terminal/format.ts';
import { printLines } from '../terminal/output.ts';
import { fileBytes } from '../work/file-bytes.ts';
import { openDatabase } from '../work/open-database.ts';
import { writeError } from '../work/output-file.ts';

/** `rewind386 export`: writes a trace as files that other tools read. */

const TARGETS = ['parquet', 'arrow', 'duckdb', 'perfetto'] as const;
type Target = (typeof TARGETS)[number];

/** `rewind386 export` */
export const addExport = (cli: Argv): Argv =>
  cli.command(
    'export <file>',
    'export a trace for other tools',
    options,
    async ({ file, to, output, symbols, profile, ...limits }) => {
      if (existsSync(output))
        throw new BadInput(`${output} already exists`, 'remove it or choose another -o');
      // A folder: what is made may have others beside it in the making, such as DuckDB's log.
      const beside = writtenFirst(output);
      const finished = unfinishedAt(beside);
      try {
        const names = givenNames({ symbols, profile });
        mkdirSync(beside);
        const made = join(beside, IN_THE_MAKING);
        await exportTo(to as Target, file, made, { limits: queryLimits(limits), names });
        renameSync(made, output);
      } catch (error) {
        throw writeError(error, output);
      } finally {
        rmSync(beside, { recursive: true, force: true });
        finished();
      }
      printLines(describe(to as Target, output));
    },
  );

const options = (yargs: Argv) =>
  yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'the trace' })
    .options({
      to: {
        choices: TARGETS,
        demandOption: true,
        describe: 'parquet, arrow: a folder with one file for each table; duckdb, perfetto: one file',
      },
      output: {
        alias: 'o',
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'the file or folder to write',
      },
      ...NAMING_OPTIONS,
      ...LIMIT_OPTIONS,
    })
    .example('$0 export run.r386 --to perfetto -o run.pftrace', 'a timeline: open it in ui.perfetto.dev')
    .example('$0 export run.r386 --to duckdb -o run.duckdb', 'tables, views and macros: duckdb run.duckdb')
    .example('$0 export run.r386 --to parquet -o run-tables', 'for DuckDB, pandas, Polars');

async function exportTo(
  target: Target,
  file: string,
  path: string,
  options: Pick<DatabaseOptions, 'limits' | 'names'>,
): Promise<void> {
  const tables = `${path}.tables`;
  const db = await openDatabase([file], { outputFolders: [path, tables], ...options });
  try {
    if (target === 'perfetto') return await exportPerfetto(db, path);
    if (target === 'duckdb') return await exportDuckdb(db, path, tables);
    mkdirSync(path);
    if (target === 'arrow') exportArrow(file, path, options.names);
    else await exportParquet(db, path);
  } finally {
    db.close();
  }
}

function describe(target: Target, path: string): string[] {
  if (target === 'perfetto')
    return [`${path}: ${bytes(fileBytes(path))}`, 'next: open it in https://ui.perfetto.dev'];
  if (target === 'duckdb') return [`${path}: ${bytes(fileBytes(path))}`, `next: duckdb ${shellWord(path)}`];
  const files = readdirSync(path);
  const total = files.reduce((sum, name) => sum + fileBytes(join(path, name)), 0);
  return [`${path}: ${files.length} tables, ${bytes(total)}`];
}
