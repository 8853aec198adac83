import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt } from '../../../host/built.ts';
import type { RecordArguments } from '../options/record-options.ts';
import { interruptible } from '../terminal/interruptible.ts';
import { moveTo } from './output-file.ts';
import type { RecordingReport } from './record-asked.ts';
import { recordSeed, type SeedAnswer } from './record-seed.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * `record --until-fail N`: records one seed after another, or several in parallel processes, until a recording shows a failure.
 * Recordings are written to a temporary folder beside the output, and only the failed trace is kept.
 */

export interface SeedSearch {
  readonly args: RecordArguments;
  readonly first: bigint;
  readonly tries: number;
  /** Number of seeds recorded in parallel. */
  readonly jobs: number;
  readonly output: string;
  /** Reports a seed that did not fail, in the order of seeds. */
  readonly onGood: (seed: bigint) => void;
}

export interface SearchResult {
  readonly failed: { readonly seed: bigint; readonly report: RecordingReport } | undefined;
  readonly interrupted: boolean;
  /** Number of runs up to the failed one, or of consecutive completed runs. */
  readonly runs: number;
}

const entry = new URL('./record-worker.js', import.meta.url);

/** Keeps the recording of the lowest failing seed, if any. */
export async function untilFail(search: SeedSearch): Promise<SearchResult> {
  const folder = mkdtempSync(`${search.output}.seeds-`);
  try {
    return await interruptible((signal) => new Search(search, folder, signal).run());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Search {
  private readonly asked: SeedSearch;
  private readonly folder: string;
  private readonly signal: AbortSignal;
  /** Answers by the index of the seed. */
  private readonly answers: SeedAnswer[] = [];
  private next = 0;
  /** Answers before this index have been reported. */
  private told = 0;
  /** Seeds from this index on need not be recorded. */
  private end: number;
  /** Recording processes by the index of their seed. */
  private readonly running = new Map<number, WorkerProcess>();

  constructor(asked: SeedSearch, folder: string, signal: AbortSignal) {
    this.asked = asked;
    this.folder = folder;
    this.signal = signal;
    this.end = asked.tries;
  }

  async run(): Promise<SearchResult> {
    const { jobs, tries, first, output, args } = this.asked;
    const processes = Math.min(jobs, tries);
    const endAll = () => this.endFrom(0);
    this.signal.addEventListener('abort', endAll);
    try {
      if (processes < 2 || !isBuilt(entry)) await this.here();
      else await Promise.all(Array.from({ length: processes }, () => this.inProcesses()));
    } finally {
      this.signal.removeEventListener('abort', endAll);
      endAll();
    }
    const last = this.answers[this.told];
    if (last?.fate !== 'failed')
      return { failed: undefined, interrupted: this.told < tries, runs: this.told };
    moveTo(this.path(this.told), output, args.force);
    const seed = first + BigInt(this.told);
    return { failed: { seed, report: last.report }, interrupted: false, runs: this.told + 1 };
  }

  private async here(): Promise<void> {
    for (let place = this.take(); place !== undefined; place = this.take())
      this.answer(place, await recordSeed(this.request(place)));
  }

  private async inProcesses(): Promise<void> {
    for (let process: WorkerProcess | undefined; ; ) {
      const place = this.take();
      if (place === undefined) return process?.end();
      process ??= new WorkerProcess(entry);
      this.running.set(place, process);
      const answer = await this.ask(process, place);
      this.running.delete(place);
      if (answer) this.answer(place, answer);
      else {
        process.end(true);
        process = undefined;
        // Requests that a process failed are run again here, to succeed or report the reason.
        if (place < this.end && !this.signal.aborted)
          this.answer(place, await recordSeed(this.request(place)));
      }
    }
  }

  /** Undefined if it failed. */
  private async ask(process: WorkerProcess, place: number): Promise<SeedAnswer | undefined> {
    let answer: unknown;
    await process.ask(this.request(place), (message) => {
      answer = message;
      return true;
    });
    return typeof answer === 'object' ? (answer as SeedAnswer) : undefined;
  }

  private take(): number | undefined {
    return this.signal.aborted || this.next >= this.end ? undefined : this.next++;
  }

  private answer(place: number, answer: SeedAnswer): void {
    if (answer.fate === 'interrupted') {
      this.endFrom(0);
      return;
    }
    this.answers[place] = answer;
    if (answer.fate === 'failed') this.endFrom(place + 1);
    else rmSync(this.path(place), { force: true });
    for (; this.answers[this.told]?.fate === 'good'; this.told++)
      this.asked.onGood(this.asked.first + BigInt(this.told));
  }

  /** Stops recording from this index on. */
  private endFrom(place: number): void {
    this.end = Math.min(this.end, place);
    for (const [at, process] of this.running) if (at >= this.end) process.end(true);
  }

  private request(place: number) {
    const { args, first } = this.asked;
    return { args, seed: first + BigInt(place), path: this.path(place) };
  }

  private path(place: number): string {
    return join(this.folder, `${place}.r386`);
  }
}
