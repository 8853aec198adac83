import { availableParallelism } from 'node:os';
import { isBuilt } from '../../../host/built.ts';
import {
  type CheckAsked,
  type CheckRequest,
  checkAsked,
  fromPlain,
  type PlainReport,
  toPlain,
} from './check-messages.ts';
import { AT_ONCE, joined, type Report } from './check-report.ts';
import { onProcesses } from './on-processes.ts';

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
  const each = { ...asked, limits: { ...asked.limits, memoryBytes }, isPart: true };
  const requests = groups.map((group) => ({ paths: group, asked: each }));
  const reports = new Map<CheckRequest, Report>();
  await onProcesses<CheckRequest, PlainReport>({
    ...{ entry, jobs: processes, requests },
    here: async (request) => toPlain(await checkAsked(request)),
    onAnswer: (request, report) => reports.set(request, fromPlain(report)),
    signal: new AbortController().signal,
  });
  return joined(requests.flatMap((request) => reports.get(request) ?? []));
}
