import { availableParallelism } from 'node:os';
import {
  type CheckAsked,
  type CheckRequest,
  checkAsked,
  fromPlain,
  type PlainReport,
} from './check-messages.ts';
import { AT_ONCE, joined, type Report } from './check-report.ts';
import { isBuilt, WorkerProcess } from './worker-process.ts';

/** Checks many traces on all processors, in several processes, and merges the reports. */

/** Starting a process takes as long as checking this many small traces. */
const WORTH_A_PROCESS = 4;

const entry = new URL('./check-worker.js', import.meta.url);

/** Runs every check over every trace. Throws what checkTraces throws. */
export async function checkMany(paths: readonly string[], asked: CheckAsked): Promise<Report> {
  const processes = Math.min(availableParallelism(), Math.floor(paths.length / WORTH_A_PROCESS));
  if (processes < 2 || !isBuilt(entry)) return await checkAsked({ paths, asked });
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

/** The reports for the requests, in order. After a failure no further request is started. */
async function allOn(processes: number, requests: readonly CheckRequest[]): Promise<Report[]> {
  const reports = new Array<Report>(requests.length);
  let next = 0;
  const work = async (): Promise<void> => {
    const process = new WorkerProcess(entry);
    try {
      for (let n = next++; n < requests.length; n = next++)
        // Requests that a process failed are run again here, to succeed or report the reason.
        reports[n] = (await checkIn(process, requests[n])) ?? (await checkAsked(requests[n]));
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

/** Undefined if it failed. */
async function checkIn(process: WorkerProcess, request: CheckRequest): Promise<Report | undefined> {
  let answer: unknown;
  await process.ask(request, (message) => {
    answer = message;
    return true;
  });
  return typeof answer === 'object' ? fromPlain(answer as PlainReport) : undefined;
}
