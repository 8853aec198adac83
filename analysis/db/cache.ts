import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DivergenceFound } from '../../replayer/divergence.ts';
import { STORE_INDEX_VERSION } from '../../replayer/store-index/index-file.ts';
import { crc32c } from '../../schemas/crc32c.ts';
import { TraceDamage } from '../../schemas/framing.ts';
import { TABLES_VERSION } from '../tables/index.ts';

/**
 * What was made of a trace to answer faster, in a folder beside it (`FILE-cache`): its tables as Parquet files and the index of
 * its stores, each written when it is first asked for. A manifest says which trace they are of; when that differs they are rebuilt. The folder may be deleted at any time.
 */
export class TraceCache {
  private readonly folder: string;
  private readonly manifest: string;
  /** Says why nothing can be kept, once. */
  private readonly note: (text: string) => void;
  private writable = true;

  constructor(trace: string, note: (text: string) => void) {
    this.folder = `${trace}-cache`;
    this.note = note;
    this.manifest = JSON.stringify({
      tables: TABLES_VERSION,
      stores: STORE_INDEX_VERSION,
      ...identityOf(trace),
    });
    if (existsSync(this.folder) && !this.isCurrent()) this.discard();
  }

  /** Path of the file of that name, if there is a current one. */
  find(name: string): string | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? file : undefined;
  }

  /** Has `write` make the file beside its place, then puts it there. */
  async store(name: string, write: (file: string) => Promise<void>): Promise<void> {
    if (!this.writable) return;
    const file = join(this.folder, name);
    const beside = `${file}.${process.pid}.tmp`;
    try {
      mkdirSync(this.folder, { recursive: true });
      if (!this.isCurrent()) writeFileSync(join(this.folder, MANIFEST), this.manifest);
      await write(beside);
      renameSync(beside, file);
    } catch (error) {
      this.writable = false;
      rmSync(beside, { force: true });
      // That is no matter of where it is kept.
      if (error instanceof DivergenceFound || error instanceof TraceDamage) throw error;
      this.note(`${name} is not kept in ${this.folder}: ${(error as Error).message.split('\n')[0]}`);
    }
  }

  private isCurrent(): boolean {
    try {
      return readFileSync(join(this.folder, MANIFEST), 'utf8') === this.manifest;
    } catch {
      return false;
    }
  }

  private discard(): void {
    try {
      rmSync(this.folder, { recursive: true });
    } catch (error) {
      this.writable = false;
      this.note(`the stale ${this.folder} cannot be removed: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
}

const MANIFEST = 'manifest.json';
const EDGE_BYTES = 1 << 16;

/** Tells one trace from another: size, time of the last change, and a checksum of both ends. */
function identityOf(trace: string): object {
  const { size, mtimeMs } = statSync(trace);
  const edge = Buffer.alloc(EDGE_BYTES);
  const fd = openSync(trace, 'r');
  try {
    const start = crc32c(edge.subarray(0, readSync(fd, edge, 0, EDGE_BYTES, 0)));
    const end = crc32c(edge.subarray(0, readSync(fd, edge, 0, EDGE_BYTES, Math.max(0, size - EDGE_BYTES))));
    return { size, mtimeMs, start, end };
  } finally {
    closeSync(fd);
  }
}
