import { createHash } from 'node:crypto';
import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../host/tool-version.ts';
import { STORE_INDEX_VERSION } from '../../replayer/store-index/index-file.ts';
import { DivergenceFound } from '../../replayer/trace/divergence.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { TraceDamage } from '../../schemas/trace/framing.ts';
import { TABLES, TABLES_VERSION } from '../tables/index.ts';
import {
  cacheRoot,
  crcOfFile,
  discard,
  namesIn,
  ownFolder,
  prune,
  SEVERAL,
  sweep,
  temporaryName,
} from './cache-folder.ts';
import { traceDigest } from './trace-digest.ts';
import { unfinishedAt } from './unfinished.ts';

/**
 * Kept of one trace to answer faster: its tables as Parquet files and the index of its stores, each written when it is first
 * asked for; of several short traces, what is made of the rows of all of them. They lie in the user's own cache folder under the
 * SHA-256 of the trace and the versions of what is kept, so nothing that came along with a trace is ever taken for them. Each file
 * has its CRC in its name: one that is not as it was written is made again.
 */
export class TraceCache {
  /** The trace's folder, which need not be there. */
  readonly folder: string;
  private readonly key: string;
  /** Says once why nothing can be kept. */
  private readonly note: (text: string) => void;
  private writable = true;

  /** `of`: the path of a trace, or the caches of several. */
  constructor(of: string | readonly TraceCache[], note: (text: string) => void) {
    this.note = note;
    const digest =
      typeof of === 'string' ? traceDigest(of) : `${SEVERAL}${digestOf(of.map(({ key }) => key))}`;
    this.key = `${digest}-${VERSION}-${TABLES_VERSION}.${STORE_INDEX_VERSION}-${COLUMNS}`;
    this.folder = join(cacheRoot(), 'traces', this.key);
    sweep(this.folder);
    inUse.add(this.folder);
  }

  /** Path of the file of that name, if there is one as it was written. */
  find(name: string): string | undefined {
    const { stem, extension } = parts(name);
    for (const found of namesIn(this.folder)) {
      const crc = crcIn(found, stem, extension);
      if (!crc) continue;
      const file = join(this.folder, found);
      if (intact(file, crc)) return this.used(file);
      this.note(`${file} is damaged and is rebuilt`);
      discard(file);
    }
    return undefined;
  }

  /** False, with a note, where no file can be kept. */
  canStore(): boolean {
    if (!this.writable) return false;
    const beside = join(this.folder, temporaryName('tried'));
    try {
      ownFolder('traces', this.key);
      writeFileSync(beside, this.key);
    } catch (error) {
      this.writable = false;
      this.noteNotKept('what is made', error);
    }
    discard(beside);
    return this.writable;
  }

  /**
   * Has `write` make the file under a temporary name, then puts it in its place; returns its path. Undefined, with a note, where
   * it cannot be kept; what is wrong with the trace itself is thrown.
   */
  async store(name: string, write: (file: string) => Promise<void>): Promise<string | undefined> {
    if (!this.writable) return undefined;
    const beside = join(this.folder, temporaryName(name));
    const finished = unfinishedAt(beside);
    try {
      ownFolder('traces', this.key);
      discard(beside);
      await write(beside);
      const { stem, extension } = parts(name);
      const file = join(this.folder, `${stem}.${crcOfFile(beside)}${extension}`);
      renameSync(beside, file);
      stored = true;
      return file;
    } catch (error) {
      this.writable = false;
      discard(beside);
      // That is no matter of where it is kept.
      if (error instanceof DivergenceFound || error instanceof TraceDamage || error instanceof BadInput)
        throw error;
      this.noteNotKept(name, error);
      return undefined;
    } finally {
      finished();
    }
  }

  private noteNotKept(what: string, error: unknown): void {
    this.note(`${what} is not kept in ${cacheRoot()}: ${(error as Error).message.split('\n')[0]}`);
  }

  /** The folder's time is that of its last use: prune goes by it. */
  private used(file: string): string {
    const now = new Date();
    try {
      utimesSync(this.folder, now, now);
    } catch {
      // On a read-only file system nothing is pruned either.
    }
    return file;
  }
}

/** Folders of the traces that this process has to do with. */
const inUse = new Set<string>();

let stored = false;

/** Another process has stored something for this one. */
export function hasStored(): void {
  stored = true;
}

/** Makes room if something was stored and more is kept now than there is room for. */
export function makeRoom(): void {
  if (stored) prune(inUse);
  stored = false;
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Which columns tables have, so that a change without a new version is seen as well. */
const COLUMNS = digestOf(
  TABLES.map(({ name, columns }) => [name, columns.map((c) => [c.name, c.kind, c.words])]),
).slice(0, 8);

function parts(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  return { stem: name.slice(0, dot), extension: name.slice(dot) };
}

function crcIn(found: string, stem: string, extension: string): string | undefined {
  if (!found.startsWith(`${stem}.`) || !found.endsWith(extension)) return undefined;
  const crc = found.slice(stem.length + 1, -extension.length);
  return /^[0-9a-f]{8}$/.test(crc) ? crc : undefined;
}

/** Files found intact by this process, by what changes when one is written to. */
const known = new Set<string>();

function intact(file: string, crc: string): boolean {
  try {
    const { size, mtimeMs, ctimeMs } = statSync(file);
    const state = [file, size, mtimeMs, ctimeMs].join(' ');
    if (!known.has(state) && crcOfFile(file) !== crc) return false;
    known.add(state);
    return true;
  } catch {
    return false;
  }
}
