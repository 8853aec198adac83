import { renameSync, rmSync } from 'node:fs';
import { openSandbox, type Sandbox } from '../db/sandbox.ts';
import { unfinishedAt } from '../db/unfinished.ts';
import { sizeOf } from '../explore/classes.ts';
import type { Outcome, Tally } from '../explore/explore.ts';
import type { FleetFolder } from './folder.ts';
import { firstIcount, type Job, nameOf } from './job.ts';

/** Results of a job as Parquet in the fleet's folder: a row for each placement that was run, and one for the piece. */

export interface JobResult {
  readonly outcomes: readonly Outcome[];
  readonly tally: Tally;
}

const MEMORY = 512 << 20;
const PARQUET = '(FORMAT parquet, COMPRESSION zstd)';
type Connection = Sandbox['connection'];
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Columns of the table `placements` by their types; run and span are in the names of folders. */
const PLACEMENT = {
  job: 'VARCHAR',
  target: 'VARCHAR',
  irq: 'UTINYINT',
  icount: 'BIGINT',
  placements: 'UINTEGER',
  option: 'VARCHAR',
  failed: 'BOOLEAN',
  sign: 'VARCHAR',
  sign_icount: 'BIGINT',
  sign_eip: 'UINTEGER',
  sign_text: 'VARCHAR',
  delivered_icount: 'BIGINT',
  delivered_eip: 'UINTEGER',
  exit_kind: 'VARCHAR',
  exit_code: 'BIGINT',
  outcome: 'VARCHAR',
} as const;

/** Columns of the table `pieces`. */
const PIECE = {
  job: 'VARCHAR',
  target: 'VARCHAR',
  version: 'VARCHAR',
  irq: 'UTINYINT',
  from_icount: 'BIGINT',
  to_icount: 'BIGINT',
  placements: 'UINTEGER',
  classes: 'UINTEGER',
  failures: 'UINTEGER',
  tally: 'VARCHAR',
} as const;

/** The failures that counted; `any`: whichever came first. */
const targetOf = ({ options }: Job): unknown => options.target ?? 'any';

type Row<Columns> = Record<keyof Columns, unknown>;

const placementRow = (job: Job, outcome: Outcome): Row<typeof PLACEMENT> => ({
  ...{
    job: nameOf(job),
    target: targetOf(job),
    irq: job.stretch.line,
    icount: outcome.at,
    placements: sizeOf(outcome.placement),
    option: outcome.option,
  },
  ...{ failed: outcome.failed, sign: outcome.sign?.kind, sign_icount: outcome.sign?.icount },
  ...{ sign_eip: outcome.sign?.eip, sign_text: outcome.sign?.text },
  ...{ delivered_icount: outcome.delivery?.icount, delivered_eip: outcome.delivery?.eip },
  ...{ exit_kind: outcome.end?.kind, exit_code: outcome.end?.code },
  outcome: JSON.stringify(outcome),
});

const pieceRow = (job: Job, { outcomes, tally }: JobResult): Row<typeof PIECE> => ({
  ...{
    job: nameOf(job),
    target: targetOf(job),
    version: job.version,
    irq: job.stretch.line,
    from_icount: firstIcount(job),
  },
  to_icount: Math.max(...job.stretch.boundaries.map(({ last }) => last)),
  ...{ placements: tally.placements, classes: tally.classes },
  failures: outcomes.filter(({ failed }) => failed).length,
  tally: JSON.stringify(tally),
});

/** Writes both files; the piece's, by which the job counts as done, last. */
export async function writeResult(folder: FleetFolder, job: Job, result: JobResult): Promise<void> {
  const name = nameOf(job);
  const outcomes = result.outcomes.map((outcome) => placementRow(job, outcome));
  const written = [
    { table: 'placements', columns: PLACEMENT, rows: outcomes },
    { table: 'pieces', columns: PIECE, rows: [pieceRow(job, result)] },
  ] as const;
  const files = written.map(({ table, ...rest }) => {
    const file = folder.result(table, job.run, firstIcount(job), name);
    return { ...rest, table, file, beside: `${file}.${process.pid}.tmp` };
  });
  const besides = files.map(({ beside }) => beside);
  const sandbox = await openSandbox({ memoryBytes: MEMORY, files: besides, folders: [], allowFiles: false });
  const finished = besides.map(unfinishedAt);
  try {
    for (const one of files) {
      await writeRows(sandbox.connection, one);
      renameSync(one.beside, one.file);
    }
  } finally {
    sandbox.close();
    for (const beside of besides) rmSync(beside, { force: true });
    for (const done of finished) done();
  }
}

interface Rows {
  readonly table: string;
  readonly columns: object;
  readonly rows: readonly object[];
  readonly beside: string;
}

async function writeRows(connection: Connection, { table, columns, rows, beside }: Rows): Promise<void> {
  const names = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  const shape = JSON.stringify([columns]);
  await connection.run(`CREATE TABLE ${table} (${names.join(', ')})`);
  await connection.run(
    `INSERT INTO ${table} SELECT unnest(from_json($rows, ${quoted(shape)}), recursive := true)`,
    { rows: JSON.stringify(rows) },
  );
  await connection.run(`COPY (FROM ${table}) TO ${quoted(beside)} ${PARQUET}`);
}

/** Reads what was written of a job; undefined when its files are not to be read. */
export async function readResult(folder: FleetFolder, job: Job): Promise<JobResult | undefined> {
  const name = nameOf(job);
  const files = (['placements', 'pieces'] as const).map((table) =>
    folder.result(table, job.run, firstIcount(job), name),
  );
  const sandbox = await openSandbox({ memoryBytes: MEMORY, files, folders: [], allowFiles: false });
  try {
    const read = async (column: string, file: string): Promise<unknown[]> => {
      const sql = `SELECT ${column} FROM read_parquet(${quoted(file)}, hive_partitioning = false)`;
      const rows = (await sandbox.connection.runAndReadAll(sql)).getRows();
      return rows.map(([text]) => JSON.parse(String(text)) as unknown);
    };
    const outcomes = (await read('outcome', files[0])) as Outcome[];
    const [tally] = (await read('tally', files[1])) as Tally[];
    return tally && { outcomes, tally };
  } catch {
    return undefined;
  } finally {
    sandbox.close();
  }
}
