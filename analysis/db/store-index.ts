import { rmSync } from 'node:fs';
import { fileError } from '../../host/file-error.ts';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import type { IndexLane } from '../../replayer/store-index/build.ts';
import { executedWrites, type WriteWindow } from '../../replayer/store-index/executed-writes.ts';
import { StoreIndexFile } from '../../replayer/store-index/index-file.ts';
import { addByte, lastWriters, type Run, type Write } from '../../replayer/store-index/last-writer.ts';
import { ForwardSession } from '../../replayer/timeline/forward-session.ts';
import { DivergenceFound } from '../../replayer/trace/divergence.ts';
import { TraceReader } from '../../replayer/trace/trace-reader.ts';
import { replay } from '../../replayer/verify/replay.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { makeRoom, TraceCache } from './cache.ts';
import { cacheRoot } from './cache-folder.ts';
import { openIndexLane } from './store-index-lane.ts';

/** The index of stores of a trace: found in the cache or made by a replay, and asked for last writers. */

export interface StoreIndexOptions {
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  /** As ReplayOptions has them. */
  readonly disks?: readonly string[] | undefined;
  readonly note: (text: string) => void;
  readonly onProgress?: (icount: number) => void;
}

const INDEX_FILE = 'stores.index';

/** The index of who wrote each word of memory last, kept in the user's cache (TraceCache); made by one replay when there is none. */
export class StoreIndex {
  private readonly path: string;
  private readonly file: StoreIndexFile;
  private readonly options: StoreIndexOptions;

  private constructor(path: string, file: StoreIndexFile, options: StoreIndexOptions) {
    this.path = path;
    this.file = file;
    this.options = options;
  }

  static async open(path: string, options: StoreIndexOptions): Promise<StoreIndex> {
    const cache = new TraceCache(path, options.note);
    if (!cache.find(INDEX_FILE)) {
      await cache.store(INDEX_FILE, (file) => buildIndex(path, file, options));
      makeRoom();
    }
    const found = cache.find(INDEX_FILE);
    if (!found)
      throw new BadInput(
        `the index of stores of ${path} cannot be kept in ${cacheRoot()}`,
        'name another folder for it: XDG_CACHE_HOME=/FOLDER rewind386 …',
      );
    return new StoreIndex(path, new StoreIndexFile(found), options);
  }

  /** The index that there is of the trace as it is now; nothing is made or said. */
  static openIfCurrent(path: string, options: StoreIndexOptions): StoreIndex | undefined {
    try {
      const found = new TraceCache(path, () => {}).find(INDEX_FILE);
      return found ? new StoreIndex(path, new StoreIndexFile(found), options) : undefined;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.file.close();
  }

  /** Memory covered, bytes. */
  get ramBytes(): number {
    return this.file.ramBytes;
  }

  /** Every write from this icount on is known. */
  get begin(): number {
    return this.file.from;
  }

  /** End of the run, icount. */
  get end(): number {
    return this.file.to;
  }

  /** From the index alone; what it does not know stays `hidden`. */
  look(physical: number, bytes: number, before: number): Run[] {
    return lastWriters(this.file, physical, bytes, before);
  }

  /** As `look`; what is hidden is found by executing the few instructions in question again. */
  async find(physical: number, bytes: number, before: number): Promise<Run[]> {
    const known = this.look(physical, bytes, before);
    const hidden = known.flatMap(({ last }) => (last.kind === 'hidden' ? [last.from] : []));
    if (hidden.length === 0) return known;
    // All that is hidden before one instant is hidden by one epoch: its writes serve every run.
    const writes = await this.execute({ physical, bytes, from: hidden[0], before });
    const runs: Run[] = [];
    for (const run of known) {
      if (run.last.kind === 'hidden') runs.push(...(await this.uncover(run, run.last.from, writes)));
      else runs.push(run);
    }
    return runs;
  }

  private async execute(window: Omit<WriteWindow, 'pokes'>): Promise<Write[]> {
    const { build, builtinDisk, disks, onProgress } = this.options;
    const reader = TraceReader.open(this.path, { disks });
    try {
      const session = ForwardSession.open(reader, { build, builtinDisk });
      return await executedWrites(session, { ...window, pokes: pokesOf(reader) }, onProgress);
    } finally {
      reader.close();
    }
  }

  /** `writes`: those from the epoch's beginning, `from`, up to the instant asked for. */
  private async uncover(hidden: Run, from: number, writes: readonly Write[]): Promise<Run[]> {
    const runs: Run[] = [];
    for (let at = hidden.physical; at < hidden.physical + hidden.bytes; at++) {
      const write = writes.findLast((w) => w.physical <= at && at < w.physical + w.size);
      const [older] = write ? [] : await this.find(at, 1, from);
      addByte(runs, at, write ? { kind: 'write', write } : older.last);
    }
    return runs;
  }
}

async function buildIndex(path: string, file: string, options: StoreIndexOptions): Promise<void> {
  const { ramBytes, storesFrom, end, pokes } = factsOf(path);
  const lane = openIndexLane(file, ramBytes, pokes);
  try {
    await execute(path, options, lane);
    lane.finish(storesFrom, end);
  } catch (error) {
    lane.abandon();
    rmSync(file, { force: true });
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall) throw new BadInput(`cannot write the index of stores ${file}: ${fileError(error)}`);
    throw error;
  }
}

interface Facts {
  readonly ramBytes: number;
  readonly storesFrom: number;
  readonly end: number;
  readonly pokes: ReadonlySet<number>;
}

/** icounts at which something was poked; only a what-if recording has any. */
const pokesOf = (reader: TraceReader): ReadonlySet<number> =>
  new Set(
    reader.header.parent
      ? reader.inputs().flatMap(({ kind, icount }) => (kind === 'poke' ? [icount] : []))
      : [],
  );

function factsOf(path: string): Facts {
  const reader = TraceReader.open(path);
  try {
    const { machine } = reader.header;
    const storesFrom = machine.detail === 'stores' ? machine.storesFrom : 0;
    return { ramBytes: machine.ramBytes, storesFrom, end: reader.endIcount, pokes: pokesOf(reader) };
  } finally {
    reader.close();
  }
}

/** Executes the whole trace again with detail `stores`; a divergence is an error: its memory would not be the recorded one. */
async function execute(
  path: string,
  { build, builtinDisk, disks, onProgress }: StoreIndexOptions,
  lane: IndexLane,
): Promise<void> {
  const { divergence } = await replay({
    path,
    build,
    builtinDisk,
    disks,
    detail: 'stores',
    ...(onProgress ? { onProgress } : {}),
    onDeviceWrite: (write) => lane.takeDeviceWrite(write),
    onEvents: ({ tables }) => lane.take(tables),
  });
  if (divergence) throw new DivergenceFound(divergence);
}
