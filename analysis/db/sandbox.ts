import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { cacheRoot, discard, ownFolder, sweep, temporaryName } from './cache-folder.ts';
import { MAX_SPILL_BYTES } from './limits.ts';
import { unfinishedAt } from './unfinished.ts';

/** Opens a DuckDB that reaches no file, network or extension but those it is given. */

/** All that a database may touch outside of itself. */
export interface SandboxOptions {
  readonly memoryBytes: number;
  /** Files that it may read and write; those below a folder of `folders` too. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** Gives all files and the network to SQL: for SQL of the user's own alone. */
  readonly allowFiles: boolean;
}

export interface Sandbox {
  readonly connection: DuckDBConnection;
  /** Another connection to the database, which whoever asked for it closes. */
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const list = (paths: readonly string[]) => `[${paths.map((path) => text(resolve(path))).join(', ')}]`;

let opened = 0;

/** DuckDB makes only the last folder of a path. If this one cannot be made, only queries that spill fail. */
function spillFolder(): string {
  try {
    return ownFolder('spill');
  } catch {
    return join(cacheRoot(), 'spill');
  }
}

/**
 * An empty database in memory whose SQL reaches no other file and no network, loads no extension, and cannot change that:
 * its configuration is locked. A trace and all that is said about it may come from anybody.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const connection = await instance.connect();
  const spills = spillFolder();
  sweep(spills);
  const spill = join(spills, temporaryName(String(opened++)));
  const finished = unfinishedAt(spill);
  const settings = [
    `temp_directory = ${text(spill)}`,
    `max_temp_directory_size = '${MAX_SPILL_BYTES} bytes'`,
    `memory_limit = '${options.memoryBytes} bytes'`,
    `allowed_paths = ${list(options.files)}`,
    `allowed_directories = ${list(options.folders)}`,
    // Else each query reads the footers of its files again, which of 100 million rows takes longer than the rows that it wants.
    'parquet_metadata_cache = true',
    ...(options.allowFiles ? [] : ['enable_external_access = false']),
    'lock_configuration = true',
  ];
  for (const setting of settings) await connection.run(`SET ${setting}`);
  const close = () => {
    connection.closeSync();
    instance.closeSync();
    discard(spill);
    finished();
  };
  return { connection, connect: () => instance.connect(), close };
}
