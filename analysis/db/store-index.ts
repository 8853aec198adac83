import { rmSync } from 'node:fs';
import type { MachineBuilder } from '../../recorder/machine/build.ts';
import { replay } from '../../replayer/session.ts';
import { StoreIndexBuilder } from '../../replayer/store-index/build.ts';
import { StoreIndexFile, StoreIndexWriter } from '../../replayer/store-index/index-file.ts';
import { addByte, lastWriters, type Run, type Write } from '../../replayer/store-index/last-writer.ts';
import { forEachWrite } from '../../replayer/store-index/writes.ts';
import { TraceReader } from '../../replayer/trace-reader.ts';
import { BadInput } from '../../schemas/bad-input.ts';
import { type EventBatch, WRITE_SOURCE } from '../../schemas/events.ts';
import { fileError } from '../../schemas/file-error.ts';
import { TraceCache } from './cache.ts';

export interface StoreIndexOptions {
  readonly build: MachineBuilder;
  readonly builtinDisk: (name: string) => Uint8Array;
  readonly note: (text: string) => void;
  readonly onProgress?: (icount: number) => void;
}

const INDEX_FILE = 'stores.index';

/** The index of who wrote each word of memory last, kept in the trace's cache; made by one replay when there is none. */
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
    if (!cache.find(INDEX_FILE)) await cache.store(INDEX_FILE, (file) => buildIndex(path, file, options));
    const found = cache.find(INDEX_FILE);
    if (!found)
      throw new BadInput(
        `the index of stores of ${path} cannot be written to ${path}-cache`,
        'copy the trace to a folder that can be written to',
      );
    try {
      return new StoreIndex(path, new StoreIndexFile(found), options);
    } catch {
      throw new BadInput(`the index of stores ${found} is damaged`, `remove it: rm ${found}`);
    }
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
    const runs: Run[] = [];
    // All that is hidden before one instant is hidden by one epoch: its writes serve every run.
    let writes: readonly Write[] | undefined;
    for (const run of this.look(physical, bytes, before)) {
      if (run.last.kind !== 'hidden') {
        runs.push(run);
        continue;
      }
      const { from } = run.last;
      writes ??= await storesBetween(this.path, from, before, this.options);
      runs.push(...(await this.uncover(run, from, writes)));
    }
    return runs;
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
  const { ramBytes, storesFrom, end } = factsOf(path);
  const writer = new StoreIndexWriter(file, ramBytes);
  const builder = new StoreIndexBuilder(writer);
  try {
    await execute(path, end, undefined, options, (batch) => builder.take(batch));
    builder.finish(storesFrom, end);
  } catch (error) {
    writer.abandon();
    rmSync(file, { force: true });
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall) throw new BadInput(`cannot write the index of stores ${file}: ${fileError(error)}`);
    throw error;
  }
}

function factsOf(path: string): { ramBytes: number; storesFrom: number; end: number } {
  const reader = TraceReader.open(path);
  try {
    const { machine } = reader.header;
    const storesFrom = machine.detail === 'stores' ? machine.storesFrom : 0;
    return { ramBytes: machine.ramBytes, storesFrom, end: reader.endIcount };
  } finally {
    reader.close();
  }
}

/** Executes the trace again with detail `stores`; a divergence is an error here: its memory would not be the recorded one. */
async function execute(
  path: string,
  until: number,
  storesFrom: number | undefined,
  { build, builtinDisk, onProgress }: StoreIndexOptions,
  onEvents: (batch: EventBatch) => void,
): Promise<void> {
  const result = await replay({
    path,
    build,
    builtinDisk,
    until,
    detail: 'stores',
    ...(storesFrom === undefined ? {} : { storesFrom }),
    ...(onProgress ? { onProgress } : {}),
    onEvents,
  });
  if (result.divergence)
    throw new BadInput(
      `${path} does not replay: it diverges at icount ${result.divergence.icount}`,
      `rewind386 replay ${path}`,
    );
}

async function storesBetween(
  path: string,
  from: number,
  before: number,
  options: StoreIndexOptions,
): Promise<Write[]> {
  const writes: Write[] = [];
  const reader = TraceReader.open(path);
  const { detail } = reader.header.machine;
  reader.close();
  await execute(path, before, detail === 'stores' ? undefined : from, options, (batch) =>
    forEachWrite(batch, (columns, row, size, source) => {
      const icount = columns.icount[row];
      if (icount < from || icount >= before) return;
      const field = (name: string) => columns[name][row];
      writes.push({
        icount,
        physical: field('physical'),
        size,
        linear: field('linear'),
        eip: field('eip'),
        cr3: field('cr3'),
        depth: field('depth'),
        source: WRITE_SOURCE[source],
      });
    }),
  );
  return writes;
}
