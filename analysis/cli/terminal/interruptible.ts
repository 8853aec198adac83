/** Handles signals and closed pipes: a long job ends cleanly at Ctrl-C, and silently when the reader of its output is gone. */

/** Exit status of a process ended by SIGPIPE, as shells report it. */
const SIGPIPE_STATUS = 128 + 13;
const SIGINT_STATUS = 128 + 2;

const stops = new Set<() => void>();
let closed = false;

/**
 * Calls `stop` on Ctrl-C, SIGTERM or a closed output pipe, so that the job ends cleanly and keeps its results. Returns the function that
 * removes the handlers.
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

/** Resolves when the user ends the job. */
export const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    const end = whenInterrupted(() => {
      end();
      resolve();
    });
  });

/** Exit status for a command that was interrupted before its last step. */
export const interruptedStatus = (): number => (closed ? SIGPIPE_STATUS : SIGINT_STATUS);

/** Runs a job whose signal is aborted by Ctrl-C or after `seconds`; it then returns the results so far. */
export async function interruptible<Result>(
  job: (signal: AbortSignal) => Promise<Result>,
  seconds?: number,
): Promise<Result> {
  const stop = new AbortController();
  const end = whenInterrupted(() => stop.abort());
  // Not AbortSignal.timeout: Node may garbage-collect a signal that only AbortSignal.any refers to, and it never fires.
  const timer = seconds === undefined ? undefined : setTimeout(() => stop.abort(), seconds * 1000);
  try {
    return await job(stop.signal);
  } finally {
    clearTimeout(timer);
    end();
  }
}

/**
 * Handles a closed stdout, as by `rewind386 … | head`. A job that can end cleanly does; others end as by SIGPIPE, never with status 0.
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
