import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { complain } from '../terminal/output.ts';
import {
  type CheckAsked,
  type CheckRequest,
  checkAsked,
  fromPlain,
  type PlainReport,
} from './check-messages.ts';
import { AT_ONCE, joined, type Report } from './check-report.ts';

/** Checks many traces, on all processors: some in each of a few processes, and one report of them all. */

/** A process takes as long to start as so many small traces to check. */
const WORTH_A_PROCESS = 4;

const entry = new URL('./check-worker.js', import.meta.url);
/** Processes need the compiled program. */
const isBuilt = (): boolean => existsSync(fileURLToPath(entry));

/** Runs every check over every trace. Throws what checkTraces throws. */
export async function checkMany(paths: readonly string[], asked: CheckAsked): Promise<Report> {
  const processes = Math.min(availableParallelism(), Math.floor(paths.length / WORTH_A_PROCESS));
  if (processes < 2 || !isBuilt()) return await checkAsked({ paths, asked });
  const size = Math.min(AT_ONCE, Math.ceil(paths.length / processes));
  const groups = Array.from({ length: Math.ceil(paths.length / size) }, (_, n) =>
    paths.slice(n * size, (n + 1) * size),
  );
  const memoryBytes = Math.floor(asked.limits.memoryBytes / processes);
  const each = { ...asked, limits: { ...asked.limits, memoryBytes } };
  return joined(
    await allOn(
      processes,
      groups.map((group) => ({ paths: group, asked: each })),
    ),
  );
}

/** The reports on the requests, in their order. After a failure no further request is begun. */
async function allOn(processes: number, requests: readonly CheckRequest[]): Promise<Report[]> {
  const reports = new Array<Report>(requests.length);
  let next = 0;
  const work = async (): Promise<void> => {
    const process = new CheckProcess();
    try {
      for (let n = next++; n < requests.length; n = next++)
        // What a process could not do is done again here: it says why, or does it.
        reports[n] = (await process.check(requests[n])) ?? (await checkAsked(requests[n]));
    } catch (error) {
      next = requests.length;
      throw error;
    } finally {
      process.end();
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return reports;
}

/** A process that checks one group of traces after the other. */
class CheckProcess {
  private readonly process: ChildProcess;
  private static readonly said = new Set<string>();

  constructor() {
    this.process = fork(entry, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' });
    createInterface({ input: this.process.stderr as Readable }).on('line', (line) => {
      // All of them have the same to say of an option.
      if (!CheckProcess.said.has(line)) complain(line);
      CheckProcess.said.add(line);
    });
  }

  /** Undefined when it failed. */
  async check(request: CheckRequest): Promise<Report | undefined> {
    const answer = await new Promise<unknown>((resolve) => {
      const gone = () => resolve(undefined);
      this.process.once('exit', gone).once('error', gone);
      this.process.once('message', (message) => {
        this.process.off('exit', gone).off('error', gone);
        resolve(message);
      });
      if (this.process.connected) this.process.send(request, (error) => error && gone());
      else gone();
    });
    return typeof answer === 'object' ? fromPlain(answer as PlainReport) : undefined;
  }

  end(): void {
    if (this.process.connected) this.process.disconnect();
  }
}
