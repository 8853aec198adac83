/** Signals and closed pipes: a long job ends in order at Ctrl-C, and silently when nobody reads. */

/** Status of a process that SIGPIPE ended, as shells see it: nobody reads what it would say. */
const SIGPIPE_STATUS = 128 + 13;
const SIGINT_STATUS = 128 + 2;

const stops = new Set<() => void>();
let closed = false;

/**
 * Calls `stop` when the user ends the job by Ctrl-C or SIGTERM, or closes the pipe that it prints to: the job is to end in
 * order and keep what it has. Returns what ends the watch.
 */
export function whenInterrupted(stop: () => void): () => void {
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  stops.add(stop);
  if (closed) stop();
  return () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    stops.delete(stop);
  };
}

/** Returns when the user ends the job. */
export const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    const end = whenInterrupted(() => {
      end();
      resolve();
    });
  });

/** Status of a command that has more to do than the job that was interrupted. */
export const interruptedStatus = (): number => (closed ? SIGPIPE_STATUS : SIGINT_STATUS);

/** Runs a job that Ctrl-C ends in order, and so do `seconds`: its signal is aborted, and it returns what it has. */
export async function interruptible<Result>(
  job: (signal: AbortSignal) => Promise<Result>,
  seconds?: number,
): Promise<Result> {
  const stop = new AbortController();
  const end = whenInterrupted(() => stop.abort());
  // Not AbortSignal.timeout: Node may collect the signal of one that AbortSignal.any alone knows, and it never comes.
  const timer = seconds === undefined ? undefined : setTimeout(() => stop.abort(), seconds * 1000);
  try {
    return await job(stop.signal);
  } finally {
    clearTimeout(timer);
    end();
  }
}

/**
 * `rewind386 … | head` closes our stdout. A job that can end in order does; anything else ends as by SIGPIPE, never with
 * the status of a good answer.
 */
export function watchClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (closed) return;
      closed = true;
      if (stops.size === 0) process.exit(SIGPIPE_STATUS);
      for (const stop of stops) stop();
    });
  }
}
