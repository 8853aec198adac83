import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { writeResult as writeRows } from '../../db/result-file.ts';
import { cells } from '../../db/results.ts';
import { traceDigest } from '../../db/trace-digest.ts';
import type { Explored } from '../../explore/explore.ts';
import { FleetFolder, SPAN } from '../../fleet/folder.ts';
import { type Job, jobFor, nameOf } from '../../fleet/job.ts';
import { readResult, writeResult } from '../../fleet/results.ts';
import { JobBoard, type Redis } from '../../fleet/work-queue.ts';
import { TABLES } from '../../tables/index.ts';
import { traceLength } from '../report/trace-length.ts';
import { ExploreWork, type Piece, type WorkOptions } from './explore-work.ts';
import { openDatabase } from './open-database.ts';
import { writeBeside } from './write-beside.ts';

/** Distributes the pieces of an exploration to workers on other machines, through a queue and a shared folder. */

export interface FleetOptions extends WorkOptions {
  readonly redis: Redis;
  readonly folder: string;
}

/** Milliseconds between two searches for results whose event was lost. */
const LOOK_MS = 5_000;

/**
 * Yields the same results in the same order as a single machine. Pieces that no worker could do are done here, which reports the reason.
 */
export async function exploreByFleet(options: FleetOptions): Promise<Explored> {
  const folder = new FleetFolder(options.folder);
  const { file, disks: _, scratch: _own, ...how } = options.run;
  const run = traceDigest(file);
  await bringRun(folder, file, run);
  const work = new ExploreWork(options);
  const jobs = new Map(work.pieces.map((piece) => [piece, jobFor(run, { ...how }, piece.stretch)]));
  await new Coordinator(folder, work, jobs, options).run();
  const open = work.pieces.filter(({ tally }) => !tally);
  await work.here();
  for (const piece of open)
    if (piece.tally) await writeResult(folder, jobs.get(piece) as Job, { ...piece, tally: piece.tally });
  return work.result();
}

class Coordinator {
  private readonly folder: FleetFolder;
  private readonly work: ExploreWork;
  private readonly options: FleetOptions;
  /** Pieces by the names of their jobs. */
  private readonly waiting = new Map<string, Piece>();
  private readonly jobs: ReadonlyMap<Piece, Job>;

  constructor(folder: FleetFolder, work: ExploreWork, jobs: ReadonlyMap<Piece, Job>, options: FleetOptions) {
    this.folder = folder;
    this.work = work;
    this.options = options;
    this.jobs = jobs;
    for (const [piece, job] of jobs) this.waiting.set(nameOf(job), piece);
  }

  /** Resolves when every job has ended, successfully or not, or the signal is aborted. */
  async run(): Promise<void> {
    await this.takeFinished();
    if (this.waiting.size === 0) return;
    const { signal, redis } = this.options;
    const ended: { name: string; done: boolean }[] = [];
    let wake = () => {};
    const board = await JobBoard.open(redis, (name, done) => {
      ended.push({ name, done });
      wake();
    });
    const stop = () => wake();
    signal.addEventListener('abort', stop);
    try {
      await board.add([...this.waiting.values()].map((piece) => this.jobs.get(piece) as Job));
      while (this.waiting.size > 0 && !signal.aborted) {
        if (ended.length === 0) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, LOOK_MS);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
          if (ended.length === 0) await this.takeFinished();
        }
        for (const { name, done } of ended.splice(0)) await this.take(name, done);
      }
      if (signal.aborted)
        await board.withdraw([...this.waiting.values()].map((piece) => this.jobs.get(piece) as Job));
    } finally {
      signal.removeEventListener('abort', stop);
      await board.close();
    }
  }

  private async takeFinished(): Promise<void> {
    const [job] = this.jobs.values();
    if (!job) return;
    for (const name of this.folder.finished(job.run).keys()) await this.take(name, true);
  }

  /** Reads the result of a job. A job that failed or whose result is unreadable is done here at the end. */
  private async take(name: string, done: boolean): Promise<void> {
    const piece = this.waiting.get(name);
    if (!piece) return;
    this.waiting.delete(name);
    const result = done ? await readResult(this.folder, this.jobs.get(piece) as Job) : undefined;
    if (!result) return;
    for (const outcome of result.outcomes) this.work.add(piece, outcome);
    piece.tally = result.tally;
  }
}

/** Writes a run into the folder: the trace, its tables, and last the file that marks both as complete. */
async function bringRun(folder: FleetFolder, file: string, run: string): Promise<void> {
  const manifest = folder.manifest(run);
  if (existsSync(manifest)) return;
  const trace = folder.trace(run);
  const beside = `${trace}.${process.pid}.tmp`;
  try {
    copyFileSync(file, beside);
    renameSync(beside, trace);
  } finally {
    rmSync(beside, { force: true });
  }
  const tables = await writeTables(folder, file, run);
  const facts = {
    format: 'rewind386 fleet',
    version: 1,
    run,
    file: basename(file),
    instructions: traceLength(file),
  };
  writeBeside(manifest, `${JSON.stringify({ ...facts, span: SPAN, tables }, undefined, 2)}\n`);
}

/** Writes each table of events, one file per span with rows; returns the names. */
async function writeTables(folder: FleetFolder, file: string, run: string): Promise<string[]> {
  const db = await openDatabase([file], { outputFolders: [folder.path] });
  const written: string[] = [];
  try {
    for (const { name, columns } of TABLES) {
      if (!columns.some((column) => column.name === 'icount')) continue;
      const spans = await db.query(`SELECT DISTINCT icount // ${SPAN} AS span FROM ${name} ORDER BY span`);
      for (const [span] of cells(spans)) {
        const from = Number(span) * SPAN;
        const rows = `SELECT * EXCLUDE (run_id) FROM ${name} WHERE icount >= ${from} AND icount < ${from + SPAN}`;
        await writeRows(db, rows, {}, 'parquet', folder.rows(name, run, from));
      }
      written.push(name);
    }
  } finally {
    db.close();
  }
  return written;
}
