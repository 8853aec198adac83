import { isBuilt } from '../../../host/built.ts';
import { WorkerProcess } from './worker-process.ts';

/** Distributes requests to worker processes. Each answer depends only on its request. */

export interface PoolOptions<Request extends object, Answer> {
  /** The compiled module that answers a request by message, or sends `failed`. */
  readonly entry: URL;
  /** Number of processes. */
  readonly jobs: number;
  /** Answers in this process: if there is only one, or after a process failed, to succeed or report the reason. */
  readonly here: (request: Request, signal: AbortSignal) => Promise<Answer>;
  /** Starts no more requests and ends running ones. */
  readonly signal: AbortSignal;
}

type OnAnswer<Request, Answer> = (request: Request, answer: Answer) => void;

export interface ProcessJob<Request extends object, Answer> extends PoolOptions<Request, Answer> {
  readonly requests: readonly Request[];
  readonly onAnswer: OnAnswer<Request, Answer>;
}

export async function onProcesses<Request extends object, Answer>(
  job: ProcessJob<Request, Answer>,
): Promise<void> {
  const pool = new ProcessPool<Request, Answer>(job);
  try {
    await pool.answer(job.requests, job.onAnswer);
  } finally {
    pool.end();
  }
}

/** Worker processes for several rounds of requests: they keep what they have opened and compiled. */
export class ProcessPool<Request extends object, Answer> {
  private readonly options: PoolOptions<Request, Answer>;
  /** Processes without a request. */
  private waiting: WorkerProcess[] = [];
  /** Aborted by the signal of the options, the first error, or `end`. */
  private readonly over = new AbortController();
  private readonly stop = () => this.over.abort();

  constructor(options: PoolOptions<Request, Answer>) {
    this.options = options;
    if (options.signal.aborted) this.stop();
    else options.signal.addEventListener('abort', this.stop);
  }

  /** Resolves when all are answered, or the signal has ended the work. After an error the pool answers no more. */
  async answer(requests: readonly Request[], onAnswer: OnAnswer<Request, Answer>): Promise<void> {
    const { entry, here } = this.options;
    const { signal } = this.over;
    let next = 0;
    const take = (): Request | undefined => (signal.aborted ? undefined : requests[next++]);
    const answerHere = async (request: Request) => {
      const answer = await here(request, signal);
      if (!signal.aborted) onAnswer(request, answer);
    };
    const inProcess = async () => {
      let process = this.waiting.pop() ?? new WorkerProcess(entry);
      const stop = () => process.end(true);
      signal.addEventListener('abort', stop);
      try {
        for (let request = take(); request; request = take()) {
          const answer = await ask<Answer>(process, request);
          if (signal.aborted) return;
          if (answer === undefined) {
            process.end(true);
            process = new WorkerProcess(entry);
            await answerHere(request);
          } else onAnswer(request, answer);
        }
      } catch (error) {
        // What the others have begun is of no use.
        this.stop();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        if (signal.aborted) process.end(true);
        else this.waiting.push(process);
      }
    };
    const jobs = Math.min(this.options.jobs, requests.length);
    if (jobs > 1 && isBuilt(entry)) await Promise.all(Array.from({ length: jobs }, inProcess));
    else for (let request = take(); request; request = take()) await answerHere(request);
  }

  /** Ends the processes: nothing is answered any more. */
  end(): void {
    this.options.signal.removeEventListener('abort', this.stop);
    this.stop();
    for (const process of this.waiting) process.end();
    this.waiting = [];
  }
}

/** Undefined if the process failed. */
async function ask<Answer>(process: WorkerProcess, request: object): Promise<Answer | undefined> {
  let answer: unknown;
  await process.ask(request, (message) => {
    answer = message;
    return true;
  });
  return typeof answer === 'object' ? (answer as Answer) : undefined;
}

/**
 * The worker's side: answers requests, and ends with its parent. `endsByItself`: at Ctrl-C, which reaches every process of the terminal, as its
 * parent does; otherwise the parent handles it.
 */
export function answerRequests<Request>(
  answer: (request: Request) => Promise<object>,
  { endsByItself = false } = {},
): void {
  process.on('message', async (request: Request) => {
    try {
      process.send?.(await answer(request));
    } catch {
      // The parent process determines the reason.
      process.send?.('failed');
    }
  });
  process.on('disconnect', () => process.exit());
  if (!endsByItself) process.on('SIGINT', () => {});
}
